// The stack's state: a file backend inside the clone with a passphrase that the clone keeps, unless
// the user has named others.
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { Failure } from "./fail.mjs";
import { localState } from "./paths.mjs";
import { isRunning } from "./process.mjs";

/**
 * @typedef {object} Backend
 * @property {Record<string, string>} env what tells the CLI about it
 * @property {string | undefined} folder the clone's own backend; undefined if the user named one
 * @property {boolean} ownPassphrase whether the passphrase is the one that the clone keeps
 */

/**
 * The backend for a clone, made if it is not there: the user's PULUMI_BACKEND_URL, else the folder
 * `state`; the user's PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, else, for the
 * clone's own backend alone, the file `passphrase`, random and readable by its owner only.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} [folder] the clone's folder for both, default `.pulumi`
 * @returns {Backend}
 * @throws {Failure} if the clone has state but has lost its passphrase
 */
export function prepareBackend(env, folder = localState) {
  if (env.PULUMI_BACKEND_URL) return { env: {}, folder: undefined, ownPassphrase: false };
  const state = path.join(folder, "state");
  const backend = { PULUMI_BACKEND_URL: pathToFileURL(state).href };
  const given =
    env.PULUMI_CONFIG_PASSPHRASE !== undefined || Boolean(env.PULUMI_CONFIG_PASSPHRASE_FILE);
  if (given) {
    fs.mkdirSync(state, { recursive: true, mode: 0o700 });
    return { env: backend, folder: state, ownPassphrase: false };
  }
  const passphrase = path.join(folder, "passphrase");
  if (!fs.existsSync(passphrase)) {
    if (fs.existsSync(path.join(state, ".pulumi", "stacks"))) {
      throw new Failure(
        `${passphrase} is missing, but ${state} holds stacks that were encrypted with it. Put the ` +
          "file back, or set PULUMI_CONFIG_PASSPHRASE to the passphrase; or, if the stacks are " +
          `not needed any more, delete ${state}.`,
      );
    }
    makePassphrase(passphrase);
  }
  fs.mkdirSync(state, { recursive: true, mode: 0o700 });
  return {
    env: {
      ...backend,
      PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
      // The state knows the passphrase's salt: the stack's settings file need not.
      PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    },
    folder: state,
    ownPassphrase: true,
  };
}

/**
 * Written whole elsewhere and then linked, so that of two processes at once one wins.
 * @param {string} file
 */
function makePassphrase(file) {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  fs.writeFileSync(draft, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  try {
    fs.linkSync(draft, file);
  } catch (error) {
    if (!fs.existsSync(file)) throw error;
  } finally {
    fs.rmSync(draft);
  }
}

/**
 * A lock that the CLI put on a stack.
 * @typedef {object} StackLock
 * @property {string} file
 * @property {number} pid
 * @property {boolean} alive whether the process that took it still runs; true if it ran on another
 * machine, where it cannot be seen
 */

/**
 * The CLI's locks in a file backend. The CLI itself removes only its own: a lock of a process that
 * was killed stays, and stops every later one.
 * @param {string} folder
 * @returns {StackLock[]}
 */
export function stackLocks(folder) {
  const locks = path.join(folder, ".pulumi", "locks");
  if (!fs.existsSync(locks)) return [];
  return listFiles(locks)
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => {
      try {
        const { pid, hostname } = JSON.parse(fs.readFileSync(file, "utf8"));
        const here = hostname === os.hostname();
        return [{ file, pid, alive: !here || isRunning(pid, "pulumi") }];
      } catch (error) {
        // Gone meanwhile, or cut short by the death of its writer.
        return error instanceof SyntaxError ? [{ file, pid: 0, alive: false }] : [];
      }
    });
}

/**
 * Removes what a CLI that was killed left half-written. Its storage library writes each file elsewhere and renames it
 * into place, but not the small file beside it that says of what type it is (`<file>.attrs`): when that one is empty,
 * the CLI cannot read the file any more (`failed to load checkpoint: EOF`). Without one it can, and so can one that is
 * at work meanwhile.
 * Source: gocloud.dev `blob/fileblob/attrs.go` (setAttrs, getAttrs).
 * @param {string} folder
 */
export function removeTornAttributes(folder) {
  const pulumi = path.join(folder, ".pulumi");
  if (!fs.existsSync(pulumi)) return;
  for (const file of listFiles(pulumi).filter((name) => name.endsWith(".attrs"))) {
    try {
      JSON.parse(fs.readFileSync(file, "utf8"));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      fs.rmSync(file, { force: true });
    }
  }
}

/**
 * @param {string} folder
 * @returns {string[]} paths of all files below it
 */
function listFiles(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const at = path.join(folder, entry.name);
    return entry.isDirectory() ? listFiles(at) : [at];
  });
}
