// The cache of everything that is built or downloaded once: folders under
// ${XDG_CACHE_HOME:-~/.cache}/kubelet-trust, each named by what went into it. A folder is either
// complete or absent: it is made elsewhere and renamed into place.
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Failure } from "./fail.mjs";
import { withLock } from "./lock.mjs";

/**
 * The folder of the project's cache. It is the same for every clone of the project.
 * @param {NodeJS.ProcessEnv} [env] default: this process's
 * @returns {string} an absolute path; the folder need not exist
 */
export function cacheRoot(env = process.env) {
  const base = env.XDG_CACHE_HOME;
  // The XDG specification has relative paths ignored.
  return path.join(
    base && path.isAbsolute(base) ? base : path.join(os.homedir(), ".cache"),
    "kubelet-trust",
  );
}

/**
 * A short name for what goes into a cached folder.
 * @param {unknown} ingredients anything JSON can hold; equal ingredients give equal keys
 * @returns {string} 16 hexadecimal digits
 */
export function contentKey(ingredients) {
  return createHash("sha256").update(JSON.stringify(ingredients)).digest("hex").slice(0, 16);
}

/**
 * The content of a folder's files, for use in contentKey.
 * @param {string} folder
 * @returns {Record<string, string>} SHA-256 in hexadecimal by path relative to the folder, sorted
 */
export function hashFolder(folder) {
  /** @type {Record<string, string>} */
  const hashes = {};
  /** @param {string} at */
  const walk = (at) => {
    const entries = fs.readdirSync(at, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(at, entry.name);
      if (entry.isDirectory()) walk(file);
      else hashes[path.relative(folder, file)] = hashFile(file);
    }
  };
  walk(folder);
  return hashes;
}

/**
 * @param {string} file
 * @returns {string} SHA-256 in hexadecimal
 */
export function hashFile(file) {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}

/**
 * The cached folder of this name and key, made now if it is not there. Of several processes that
 * ask at once, one makes it and the others wait. A process that dies while making it leaves
 * nothing that the next would take for the result.
 * @param {object} request
 * @param {string} request.name what the folder holds, e.g. "pulumi"; part of the folder's name
 * @param {string} request.key from contentKey
 * @param {(folder: string) => Promise<void>} request.make fills the empty folder it is given; a
 * rejection leaves nothing behind and is passed on
 * @param {(holder: { pid: number }) => void} [request.onWait] called once if another process is at it
 * @param {string} [request.root] default: cacheRoot()
 * @returns {Promise<string>} the path of the complete folder; treat it as read-only
 */
export async function ensureCached({ name, key, make, onWait, root = cacheRoot() }) {
  const entry = `${name}-${key}`;
  const folder = path.join(root, entry);
  // Its programs are run, so nobody else may have had a hand in them.
  for (const at of [root, folder]) requireOwn(at);
  if (fs.existsSync(folder)) return folder;
  // Whatever the umask, the folder is taken again; the lab's programs run as other users.
  if (fs.mkdirSync(root, { recursive: true }) !== undefined) fs.chmodSync(root, 0o755);
  return withLock(
    path.join(root, ".locks", entry),
    async () => {
      requireOwn(folder);
      if (fs.existsSync(folder)) return folder;
      const partials = path.join(root, ".partial", entry);
      fs.rmSync(partials, { recursive: true, force: true });
      const partial = path.join(partials, randomBytes(6).toString("hex"));
      fs.mkdirSync(partial, { recursive: true });
      fs.chmodSync(partial, 0o755);
      try {
        await make(partial);
        fs.renameSync(partial, folder);
      } finally {
        fs.rmSync(partials, { recursive: true, force: true });
      }
      return folder;
    },
    onWait,
  );
}

/**
 * @param {string} folder
 * @throws {Failure} if it is there and another user owns it or may write to it
 */
export function requireOwn(folder) {
  const stat = fs.statSync(folder, { throwIfNoEntry: false });
  const user = process.getuid?.();
  if (!stat || user === undefined) return;
  const trouble =
    stat.uid !== user
      ? `belongs to user ${stat.uid}, not to you (${user})`
      : (stat.mode & 0o022) !== 0
        ? "may be written by others"
        : undefined;
  if (trouble === undefined) return;
  throw new Failure(
    `${folder} ${trouble}, and programs in it are run. Delete it (it is made again), or set XDG_CACHE_HOME to a folder ` +
      "of your own.",
  );
}
