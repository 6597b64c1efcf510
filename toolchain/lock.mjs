// A lock between processes that outlives none of them: it is free again as soon as its holder is
// gone, however it went.
//
// The lock is a folder of numbered files, one a holder, and the highest number holds. Nobody
// removes the highest, so a holder is never robbed: who finds it free creates the next number
// (which only one can), then looks again and gives up if a higher one has come meanwhile.
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isCode } from "./fail.mjs";
import { processStart } from "./process.mjs";

/** Milliseconds between two looks at a lock that another process holds. */
const pollInterval = 200;

/** Seconds between two signs of life of a holder, and how old the last may be. Only holders on
 * another machine or in another container, whose process cannot be seen, are judged by it. */
const heartbeat = { every: 5, stale: 30 };

/**
 * @typedef {object} Holder
 * @property {string} realm where the process id means something: host, boot and pid namespace
 * @property {number} pid
 * @property {string} start when the process started, so that a reused id is not taken for it
 */

/**
 * Runs work while holding the lock, and waits for it first if a living process has it.
 * @template T
 * @param {string} folder the lock; created if missing
 * @param {() => Promise<T>} work
 * @param {(holder: Holder) => void} [onWait] called once when there is somebody to wait for
 * @returns {Promise<T>} what work returns
 */
export async function withLock(folder, work, onWait) {
  const file = await acquire(folder, onWait);
  const alive = setInterval(() => {
    const now = new Date();
    fs.utimes(file, now, now, () => {});
  }, heartbeat.every * 1000);
  try {
    return await work();
  } finally {
    clearInterval(alive);
    fs.writeFileSync(file, "");
  }
}

/**
 * @param {string} folder
 * @param {((holder: Holder) => void) | undefined} onWait
 * @returns {Promise<string>} the file whose emptying releases the lock
 */
async function acquire(folder, onWait) {
  fs.mkdirSync(folder, { recursive: true });
  const claim = path.join(folder, `claim-${process.pid}-${randomBytes(6).toString("hex")}`);
  fs.writeFileSync(claim, JSON.stringify(self()));
  let waited = false;
  try {
    for (;;) {
      const top = highest(folder);
      const holder = top === 0 ? undefined : livingHolder(path.join(folder, String(top)));
      if (holder) {
        if (!waited) onWait?.(holder);
        waited = true;
        await sleep(pollInterval);
        continue;
      }
      const mine = path.join(folder, String(top + 1));
      if (!linkNew(claim, mine)) continue;
      if (highest(folder) > top + 1) {
        fs.rmSync(mine, { force: true });
        continue;
      }
      removeOlder(folder, top + 1);
      return mine;
    }
  } finally {
    fs.rmSync(claim, { force: true });
  }
}

/**
 * @param {string} claim
 * @param {string} file
 * @returns {boolean} false when another process was faster
 */
function linkNew(claim, file) {
  try {
    fs.linkSync(claim, file);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** @param {string} folder */
function highest(folder) {
  return Math.max(
    0,
    ...fs
      .readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  );
}

/**
 * Drops the numbers below the holder's, and claims that dead processes left.
 * @param {string} folder
 * @param {number} held
 */
function removeOlder(folder, held) {
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    const gone = /^\d+$/.test(name) ? Number(name) < held : isAbandonedClaim(file);
    if (gone) fs.rmSync(file, { force: true });
  }
}

/**
 * A fresh claim may be half-written, which looks like a dead process's: only old ones count.
 * @param {string} file
 */
function isAbandonedClaim(file) {
  const age = Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return age > heartbeat.stale * 1000 && !livingHolder(file);
}

/**
 * @param {string} file
 * @returns {Holder | undefined} the process that holds the file, if it lives
 */
function livingHolder(file) {
  try {
    const text = fs.readFileSync(file, "utf8");
    if (text === "") return undefined;
    const holder = /** @type {Holder} */ (JSON.parse(text));
    if (holder.realm === realm()) {
      return processStart(holder.pid) === holder.start ? holder : undefined;
    }
    const silent = Date.now() - fs.statSync(file).mtimeMs;
    return silent < heartbeat.stale * 1000 ? holder : undefined;
  } catch (error) {
    if (isCode(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** @returns {Holder} */
function self() {
  return { realm: realm(), pid: process.pid, start: processStart(process.pid) ?? "" };
}

/** The part of the world in which process ids are unique and visible to this process. */
function realm() {
  /** @param {() => string} read */
  const orNone = (read) => {
    try {
      return read().trim();
    } catch {
      return "-";
    }
  };
  const boot = orNone(() => fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const namespace = orNone(() => fs.readlinkSync("/proc/self/ns/pid"));
  return `${os.hostname()} ${boot} ${namespace}`;
}
