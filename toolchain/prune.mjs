// What grows with each run, and is never removed by what writes it.
import * as fs from "node:fs";
import * as path from "node:path";

/** A clone's programs and packs load some 1,500 modules; 20,000 take about 120 MB of disk. */
const mostCompiled = 20_000;

/**
 * Removes half of Node's compile cache, what was not used for longest, once it holds too many modules: each new folder's
 * modules are new to Node, and it removes none.
 * @param {string} folder what NODE_COMPILE_CACHE names; Node has a folder in it for each of its versions
 * @param {number} [most] modules of one version, default 20,000
 */
export function pruneCompiled(folder, most = mostCompiled) {
  if (!fs.existsSync(folder)) return;
  for (const version of fs.readdirSync(folder, { withFileTypes: true })) {
    if (!version.isDirectory()) continue;
    const modules = path.join(folder, version.name);
    // To look at each takes a moment that a run need not wait for.
    if (fs.readdirSync(modules).length <= most) continue;
    for (const { file } of newestFirst(modules).slice(most / 2)) fs.rmSync(file, { force: true });
  }
}

/**
 * @param {string} folder need not exist
 * @returns {{ file: string, at: number, bytes: number }[]} its files, the last written or read first
 */
function newestFirst(folder) {
  if (!fs.existsSync(folder)) return [];
  const files = fs.readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    // Another run may be pruning too.
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (!stat?.isFile()) return [];
    return [{ file, at: Math.max(stat.mtimeMs, stat.atimeMs), bytes: stat.size }];
  });
  return files.sort((one, other) => other.at - one.at);
}
