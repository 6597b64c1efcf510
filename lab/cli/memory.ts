/**
 * How much memory a lab takes.
 */
import { labProcesses } from "../host/cleanup.ts";
import type { Lab } from "../host/identity.ts";
import { memoryOf, programOf } from "../host/processes.ts";

/** Proportional memory in bytes, by program, largest first. */
export function labMemory(lab: Lab): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { pid } of labProcesses(lab)) {
    const program = programOf(pid);
    sums.set(program, (sums.get(program) ?? 0) + memoryOf(pid));
  }
  return new Map([...sums].sort(([, a], [, b]) => b - a));
}

/** `Memory: 1.2 GB (kube-apiserver 280 MB, ...)`; programs under 10 MB are counted and not named. */
export function describeMemory(sums: ReadonlyMap<string, number>): string {
  const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024);
  const total = [...sums.values()].reduce((sum, bytes) => sum + bytes, 0);
  const named = [...sums].filter(([, bytes]) => megabytes(bytes) >= 10);
  const list = named.map(([program, bytes]) => `${program} ${megabytes(bytes)} MB`).join(", ");
  return `Memory: ${megabytes(total)} MB${list ? ` (${list})` : ""}`;
}
