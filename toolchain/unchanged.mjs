// Spares `npm start` an update that would change nothing, which takes as long as one that changes all.
//
// That a preview finds each resource the same is not enough: an update writes what resources depend on, what they are
// deleted with and the like, which a preview does not tell. So each run keeps a digest of all that its program has
// asked for. Where the program asks for the same again, the state is still the one of then, and the preview finds each
// resource the same, an update could write nothing else.
import * as fs from "node:fs";
import * as path from "node:path";
import { hashFile } from "./cache.mjs";
import { localState } from "./paths.mjs";
import { withTemporaryFolder } from "./temporary.mjs";

/**
 * Runs `pulumi up` on a stack of the clone's own backend where nobody is to confirm it; if the last run is known to have
 * made what the state holds, first its preview alone.
 * @param {string} file the stack's state in the file backend
 * @param {(operation: string, options: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>} pulumi runs the CLI
 * @param {() => Promise<number>} finish what is done instead of an update that would change nothing
 * @returns {Promise<number>} the CLI's exit code
 */
export function updateIfChanged(file, pulumi, finish) {
  return withTemporaryFolder(async (folder) => {
    const env = { KUBELET_TRUST_REQUESTS: folder };
    const last = readRecord(file);
    const events = path.join(folder, "events");
    if (last !== undefined) {
      // Without the variable the CLI has no such option; Pulumi's own automation sets it too.
      const debug = { ...env, PULUMI_DEBUG_COMMANDS: "true" };
      const code = await pulumi("preview", ["--event-log", events], debug);
      if (code !== 0) return code;
      if (read(path.join(folder, "preview")) === last.asked && isAllSame(events)) return finish();
    }
    const code = await pulumi("up", last === undefined ? [] : ["--skip-preview"], env);
    const asked = read(path.join(folder, "update"));
    if (code === 0 && asked !== undefined) writeRecord(file, asked);
    return code;
  });
}

/**
 * What the last run's program asked for.
 * @param {string} state
 * @returns {{ asked: string } | undefined} undefined if it is not known to have made this state
 */
function readRecord(state) {
  const text = read(recordFile(state));
  if (text === undefined || !fs.existsSync(state)) return undefined;
  try {
    const record = JSON.parse(text);
    return record.state === hashFile(state) ? record : undefined;
  } catch {
    // A crash has torn it: nothing is known, and the update is made.
    return undefined;
  }
}

/**
 * @param {string} state
 * @param {string} asked
 */
function writeRecord(state, asked) {
  const file = recordFile(state);
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  fs.writeFileSync(`${file}.draft`, JSON.stringify({ state: hashFile(state), asked }));
  fs.renameSync(`${file}.draft`, file);
}

/** @param {string} state */
function recordFile(state) {
  return path.join(localState, "asked", path.basename(state));
}

/**
 * @param {string} events the log of a preview, an event a line
 * @returns {boolean} whether it found every resource the same
 */
function isAllSame(events) {
  const lines = (read(events) ?? "").split("\n");
  const [summary = "{}"] = lines.filter((line) => line.includes('"summaryEvent"'));
  const { resourceChanges } = JSON.parse(summary).summaryEvent ?? {};
  return resourceChanges !== undefined && Object.keys(resourceChanges).join() === "same";
}

/**
 * @param {string} file
 * @returns {string | undefined} undefined if it is not there
 */
function read(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
}
