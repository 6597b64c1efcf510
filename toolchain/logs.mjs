// The engine writes a log for each run, and never removes one.
import * as fs from "node:fs";
import * as path from "node:path";

/** What is kept of them: so many logs, and of those the newest that come to so many bytes together. */
const kept = { logs: 50, bytes: 50_000_000 };

/**
 * Removes the oldest of the engine's logs, in a PULUMI_HOME of this project's own.
 * @param {string} home
 * @param {typeof kept} [most] how much is kept, default 50 logs and 50 MB
 */
export function pruneLogs(home, most = kept) {
  const folder = path.join(home, "logs");
  if (!fs.existsSync(folder)) return;
  const logs = fs.readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    // Another run may be pruning too.
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    return stat?.isFile() ? [{ file, at: stat.mtimeMs, bytes: stat.size }] : [];
  });
  let bytes = 0;
  for (const [index, log] of logs.sort((one, other) => other.at - one.at).entries()) {
    bytes += log.bytes;
    // The newest is the log of a run that may not be at its end.
    if (index > 0 && (index >= most.logs || bytes > most.bytes))
      fs.rmSync(log.file, { force: true });
  }
}
