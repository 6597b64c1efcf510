// A refresh of rendered objects, refused before the engine begins.
import { Failure } from "./fail.mjs";
import { defaultStack } from "./stack.mjs";
import { readTarget } from "./target.mjs";

/** Options of the CLI itself that have no value after them. Source: `pulumi --help`, global flags. */
const withoutValue = new Set([
  ...["--disable-integrity-checking", "--emoji", "-e", "--fully-qualify-stack-names", "-Q"],
  ...["--help", "-h", "--logflow", "--logtostderr", "--non-interactive", "--version"],
]);

/** Letters of options that take a value. Source: `pulumi up|preview|destroy|refresh --help`. */
const lettersWithValue = "cmpstxCv";

/**
 * The Kubernetes plugin refreshes an object by asking its cluster, also one that was only rendered, and fails on each.
 * @param {readonly string[]} args of the CLI, with the command
 * @param {string} stack
 * @throws {Failure} in one line if the command would refresh rendered objects
 */
export async function refuseRefresh(args, stack) {
  if (!asksForRefresh(args)) return;
  const { folder, applied } = await readTarget(stack, args);
  if (folder === undefined) return;
  const start = stack === defaultStack ? "npm start" : `npm start -- --stack ${stack}`;
  if (applied) {
    throw new Failure(
      `Stack ${stack} renders its machines' files to ${folder}: a refresh would ask the cluster for them and fail. Run ` +
        `\`${start}\`, which makes files again that were removed or changed, and renews certificates, without a ` +
        "refresh. Set kubelet-trust:machineFiles to cluster only where whoever reads its Secrets may have every key.",
    );
  }
  throw new Failure(
    `Stack ${stack} renders its objects to ${folder}: there is no cluster to refresh them from. Run \`${start}\`: it ` +
      "makes files again that were removed or changed, and renews certificates, without a refresh.",
  );
}

/**
 * @param {readonly string[]} args of the CLI, with the command
 * @returns {boolean} whether it is `refresh`, or has -r or --refresh in one of their spellings
 */
export function asksForRefresh(args) {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  return commandIn(own) === "refresh" || (own.flatMap(refreshIn).at(-1) ?? false);
}

/**
 * The first word that the CLI takes for its command: before it, a word after an option is that option's value.
 * Source: github.com/spf13/cobra `command.go` (stripFlags).
 * @param {readonly string[]} args
 * @returns {string | undefined}
 */
function commandIn(args) {
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (!word.startsWith("-")) return word;
    const isWhole = word.startsWith("--") ? !word.includes("=") : word.length === 2;
    if (isWhole && !withoutValue.has(word)) at++;
  }
  return undefined;
}

/**
 * What one word says of a refresh. A letter may stand among others: `-yr`. A value needs `=`.
 * Source: github.com/spf13/pflag `flag.go` (parseSingleShortArg, NoOptDefVal), Go's strconv.ParseBool.
 * @param {string} word
 * @returns {boolean[]} empty if it says nothing
 */
function refreshIn(word) {
  const long = /^--refresh(?:=(.*))?$/.exec(word);
  const short = new RegExp(`^-(?!-)[^=r${lettersWithValue}]*r(?:=(.*))?`).exec(word);
  const found = long ?? short;
  return found === null ? [] : [/^(1|t|true)$/i.test(found[1] ?? "true")];
}
