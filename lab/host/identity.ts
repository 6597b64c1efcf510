/**
 * What a lab is called and where it keeps its things.
 */
import { createHash } from "node:crypto";
import * as path from "node:path";

/** One lab: the machines of one stack of one clone. */
export type Lab = {
  /** Unique on this machine: the stack's name and a hash of the clone's path, so that clones do not collide. */
  readonly id: string;
  /** What its owner calls it. */
  readonly stack: string;
  /** Folder of everything the lab writes; removed by `down`. */
  readonly folder: string;
};

/** Folder that holds every lab of this machine. `KUBELET_TRUST_LAB_ROOT` moves it, to a larger disk for example. */
export function labRoot(env: NodeJS.ProcessEnv = process.env): string {
  return env.KUBELET_TRUST_LAB_ROOT ?? "/var/lib/kubelet-trust";
}

/** The lab of a stack (a name, or a path to a rendered folder) in a clone. */
export function labOf(stack: string, clone: string, root: string = labRoot()): Lab {
  const name = path.basename(stack).replace(/[^a-zA-Z0-9-]/g, "-");
  const hash = createHash("sha256").update(`${clone}\0${stack}`).digest("hex").slice(0, 8);
  const id = `${name.slice(0, 40)}-${hash}`;
  return { id, stack, folder: path.join(root, id) };
}

/** Text in the command line of the lab's first process and of each machine's: what finds them without a state file. */
export function processMark(lab: Lab, machine?: string): string {
  return `kubelet-trust-lab:${lab.id}:${machine ?? ""}`;
}

/** The file that one program's output goes to. */
export function logFile(lab: Lab, machine: string, program: string): string {
  return path.join(lab.folder, "logs", machine, `${program}.log`);
}
