/**
 * Brings a machine the files of another rendering, as an operator would: puts them in place, and starts again what does
 * not read them anew by itself.
 */

import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../toolchain/fail.mjs";
import { requestedCertificates, toRestart } from "../../trust/carriers/reloads.ts";
import { paths } from "../../trust/contract.ts";
import type { Lab } from "../host/identity.ts";
import { differs, hostPath, layOut, type RunningMachine } from "../host/machine.ts";
import { isAlive, killAll, signal } from "../host/processes.ts";
import { readState, updateState } from "../host/state.ts";
import { kubeletArguments } from "../kubernetes/command-lines.ts";
import {
  adminClient,
  startStaticPod,
  untilEtcdListens,
  untilReady,
} from "../kubernetes/control-plane.ts";
import { startKubelet } from "../kubernetes/kubelet.ts";
import type { Machine } from "../kubernetes/rendered.ts";

/** What was done to a machine. */
export type Carried = { readonly files: number; readonly restarted: readonly string[] };

/** Brings a running machine the files of a rendering. */
export async function carry(lab: Lab, machine: Machine): Promise<Carried> {
  const found = readState(lab)?.machines.find(({ name }) => name === machine.name);
  if (found === undefined) throw new Failure(`${machine.name} is not in the lab.`);
  const running: RunningMachine = { ...found, lab };
  const changed = machine.files.filter((file) => differs(running, file));
  layOut(running, changed);
  const programs = toRestart(
    changed.map(({ path }) => path),
    machine.role,
  );
  const restarted: string[] = [];
  for (const program of programs) {
    if (program === "kubelet") continue;
    await stop(lab, machine.name, program);
    const started = await startStaticPod(machine, running, program);
    if (started === undefined) continue;
    if (program === "etcd") await untilEtcdListens(machine, started);
    if (program === "kube-apiserver") await untilReady(adminClient(machine), started);
    restarted.push(program);
  }
  const args = kubeletArguments(machine);
  if (args !== undefined && programs.includes("kubelet")) {
    await stop(lab, machine.name, "kubelet");
    if (isReissued(running, machine)) {
      for (const path of requestedCertificates) fs.rmSync(hostPath(running, path), { force: true });
    }
    await startKubelet(running, args);
    restarted.push("kubelet");
  }
  return { files: changed.length, restarted };
}

/** Whether what the kubelet requested for itself was signed by another CA than the one that issues now. */
function isReissued(running: RunningMachine, machine: Machine): boolean {
  const ca = machine.files.find(({ path }) => path === paths.ca)?.content;
  const [current] = requestedCertificates;
  if (ca === undefined || current === undefined) return false;
  const file = hostPath(running, current);
  if (!fs.existsSync(file)) return false;
  // The CA that issues stands first.
  return !new X509Certificate(fs.readFileSync(file)).verify(new X509Certificate(ca).publicKey);
}

/**
 * Seconds that a program has to end in order. kube-apiserver takes a minute while somebody watches; a kubelet would give
 * it thirty seconds, and ends it then.
 */
const grace = 10;

/** Ends a program as systemd and kubelets do: SIGTERM, some time, and then SIGKILL. */
async function stop(lab: Lab, machine: string, program: string): Promise<void> {
  const processes = (readState(lab)?.processes ?? []).filter(
    (one) => one.machine === machine && one.program === program,
  );
  for (const { pid } of processes.filter(isAlive)) signal(pid, "SIGTERM");
  const start = Date.now();
  while (processes.some(isAlive) && Date.now() - start < grace * 1000) await sleep(20);
  await killAll(processes);
  updateState(lab, (state) => ({
    ...state,
    processes: state.processes.filter((one) => one.machine !== machine || one.program !== program),
  }));
}
