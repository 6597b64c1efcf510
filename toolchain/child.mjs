import { spawn } from "node:child_process";
import * as os from "node:os";

/** Signals that end this process and are passed to a running child first. */
const passedOn = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * @typedef {object} Ended
 * @property {number} code exit code; 128 and the signal's number when a signal ended it
 * @property {string} output the last lines of both streams, when they were captured
 * @property {string} stdout all of stdout, when it was captured
 */

/**
 * Runs a program to its end. A signal to this process is passed to the program, and this process
 * waits for it to end: nothing is left running.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env] default: this process's
 * @param {(line: string) => void} [options.onLine] captures both streams and is called for each
 * line; without it the program shares this process's streams
 * @returns {Promise<Ended>} rejects only if the program cannot be started
 */
export function runChild(command, args, { cwd, env = process.env, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env,
      stdio: onLine ? ["ignore", "pipe", "pipe"] : "inherit",
    });
    /** @param {NodeJS.Signals} signal */
    const pass = (signal) => {
      // A terminal signals every process in front of it; a second SIGINT would cut the CLI's orderly end short.
      if (signal === "SIGINT" && !onLine && process.stdin.isTTY) return;
      child.kill(signal);
    };
    for (const signal of passedOn) process.on(signal, pass);
    const tail = onLine ? captureLines([child.stdout, child.stderr], onLine) : [];
    /** @type {string[]} */
    const stdout = [];
    if (onLine) child.stdout?.on("data", (/** @type {string} */ text) => stdout.push(text));
    const release = () => {
      for (const signal of passedOn) process.off(signal, pass);
    };
    child.on("error", (error) => {
      release();
      reject(error);
    });
    child.on("close", (code, signal) => {
      release();
      resolve({
        code: code ?? 128 + signalNumber(signal),
        output: tail.join("\n"),
        stdout: stdout.join(""),
      });
    });
  });
}

/**
 * @param {readonly (import("node:stream").Readable | null)[]} streams
 * @param {(line: string) => void} onLine
 * @returns {string[]} grows to hold the last 40 lines
 */
function captureLines(streams, onLine) {
  /** @type {string[]} */
  const tail = [];
  for (const stream of streams) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) take(line);
    });
    stream?.on("end", () => rest && take(rest));
  }
  /** @param {string} line */
  const take = (line) => {
    tail.push(line);
    if (tail.length > 40) tail.shift();
    onLine(line);
  };
  return tail;
}

/** @param {NodeJS.Signals | null} signal */
function signalNumber(signal) {
  return signal ? (os.constants.signals[signal] ?? 0) : 0;
}
