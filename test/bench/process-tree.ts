/** Memory and processor time of a process and all it started, as Linux tells of them. */
import * as fs from "node:fs";

/** Milliseconds between two looks. */
const interval = 100;

/**
 * By how much of itself memory must have grown to be looked at again: to walk every page of gigabytes at each new height
 * took a quarter of a processor from what is measured.
 */
const step = 0.01;

/** What a process and all it started have taken. */
export type Taken = {
  /** The most memory that all of them took at one time, to a hundredth, in bytes, shared pages once. */
  readonly peak: number;
  /**
   * Seconds of processor time of each as it was last seen, so all but the last tenth of a second of each. Not what
   * Linux counts for ended children: nobody waits for a policy pack, which the engine kills.
   */
  readonly cpuSeconds: number;
};

/**
 * Watches a process and its descendants.
 *
 * @returns a function that ends it and says what they took; undefined where there is no /proc.
 */
export function watchTree(root: number): () => Taken | undefined {
  if (!fs.existsSync("/proc/self/smaps_rollup")) return () => undefined;
  let [mostResident, peak] = [0, 0];
  const ticks = new Map<string, number>();
  const look = () => {
    const tree = processTree(root);
    for (const { pid, started, ticks: used } of tree) ticks.set(`${pid} ${started}`, used);
    const pids = tree.map(({ pid }) => pid);
    const resident = sum(pids, residentBytes);
    if (resident <= mostResident * (1 + step)) return;
    mostResident = resident;
    peak = Math.max(peak, sum(pids, proportionalBytes));
  };
  const timer = setInterval(look, interval);
  return () => {
    clearInterval(timer);
    return { peak, cpuSeconds: sum([...ticks.values()], (used) => used) / ticksPerSecond };
  };
}

/** A process and its descendants, itself first. */
export function processTree(root: number): Running[] {
  const all = runningProcesses();
  const children = new Map<number, Running[]>();
  for (const one of all) children.set(one.parent, [...(children.get(one.parent) ?? []), one]);
  const tree = (one: Running): Running[] => [one, ...(children.get(one.pid) ?? []).flatMap(tree)];
  return all.filter(({ pid }) => pid === root).flatMap(tree);
}

/** The processes of a session, whatever process groups they have made and whether or not their parents live. */
export function sessionOf(leader: number): number[] {
  return runningProcesses().flatMap(({ pid, session }) => (session === leader ? [pid] : []));
}

type Running = {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Processor time of its own, in ticks. */
  readonly ticks: number;
  /** When it began: numbers of processes are given again. */
  readonly started: string;
};

/**
 * What Linux runs, but for what has ended and waits for its parent to ask (proc(5), stat fields 3, 4, 6, 14, 15 and
 * 22).
 */
function runningProcesses(): Running[] {
  return fs.readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? readIfThere(`/proc/${name}/stat`) : undefined;
    if (stat === undefined) return [];
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return [];
    return [
      {
        ...{ pid, parent: Number(fields[1]), session: Number(fields[3]) },
        ...{ ticks: Number(fields[11]) + Number(fields[12]), started: fields[19] ?? "" },
      },
    ];
  });
}

/** What a process has in memory, what it shares with others included (proc(5), statm). */
function residentBytes(pid: number): number {
  const statm = readIfThere(`/proc/${pid}/statm`);
  return Number(statm?.split(" ")[1] ?? 0) * pageSize;
}

/**
 * What a process has in memory, each page divided by the number of processes that share it (proc(5), smaps_rollup):
 * the program of Node alone, some 50 MiB, is in the memory of four processes and in the machine's once.
 */
function proportionalBytes(pid: number): number {
  const kibibytes = /^Pss: +(\d+) kB$/m.exec(readIfThere(`/proc/${pid}/smaps_rollup`) ?? "")?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

/** Undefined for a process that has ended meanwhile. */
function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function sum(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + of(pid), 0);
}

/** Bytes; every Linux that Node runs on has 4 KiB pages but some on arm64. */
const pageSize = 4096;

/** What Linux tells user space whatever the kernel's own clock does. */
const ticksPerSecond = 100;
