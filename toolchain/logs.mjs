// The engine writes a log for each run, and never removes one.
import * as fs from "node:fs";
import * as path from "node:path";

/** How many logs are kept; a run's is about a megabyte. */
const kept = 50;

/**
 * Removes the oldest of the engine's logs, in a PULUMI_HOME of this project's own.
 * @param {string} home
 * @param {number} [most] how many are kept, default 50
 */
export function pruneLogs(home, most = kept) {
  const folder = path.join(home, "logs");
  if (!fs.existsSync(folder)) return;
  const logs = fs.readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    // Another run may be pruning too.
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    return stat?.isFile() ? [{ file, at: stat.mtimeMs }] : [];
  });
  const old = logs.sort((one, other) => other.at - one.at).slice(most);
  for (const { file } of old) fs.rmSync(file, { force: true });
}
