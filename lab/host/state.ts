/**
 * What a lab has running, written down so that a later command finds it, whatever became of the one that
 * started it.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Programs } from "../../toolchain/kubernetes/programs.ts";
import type { Lab } from "./identity.ts";
import type { ProcessIdentity } from "./processes.ts";

/** One program of one machine. */
export type ProgramState = ProcessIdentity & {
  readonly machine: string;
  readonly program: string;
};

/** A machine: a process that holds its mount, network and UTS namespaces open. */
export type MachineState = ProcessIdentity & {
  readonly name: string;
  readonly addresses: readonly string[];
};

/**
 * How the machines come by their files: the lab writes them, or cloud-init does from user data. The words are those
 * of `npm run lab -- up --carrier`.
 */
export const carriers = ["files", "cloud-init"] as const;

export type Carrier = (typeof carriers)[number];

export type LabState = {
  readonly id: string;
  readonly stack: string;
  /** Folder that the machines were laid out from. */
  readonly rendered: string;
  readonly carrier: Carrier;
  /** Changes with every boot: process ids of an earlier one mean nothing. */
  readonly bootId: string;
  /** Kubernetes version, without the `v`. */
  readonly kubernetesVersion: string;
  readonly programs: Programs;
  /** First process of the lab's pid namespace: when it goes, all go. */
  readonly init?: ProcessIdentity;
  readonly machines: readonly MachineState[];
  readonly processes: readonly ProgramState[];
  /** When everything was up, as an ISO time; absent while starting or after an interruption. */
  readonly readyAt?: string;
};

/** What the running kernel calls this boot. */
export function bootId(): string {
  return fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** The lab's state; undefined when there is none or it is not whole. */
export function readState(lab: Lab): LabState | undefined {
  try {
    return JSON.parse(fs.readFileSync(stateFile(lab), "utf8")) as LabState;
  } catch {
    return undefined;
  }
}

/** Replaces the lab's state as one step: a reader sees the old one or the new one. */
export function writeState(lab: Lab, state: LabState): void {
  const file = stateFile(lab);
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  fs.writeFileSync(`${file}.new`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}

/** Changes the lab's state. */
export function updateState(lab: Lab, change: (state: LabState) => LabState): void {
  const state = readState(lab);
  if (state === undefined) throw new Error(`${stateFile(lab)} is gone while the lab runs`);
  writeState(lab, change(state));
}

function stateFile(lab: Lab): string {
  return path.join(lab.folder, "state.json");
}
