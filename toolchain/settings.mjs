// Keeps the stacks' settings files (`Pulumi.<stack>.yaml`) as they are in git.
//
// The CLI writes the salt of a stack's passphrase into them, and lays the whole file out anew. But
// the state holds the salt too, and that of a passphrase which only this clone knows would mean
// nothing in another. So each file is kept aside before the CLI runs and put back afterwards; if
// the CLI was killed, before it runs the next time.
import * as fs from "node:fs";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { localState, repository } from "./paths.mjs";

/** Where the files are kept aside. */
const aside = path.join(localState, "settings");

/** The CLI writes numbers and booleans back as text: for it, and here, they are the same. */
const asText = /** @type {const} */ ({ schema: "failsafe" });

/** Keeps the settings files aside, after putting right what a killed CLI left. */
export async function keepSettings() {
  await restoreSettings();
  for (const file of settingsFiles()) {
    const copy = copyOf(file);
    fs.mkdirSync(path.dirname(copy), { recursive: true });
    replaceFile(copy, fs.readFileSync(file, "utf8"));
  }
}

/**
 * Takes the salt out of the settings files again. A file whose settings are what they were becomes
 * what it was; one whose settings were changed, by `pulumi config set`, keeps them. A file with
 * encrypted settings keeps its salt, without which they could not be read.
 */
export async function restoreSettings() {
  const { parse } = await import("yaml");
  for (const file of settingsFiles()) {
    const text = fs.readFileSync(file, "utf8");
    const { encryptionsalt, ...settings } = parsed(text, parse) ?? {};
    if (encryptionsalt === undefined || /\bsecure: /.test(text)) continue;
    const copy = copyOf(file);
    const before = fs.existsSync(copy) ? fs.readFileSync(copy, "utf8") : "";
    const rest = text.replace(/^encryptionsalt: .*\n?/m, "");
    if (before && isDeepStrictEqual(parsed(before, parse), settings)) replaceFile(file, before);
    else if (rest.trim() === "") fs.rmSync(file);
    else replaceFile(file, rest);
  }
}

/**
 * @param {string} text
 * @param {typeof import("yaml").parse} parse
 * @returns {Record<string, unknown> | undefined} undefined for what is no YAML: the CLI did not write it
 */
function parsed(text, parse) {
  try {
    return parse(text, asText);
  } catch {
    return undefined;
  }
}

/** The settings files of this project's programs: its own and the examples'. */
function settingsFiles() {
  const examples = path.join(repository, "examples");
  const names = fs.existsSync(examples) ? fs.readdirSync(examples) : [];
  return [repository, ...names.map((name) => path.join(examples, name))]
    .filter((folder) => fs.existsSync(path.join(folder, "Pulumi.yaml")))
    .flatMap((folder) =>
      fs
        .readdirSync(folder)
        .filter((name) => /^Pulumi\..+\.yaml$/.test(name))
        .map((name) => path.join(folder, name)),
    );
}

/** @param {string} file a settings file */
function copyOf(file) {
  return path.join(aside, path.relative(repository, file));
}

/**
 * @param {string} file
 * @param {string} content
 */
function replaceFile(file, content) {
  const draft = `${file}.${process.pid}`;
  fs.writeFileSync(draft, content);
  fs.renameSync(draft, file);
}
