// Keeps a stack's rendered objects and its state in step when a run is killed.
//
// Where objects are only rendered, the engine saves the state once, at the end of a run: to write all of it after each
// step takes most of the time of a large stack. A run that is killed has then changed files that the state knows
// nothing of. So the files are kept aside before the run, and put back if the state is still the one of before.
import * as fs from "node:fs";
import * as path from "node:path";
import { hashFile } from "./cache.mjs";
import { localState } from "./paths.mjs";

/** The folders that the Kubernetes plugin renders to, below those that it is given: one, or one a part of a stack. */
const subfolders = ["", "cluster", "machines"].flatMap((part) =>
  ["0-crd", "1-manifest"].map((name) => path.join(part, name)),
);

/**
 * Runs work that may change a stack's rendered objects. Whatever ends it, the next run (or the end of this one) finds
 * the objects as the state has them.
 * @template T
 * @param {string} stack
 * @param {string} stateFile the stack's state in the file backend; need not exist
 * @param {string} folder where the stack renders to
 * @param {() => Promise<T>} work
 * @param {(line: string) => void} [say] is told of files that were made again
 * @returns {Promise<T>}
 */
export async function keepingRendered(stack, stateFile, folder, work, say = () => {}) {
  settleRendered(stack, stateFile);
  const again = restore(stack, stateFile, folder);
  if (again > 0) say(`Rendered again: ${again} files in ${folder} that were removed or changed`);
  keep(stateFile, folder, keptFolder(stack));
  try {
    return await work();
  } finally {
    settleRendered(stack, stateFile);
    keep(stateFile, folder, lastFolder(stack));
  }
}

/**
 * Makes files again that were removed or changed since the last run: to the engine they are as its state has them, and
 * it would not look.
 * @param {string} stack
 * @param {string} stateFile
 * @param {string} folder
 * @returns {number} how many
 */
function restore(stack, stateFile, folder) {
  const last = lastFolder(stack);
  const record = path.join(last, "run.json");
  if (!fs.existsSync(record)) return 0;
  const run = JSON.parse(fs.readFileSync(record, "utf8"));
  // Another run has changed the state or the folder since: the copies may be old.
  if (run.folder !== folder || run.state === null || run.state !== stateHash(stateFile)) return 0;
  const files = path.join(last, "files");
  const changed = renderedFiles(files).filter((file) => {
    const at = path.join(folder, file);
    return !fs.existsSync(at) || hashFile(at) !== hashFile(path.join(files, file));
  });
  for (const file of changed) copy(files, folder, file);
  return changed.length;
}

/**
 * Puts a stack's rendered objects back if the state was not saved since they were kept; then drops what was kept.
 * @param {string} stack
 * @param {string} stateFile
 * @returns {boolean} whether a run was cut short before
 */
export function settleRendered(stack, stateFile) {
  const kept = keptFolder(stack);
  if (!fs.existsSync(kept)) return false;
  const { state, folder } = JSON.parse(fs.readFileSync(path.join(kept, "run.json"), "utf8"));
  if (state === stateHash(stateFile)) putBack(path.join(kept, "files"), folder);
  drop(kept);
  return true;
}

/**
 * Removes a folder of copies at one moment: of what a killed removal left, half would be taken for all.
 * @param {string} kept
 */
function drop(kept) {
  const dropped = `${kept}.dropped`;
  fs.rmSync(dropped, { recursive: true, force: true });
  if (fs.existsSync(kept)) fs.renameSync(kept, dropped);
  fs.rmSync(dropped, { recursive: true, force: true });
}

/**
 * @param {string} stateFile
 * @param {string} folder
 * @param {string} kept where to keep them
 */
function keep(stateFile, folder, kept) {
  const draft = `${kept}.draft`;
  fs.rmSync(draft, { recursive: true, force: true });
  // Private keys are among them.
  fs.mkdirSync(draft, { recursive: true, mode: 0o700 });
  for (const file of renderedFiles(folder)) copy(folder, path.join(draft, "files"), file);
  const run = { state: stateHash(stateFile), folder };
  fs.writeFileSync(path.join(draft, "run.json"), JSON.stringify(run));
  drop(kept);
  fs.renameSync(draft, kept);
}

/**
 * @param {string} files
 * @param {string} folder
 */
function putBack(files, folder) {
  const before = renderedFiles(files);
  for (const file of renderedFiles(folder)) {
    if (!before.includes(file)) fs.rmSync(path.join(folder, file), { force: true });
  }
  for (const file of before) copy(files, folder, file);
}

/**
 * @param {string} from
 * @param {string} to
 * @param {string} file relative to both
 */
function copy(from, to, file) {
  const target = path.join(to, file);
  fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
  fs.copyFileSync(path.join(from, file), target);
}

/**
 * @param {string} folder where a stack renders to
 * @returns {string[]} the rendered files, by paths relative to it
 */
export function renderedFiles(folder) {
  return subfolders.flatMap((name) => {
    const at = path.join(folder, name);
    if (!fs.existsSync(at)) return [];
    return fs
      .readdirSync(at)
      .filter((file) => file.endsWith(".yaml"))
      .map((file) => path.join(name, file));
  });
}

/** @param {string} stateFile */
function stateHash(stateFile) {
  return fs.existsSync(stateFile) ? hashFile(stateFile) : null;
}

/** @param {string} stack */
function keptFolder(stack) {
  return path.join(localState, "rendered", stack);
}

/**
 * What the last run rendered.
 * @param {string} stack
 */
function lastFolder(stack) {
  return path.join(localState, "last-rendered", stack);
}
