/** Machines of a lab of their own in which nothing runs yet. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { removeLab } from "../../lab/host/cleanup.ts";
import { type Lab, labOf } from "../../lab/host/identity.ts";
import {
  connect,
  type MachinePlan,
  type RunningMachine,
  startMachine,
} from "../../lab/host/machine.ts";
import type { ProcessIdentity } from "../../lab/host/processes.ts";
import { startSandbox } from "../../lab/host/sandbox.ts";
import { bootId, writeState } from "../../lab/host/state.ts";
import { kubernetesVersion, type Programs } from "../../toolchain/kubernetes/programs.ts";

export type BareMachines = {
  readonly lab: Lab;
  /** Holds the network that the machines are in. */
  readonly init: ProcessIdentity;
  readonly machines: readonly RunningMachine[];
  /** Removes everything. */
  stop(): Promise<void>;
};

/**
 * Starts machines that can reach each other.
 *
 * @param programs what the machines have of Kubernetes; default: nothing
 */
export async function startBareMachines(
  plans: readonly Pick<MachinePlan, "name" | "addresses">[],
  programs: Partial<Programs> = {},
): Promise<BareMachines> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-machines-"));
  const lab = labOf("bare", root, root);
  const stop = async () => {
    await removeLab(lab);
    fs.rmSync(root, { recursive: true, force: true });
  };
  try {
    writeState(lab, {
      ...{ id: lab.id, stack: lab.stack, rendered: "", carrier: "files", kubernetesVersion },
      ...{ programs: programs as Programs, bootId: bootId(), machines: [], processes: [] },
    });
    const init = await startSandbox(lab);
    const machines: RunningMachine[] = [];
    for (const plan of plans) {
      machines.push(await startMachine(lab, init, programs as Programs, { ...plan, files: [] }));
    }
    await connect(machines);
    return { lab, init, machines, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
