// What the command lines of the npm scripts say, as far as these must know before a program is run on them.
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { Failure } from "./fail.mjs";

/**
 * @param {readonly string[]} args
 * @returns {boolean} whether help is asked for
 */
export function wantsHelp(args) {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  return own.some((arg) => arg === "--help" || arg === "-h");
}

/**
 * @param {readonly string[]} args of the Pulumi CLI
 * @returns {string | undefined} the value of --stack or -s, the last one as for the CLI
 */
export function namedStack(args) {
  return optionValues(args, "--stack", "-s").at(-1);
}

/**
 * @param {readonly string[]} args of the Pulumi CLI
 * @returns {string | undefined} the value of --cwd or -C, the last one as for the CLI
 */
export function namedFolder(args) {
  return optionValues(args, "--cwd", "-C").at(-1);
}

/**
 * The values of an option in each of its spellings: `--name value`, `--name=value`, `-n value`, `-n=value`, `-nvalue`.
 * @param {readonly string[]} args
 * @param {string} long e.g. "--stack"
 * @param {string} short e.g. "-s"
 * @returns {string[]}
 */
export function optionValues(args, long, short) {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  return own.flatMap((arg, at) => {
    if (arg === long || arg === short) return own[at + 1] ?? [];
    if (arg.startsWith(`${long}=`)) return arg.slice(long.length + 1);
    if (arg.startsWith(short) && !arg.startsWith("--")) {
      return arg.slice(short.length).replace(/^=/, "");
    }
    return [];
  });
}

/**
 * @param {string} folder as the user named it, relative to the clone as the CLI runs there
 * @param {string} repository
 * @returns {boolean} whether it lies in the clone, whichever way it is named
 */
export function isInside(folder, repository) {
  const at = path.resolve(repository, folder);
  const real = fs.existsSync(at) ? fs.realpathSync(at) : at;
  const root = fs.realpathSync(repository);
  return real === root || real.startsWith(root + path.sep);
}

/**
 * Refuses options that a command does not have.
 * @param {string} command as the user typed it, e.g. "npm run build"
 * @param {readonly string[]} args
 * @param {import("node:util").ParseArgsConfig["options"]} options what it has; none means neither options nor words
 * @throws {Failure} in one line
 */
export function refuseUnknown(command, args, options = {}) {
  try {
    parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals: Object.keys(options).length > 0,
    });
  } catch (error) {
    const [reason] = /** @type {Error} */ (error).message.split(/\. To specify|\n/);
    throw new Failure(`${command}: ${reason}. \`${command} -- --help\` says what there is.`);
  }
}
