/** Memory and processor time of a process and all it started, as Linux tells of them. */
import * as fs from "node:fs";

/** Milliseconds between two looks. */
const interval = 100;

/**
 * Watches a process and its descendants.
 *
 * @returns a function that ends it and gives the most that all of them had resident at one time, in bytes;
 * undefined where there is no /proc.
 */
export function watchMemory(pid: number): () => number | undefined {
  if (!fs.existsSync("/proc/self/statm")) return () => undefined;
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, residentBytes(pid));
  };
  const timer = setInterval(look, interval);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

function residentBytes(root: number): number {
  const children = new Map<number, number[]>();
  const pages = new Map<number, number>();
  for (const name of fs.readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      children.set(parent, [...(children.get(parent) ?? []), pid]);
      pages.set(pid, Number(fs.readFileSync(`/proc/${name}/statm`, "utf8").split(" ")[1]));
    } catch {
      // Gone meanwhile.
    }
  }
  const sum = (pid: number): number =>
    (pages.get(pid) ?? 0) +
    (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0);
  return sum(root) * pageSize;
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
