/**
 * A machine of the lab has no systemd. What is asked of it is written down, and the lab starts what was asked for.
 */
import * as fs from "node:fs";
import { hostPath, labFolderOnMachine, layOut, type RunningMachine } from "./machine.ts";

/** Folder on a machine to put before others on PATH: its `systemctl` is the stand-in. */
export const standInFolder = `${labFolderOnMachine}/stand-ins`;

const record = `${labFolderOnMachine}/systemctl`;

const standIn = `#!/bin/sh
echo "$*" >> ${record}
`;

/** Gives a machine the stand-in. */
export function layOutSystemctl(machine: RunningMachine): void {
  const content = Buffer.from(standIn);
  layOut(machine, [{ path: `${standInFolder}/systemctl`, mode: 0o755, content }]);
}

/** The arguments of every call of `systemctl` on a machine, in their order. */
export function systemctlCalls(machine: RunningMachine): string[] {
  const file = hostPath(machine, record);
  if (!fs.existsSync(file)) return [];
  return fs.readFileSync(file, "utf8").trim().split("\n");
}

/**
 * The services that calls of `systemctl` start, with their ends, in their order.
 * Source: systemctl(1): `start UNIT...`, `restart UNIT...`, which starts what does not run, `enable --now UNIT...`; a unit
 * without an end is a service.
 */
export function servicesStarted(calls: readonly string[]): string[] {
  return calls.flatMap((call) => {
    const words = call.split(" ");
    const [verb = "", ...units] = words.filter((word) => !word.startsWith("-"));
    const starts = /^(re)?start$/.test(verb) || (verb === "enable" && words.includes("--now"));
    if (!starts) return [];
    return units.map((unit) => (unit.includes(".") ? unit : `${unit}.service`));
  });
}
