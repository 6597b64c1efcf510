/**
 * Takes a lab away, whole or half-made: its processes, then what the kernel keeps for it, then its files.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { Failure } from "../../toolchain/fail.mjs";
import { labCgroup, removeCgroups } from "./cgroups.ts";
import { type Lab, processMark } from "./identity.ts";
import {
  isAlive,
  killAll,
  type ProcessIdentity,
  processesBeside,
  processesMarked,
} from "./processes.ts";
import { bootId, readState } from "./state.ts";

/** What was found and removed. */
export type Removed = {
  readonly processes: number;
  readonly mounts: number;
  readonly cgroups: number;
  /** False when there was no lab at all. */
  readonly found: boolean;
};

/**
 * Removes everything of a lab. Safe to repeat, and with nothing there.
 *
 * @throws {Failure} when a process does not end.
 */
export async function removeLab(lab: Lab): Promise<Removed> {
  const found = fs.existsSync(lab.folder);
  const processes = labProcesses(lab);
  const stubborn = await killAll(processes);
  if (stubborn.length > 0) {
    throw new Failure(
      `These processes of lab ${lab.id} do not end: ${stubborn.map(({ pid }) => pid).join(", ")}.`,
    );
  }
  const mounts = unmountBelow(lab.folder);
  const cgroups = await removeCgroups(labCgroup(lab));
  fs.rmSync(lab.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  return { processes: processes.length, mounts, cgroups, found };
}

/**
 * Every process of the lab: those in its pid namespace, those that carry its mark, and those its state names.
 * The mark finds what an interrupted start had no time to write down.
 */
export function labProcesses(lab: Lab): ProcessIdentity[] {
  const state = readState(lab);
  const recorded =
    state?.bootId === bootId()
      ? [...(state.init ? [state.init] : []), ...state.machines, ...state.processes].filter(isAlive)
      : [];
  const known = [...recorded, ...processesMarked(processMark(lab))];
  return unique([...known, ...known.flatMap(({ pid }) => processesBeside(pid))]);
}

function unique(processes: readonly ProcessIdentity[]): ProcessIdentity[] {
  return [...new Map(processes.map((one) => [one.pid, one])).values()];
}

/** Mounts of a lab live in its own namespaces and go with them; whatever a person mounted there goes here. */
function unmountBelow(folder: string): number {
  const below = mountPoints()
    .filter((point) => point === folder || point.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
  for (const point of below) execFileSync("umount", ["--lazy", point]);
  return below.length;
}

function mountPoints(): string[] {
  return fs
    .readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? []);
}
