/**
 * kubectl with an administrator's rights, run on a control plane of the lab.
 */

import { execFile } from "node:child_process";
import { programOnMachine } from "../host/program-run.ts";
import type { MachineState } from "../host/state.ts";
import { onTerminal } from "../host/terminal.ts";
import { adminKubeconfig } from "./control-plane.ts";

export type KubectlAnswer = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs kubectl and captures what it says; `kubeconfig` is a path on the machine. */
export function kubectl(
  machine: Pick<MachineState, "pid">,
  args: readonly string[],
  kubeconfig: string = adminKubeconfig,
): Promise<KubectlAnswer> {
  return new Promise((resolve) => {
    execFile(
      "nsenter",
      commandLine(machine, args, "/", kubeconfig),
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

/** Runs kubectl on this process's terminal, in its folder. */
export function kubectlHere(
  machine: Pick<MachineState, "pid">,
  args: readonly string[],
): Promise<number> {
  return onTerminal("nsenter", commandLine(machine, args, process.cwd()));
}

function commandLine(
  machine: Pick<MachineState, "pid">,
  args: readonly string[],
  folder: string,
  kubeconfig: string = adminKubeconfig,
): string[] {
  return [
    ...["-t", String(machine.pid), "-p", "-m", "-n", "-u", "--"],
    ...["env", "-C", folder, `KUBECONFIG=${kubeconfig}`],
    programOnMachine("kubectl"),
    ...args,
  ];
}
