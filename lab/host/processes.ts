/**
 * Processes as /proc tells of them. A process is named by its id and its start time, since ids are reused.
 */
import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export type ProcessIdentity = {
  readonly pid: number;
  /** In clock ticks since boot (`proc(5)`, stat field 22). */
  readonly startTime: string;
};

/**
 * The identity of a process that runs now; undefined if there is none. A zombie counts as none once its last thread is
 * gone: a killed program's first thread may end before others, which hold its sockets.
 */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readProc(pid, "stat");
  if (stat === undefined) return undefined;
  // The name in parentheses may hold spaces; the fields after it are counted from the state, field 3.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, threads, startTime] = [fields[0], Number(fields[17]), fields[19]];
  const isGone = state === "X" || (state === "Z" && threads <= 1);
  return isGone || startTime === undefined ? undefined : { pid, startTime };
}

/** True while this very process runs, not another one with its id. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return identify(pid)?.startTime === startTime;
}

/** Ids of all processes of this machine that are visible here. */
function allProcesses(): number[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Processes with a text in one of their arguments. */
export function processesMarked(mark: string): ProcessIdentity[] {
  return allProcesses()
    .filter((pid) => pid !== process.pid && (readProc(pid, "cmdline") ?? "").includes(mark))
    .flatMap((pid) => identify(pid) ?? []);
}

/**
 * Processes of the pid namespace that a process is in, itself included, and those outside whose children are in it: an
 * `nsenter` that stands still, as it does when its child is stopped, would never reap that one, and the namespace stay.
 */
export function processesBeside(pid: number): ProcessIdentity[] {
  const inside = namespaceOf(pid, "pid");
  if (inside === undefined || inside === namespaceOf(process.pid, "pid")) return [];
  return allProcesses()
    .filter((other) =>
      (["pid", "pid_for_children"] as const).some((kind) => namespaceOf(other, kind) === inside),
    )
    .flatMap((other) => identify(other) ?? []);
}

/** Processes of one machine: those that see its files, and those in its cgroup (its containers). */
export function processesOf(machine: ProcessIdentity, cgroup: string): ProcessIdentity[] {
  const mounts = namespaceOf(machine.pid, "mnt");
  return allProcesses()
    .filter(
      (pid) =>
        (mounts !== undefined && namespaceOf(pid, "mnt") === mounts) ||
        (readProc(pid, "cgroup") ?? "").includes(`/${cgroup}/`),
    )
    .flatMap((pid) => identify(pid) ?? []);
}

function namespaceOf(pid: number, kind: "mnt" | "pid" | "pid_for_children"): string | undefined {
  try {
    return fs.readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

/** The first child of a process, waited for: `nsenter` and `unshare` fork what they run. */
export async function firstChild(pid: number, patience = 5000): Promise<number | undefined> {
  for (const end = Date.now() + patience; Date.now() < end; await sleep(5)) {
    const children = readProc(pid, `task/${pid}/children`);
    if (children === undefined) return undefined;
    const child = Number(children.split(" ")[0]);
    if (child > 0) return child;
    if (identify(pid) === undefined) return undefined;
  }
  return undefined;
}

/** Ends processes at once and waits until they are gone. Returns those that are not, after `patience` milliseconds. */
export async function killAll(
  processes: readonly ProcessIdentity[],
  patience = 20_000,
): Promise<ProcessIdentity[]> {
  let left = processes.filter(isAlive);
  for (const { pid } of left) signal(pid, "SIGKILL");
  for (const end = Date.now() + patience; left.length > 0 && Date.now() < end; ) {
    await sleep(20);
    left = left.filter(isAlive);
  }
  return left;
}

/** Sends a signal; a process that is gone already is fine. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Proportional memory of a process in bytes (shared pages divided among their users); 0 if it is gone. */
export function memoryOf(pid: number): number {
  const rollup = readProc(pid, "smaps_rollup") ?? "";
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}

/** Name of the program that a process runs, as in `ps -o comm`. */
export function programOf(pid: number): string {
  return (readProc(pid, "comm") ?? "").trim();
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
