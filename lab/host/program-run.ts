/**
 * Runs a program on a machine, with its output in a file of its own.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Failure } from "../../toolchain/fail.mjs";
import type { Programs } from "../../toolchain/kubernetes/programs.ts";
import { logFile } from "./identity.ts";
import { labFolderOnMachine, type RunningMachine } from "./machine.ts";
import { waitFor } from "./patience.ts";
import { firstChild, identify, type ProcessIdentity } from "./processes.ts";
import { updateState } from "./state.ts";

/** A program that was started. */
export type RunningProgram = ProcessIdentity & {
  readonly machine: RunningMachine;
  readonly name: string;
  /** File that holds what it prints. */
  readonly log: string;
  /** Resolves when it ends, with its exit code or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
};

export type ProgramPlan = {
  /** What to call it in the table, the state and the log's name. */
  readonly name: string;
  /** File on the machine. */
  readonly file: string;
  readonly args: readonly string[];
  /** Default: root. */
  readonly uid?: number;
};

/** Where a machine has a program of the lab's. */
export function programOnMachine(name: keyof Programs): string {
  return `${labFolderOnMachine}/bin/${name}`;
}

/**
 * Starts a program on a machine. It goes on when this process ends.
 *
 * @throws {Failure} when it ends before it could be seen.
 */
export async function startProgram(
  machine: RunningMachine,
  { name, file, args, uid }: ProgramPlan,
): Promise<RunningProgram> {
  const log = logFile(machine.lab, machine.name, name);
  fs.mkdirSync(path.dirname(log), { recursive: true });
  const output = fs.openSync(log, "a", 0o600);
  const as =
    uid === undefined ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const child = spawn(
    "nsenter",
    ["-t", String(machine.pid), "-p", "-m", "-n", "-u", "--", ...as, file, ...args],
    {
      detached: true,
      stdio: ["ignore", output, output],
      cwd: "/",
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root" },
    },
  );
  fs.closeSync(output);
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? signal ?? 1));
  });
  child.unref();
  const pid = await firstChild(child.pid ?? 0);
  const identity = pid === undefined ? undefined : identify(pid);
  const program = { machine, name, log, ended };
  if (identity === undefined) {
    await ended;
    throw new Failure(`${name} on ${machine.name} ended at once: ${lastWords(log)}`);
  }
  updateState(machine.lab, (state) => ({
    ...state,
    processes: [...state.processes, { ...identity, machine: machine.name, program: name }],
  }));
  return { ...identity, ...program };
}

/**
 * Waits for the end of a program that does its work and ends. That it runs does not keep this process alive by itself.
 *
 * @throws {Failure} when it goes on for longer than `seconds`.
 */
export async function untilEnded(
  { name, ended }: RunningProgram,
  seconds = 120,
): Promise<number | NodeJS.Signals> {
  let end: number | NodeJS.Signals | undefined;
  ended.then((code) => {
    end = code;
  });
  return waitFor(`${name} to end`, () => end, { seconds });
}

/** Why a program ended, in plain words. */
export function lastWords(log: string): string {
  return readable(tellingLine(log));
}

/** The last line of a log that says why the program ended; its very last line when none does. */
export function tellingLine(log: string): string {
  const text = readTail(log);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.filter((line) =>
    /command failed|^Error: |panic: |"level":"(fatal|panic)"|level=fatal|^containerd: /.test(line),
  );
  const found = telling.at(-1) ?? lines.at(-1) ?? "(it printed nothing)";
  return found.endsWith("=<") ? wholeMessage(text, found) : found;
}

/** klog ends a message of several lines with ` >` on a line of its own. */
function wholeMessage(text: string, head: string): string {
  const rest = text.slice(text.lastIndexOf(head));
  const end = rest.indexOf("\n >");
  return end < 0 ? head : rest.slice(0, end + 3);
}

/** The message inside a line of klog, zap or logrus. */
function readable(line: string): string {
  const klog = /err="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  if (klog !== undefined) return klog.replaceAll('\\"', '"').replaceAll("\\\\", "\\");
  const zap = /"msg":"([^"]*)".*?"error":"((?:[^"\\]|\\.)*)"/.exec(line);
  if (zap) return `${zap[1]}: ${zap[2]}`;
  return line.trim();
}

function readTail(file: string): string {
  const most = 256 * 1024;
  try {
    const size = fs.statSync(file).size;
    const handle = fs.openSync(file, "r");
    const buffer = Buffer.alloc(Math.min(size, most));
    fs.readSync(handle, buffer, 0, buffer.length, Math.max(0, size - most));
    fs.closeSync(handle);
    return buffer.toString("utf8");
  } catch {
    return "";
  }
}
