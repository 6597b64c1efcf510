// What a stack's state says before the CLI looks at it: what may have happened to it between two runs, and the way back;
// and what it protects. The state holds every key: nothing of it is ever shown.
import * as fs from "node:fs";
import { Failure } from "./fail.mjs";

/**
 * Refuses a state that cannot be read, before the CLI quotes it.
 * @param {string} file the state in the file backend; need not exist
 * @throws {Failure} in one line, with the way back
 */
export function checkState(file) {
  const trouble = troubleWith(file);
  if (trouble === undefined) return;
  const backup = wholeBackup(file);
  const back =
    backup !== undefined
      ? `The state before the last change is whole: mv ${backup} ${file}, then run \`npm start\`.`
      : `Put a copy of it back; or, to begin afresh with new CAs, remove it and what was rendered.`;
  throw new Failure(`${file} ${trouble}. ${back}`);
}

/**
 * @param {string} file
 * @returns {string | undefined} what is wrong with it; undefined for a state, or no file
 */
function troubleWith(file) {
  if (!fs.existsSync(file)) return undefined;
  const text = fs.readFileSync(file, "utf8");
  if (text.trim() === "") return "is empty";
  try {
    const { checkpoint } = JSON.parse(text) ?? {};
    const isState = typeof checkpoint === "object" && checkpoint !== null;
    return isState ? undefined : "is no state of a stack";
  } catch {
    return "is torn or garbled: it is no JSON";
  }
}

/**
 * @param {string} file a state
 * @returns {string | undefined} what the backend kept of the state before the last change, if it is whole
 */
function wholeBackup(file) {
  const backup = `${file}.bak`;
  return fs.existsSync(backup) && troubleWith(backup) === undefined ? backup : undefined;
}

/**
 * Whether the engine may refuse to delete a resource.
 * @param {string} file a state
 * @returns {boolean} true also where a property of a resource has that name and value
 */
export function mayProtect(file) {
  return /"protect":\s*true/.test(fs.readFileSync(file, "utf8"));
}

/**
 * Asks, or refuses where nobody can be asked, before a new stack writes over what another state has rendered: it would
 * make new CAs, and machines that have the files of the old ones would trust nothing that it issues.
 * @param {object} about
 * @param {string} about.stack
 * @param {string} about.file the stack's state
 * @param {string} about.folder where it renders to
 * @param {number} about.files how many files are rendered there
 * @param {((question: string) => Promise<boolean>) | undefined} ask undefined where nobody can be asked
 * @throws {Failure} unless there is a state, or nothing is rendered, or the user says yes
 */
export async function checkLostState({ stack, file, folder, files }, ask) {
  if (files === 0 || fs.existsSync(file)) return;
  const found = `Stack ${stack} has no state (${file}), but ${folder} holds ${files} rendered files`;
  if (await ask?.(`${found}. Make new CAs, and write over them?`)) return;
  const backup = wholeBackup(file);
  const back = `Put the state back${backup === undefined ? "" : ` (mv ${backup} ${file})`}`;
  throw new Failure(
    `${found}: new CAs would be made and those files written over. ${back}; or, to begin afresh, move ${folder} away; or, for another stack, set kubelet-trust:renderTo to a folder of its own.`,
  );
}
