/** Memory and processor time of a process and all it started, as Linux tells of them. */
import * as fs from "node:fs";

/** Milliseconds between two looks. */
const interval = 100;

/**
 * Watches a process and its descendants.
 *
 * @returns a function that ends it and gives the most memory that all of them took at one time, in bytes; undefined
 * where there is no /proc.
 */
export function watchMemory(pid: number): () => number | undefined {
  if (!fs.existsSync("/proc/self/smaps_rollup")) return () => undefined;
  let [mostResident, peak] = [0, 0];
  const look = () => {
    const pids = processTree(pid);
    const resident = sum(pids, residentBytes);
    if (resident <= mostResident) return;
    mostResident = resident;
    // Walks every page, so it is done at new heights alone.
    peak = Math.max(peak, sum(pids, proportionalBytes));
  };
  const timer = setInterval(look, interval);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

/** A process and its descendants, itself first. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const { pid, parent } of runningProcesses()) {
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = (pid: number): number[] => [pid, ...(children.get(pid) ?? []).flatMap(tree)];
  return tree(root);
}

/** The processes of a session, whatever process groups they have made and whether or not their parents live. */
export function sessionOf(leader: number): number[] {
  return runningProcesses().flatMap(({ pid, session }) => (session === leader ? [pid] : []));
}

/** What Linux runs, but for what has ended and waits for its parent to ask (proc(5), stat fields 3, 4 and 6). */
function runningProcesses(): { pid: number; parent: number; session: number }[] {
  return fs.readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? readIfThere(`/proc/${name}/stat`) : undefined;
    if (stat === undefined) return [];
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return [];
    return [{ pid, parent: Number(fields[1]), session: Number(fields[3]) }];
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

/**
 * Seconds of processor time that the children of this process took, with all they started, since they ended;
 * undefined where there is no /proc (proc(5), stat fields 16 and 17).
 */
export function childrenCpuSeconds(): number | undefined {
  if (!fs.existsSync("/proc/self/stat")) return undefined;
  const stat = fs.readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

/** What Linux tells user space whatever the kernel's own clock does. */
const ticksPerSecond = 100;
