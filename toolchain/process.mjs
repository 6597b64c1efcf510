// What can be known of another process on this machine.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { isCode } from "./fail.mjs";

/**
 * When a process started, in whatever unit the system tells; undefined if there is no such process.
 * @param {number} pid
 * @returns {string | undefined}
 */
export function processStart(pid) {
  if (process.platform !== "linux") return ps(pid, "lstart=");
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces. After it: state (a zombie is dead), and as the
    // 20th the start time in ticks since boot.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ESRCH")) return undefined;
    throw error;
  }
}

/**
 * Whether a process runs and is the program it is taken for, not another that got its id.
 * @param {number} pid
 * @param {string} program part of its command line
 * @returns {boolean}
 */
export function isRunning(pid, program) {
  return processStart(pid) !== undefined && Boolean(commandLine(pid)?.includes(program));
}

/**
 * @param {number} pid
 * @returns {string | undefined} undefined if there is no such process
 */
function commandLine(pid) {
  if (process.platform !== "linux") return ps(pid, "command=");
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return undefined;
  }
}

/**
 * @param {number} pid
 * @param {string} field as `ps -o` names it
 * @returns {string | undefined} undefined if there is no such process
 */
function ps(pid, field) {
  try {
    return execFileSync("ps", ["-o", field, "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}
