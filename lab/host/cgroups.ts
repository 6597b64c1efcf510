/**
 * Control groups of a lab: one for the lab in every hierarchy, one below it for each machine, and the pods of its
 * kubelet below that. cgroup v1 and v2.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "./identity.ts";

const root = "/sys/fs/cgroup";

/** Path of the lab's cgroup below a hierarchy's root. */
export function labCgroup(lab: Lab): string {
  return `kubelet-trust-${lab.id}`;
}

/** Path of a machine's cgroup below a hierarchy's root: the kubelet's `cgroupRoot`. */
export function machineCgroup(lab: Lab, machine: string): string {
  return `${labCgroup(lab)}/${machine}`;
}

/** Makes a cgroup in every hierarchy, with all its controllers on. */
export function createCgroup(name: string): void {
  for (const hierarchy of hierarchies()) {
    let folder = hierarchy;
    for (const part of name.split("/")) {
      enableControllers(folder);
      const parent = folder;
      folder = path.join(folder, part);
      fs.mkdirSync(folder, { recursive: true });
      copyCpuset(parent, folder);
    }
    enableControllers(folder);
  }
}

/** Removes a cgroup and those below it from every hierarchy; returns how many there were. */
export async function removeCgroups(name: string): Promise<number> {
  let removed = 0;
  for (const hierarchy of hierarchies()) {
    const folder = path.join(hierarchy, name);
    // The kernel lets go of a cgroup a moment after its last process.
    for (let attempt = 0; fs.existsSync(folder) && attempt < 100; attempt++) {
      removed += removeCgroup(folder);
      if (fs.existsSync(folder)) await sleep(50);
    }
  }
  return removed;
}

function hierarchies(): string[] {
  if (!fs.existsSync(root)) return [];
  if (fs.existsSync(path.join(root, "cgroup.controllers"))) return [root];
  return fs.readdirSync(root).map((name) => path.join(root, name));
}

/** cgroup v2: a controller reaches a cgroup only if its parent hands it on. */
function enableControllers(folder: string): void {
  const file = path.join(folder, "cgroup.subtree_control");
  if (!fs.existsSync(file)) return;
  const controllers = fs.readFileSync(path.join(folder, "cgroup.controllers"), "utf8").split(/\s+/);
  for (const controller of controllers.filter((name) => name !== "")) {
    try {
      fs.writeFileSync(file, `+${controller}`);
    } catch {
      // One that cannot be handed on here is one that the kubelet does without.
    }
  }
}

/** cgroup v1: a cpuset has no processors and no memory at first. */
function copyCpuset(parent: string, folder: string): void {
  for (const name of ["cpuset.cpus", "cpuset.mems"]) {
    const file = path.join(folder, name);
    if (fs.existsSync(path.join(folder, "cgroup.subtree_control")) || !fs.existsSync(file))
      continue;
    if (fs.readFileSync(file, "utf8").trim() === "") {
      fs.writeFileSync(file, fs.readFileSync(path.join(parent, name)));
    }
  }
}

function removeCgroup(folder: string): number {
  let removed = 0;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removed += removeCgroup(path.join(folder, entry.name));
  }
  try {
    fs.rmdirSync(folder);
    return removed + 1;
  } catch {
    return removed;
  }
}
