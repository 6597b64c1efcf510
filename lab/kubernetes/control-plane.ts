/**
 * The control plane of a machine: the real programs with exactly the flags of its static pods.
 */
import { Failure } from "../../toolchain/fail.mjs";
import { paths } from "../../trust/contract.ts";
import type { RunningMachine } from "../host/machine.ts";
import { accepts, waitFor } from "../host/patience.ts";
import {
  lastWords,
  programOnMachine,
  type RunningProgram,
  startProgram,
} from "../host/program-run.ts";
import { type Api, apiClient, readKubeconfig } from "./api.ts";
import { flagValue, staticPodCommands } from "./command-lines.ts";
import { fileText, ipAddresses, type Machine } from "./rendered.ts";

/** What a cluster's administrator has on a control plane (kubeadm). */
export const adminKubeconfig = paths.adminConf;

export type ControlPlaneProgram =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler";

/**
 * Starts one program of a machine's static pods.
 *
 * @returns undefined when the machine has no such static pod.
 */
export async function startStaticPod(
  machine: Machine,
  running: RunningMachine,
  name: ControlPlaneProgram,
): Promise<RunningProgram | undefined> {
  const command = staticPodCommands(machine).find(({ program }) => program === name);
  if (command === undefined) return undefined;
  return startProgram(running, { name, file: programOnMachine(name), args: command.args });
}

/** Waits until etcd takes connections from this machine's addresses. */
export async function untilEtcdListens(machine: Machine, etcd: RunningProgram): Promise<void> {
  const command = staticPodCommands(machine).find(({ program }) => program === "etcd");
  const urls = flagValue(command?.args ?? [], "listen-client-urls") ?? "";
  const reachable = urls
    .split(",")
    .map((url) => new URL(url))
    .find(({ hostname }) => ipAddresses(machine).includes(hostname.replace(/^\[|\]$/g, "")));
  if (reachable === undefined) return;
  const port = Number(reachable.port);
  const host = reachable.hostname.replace(/^\[|\]$/g, "");
  await orItsEnd(etcd, () => waitFor(`etcd on ${machine.name}`, () => accepts(host, port)));
}

/** An administrator's client of a control plane's kube-apiserver, from its own `admin.conf`. */
export function adminClient(machine: Machine): Api {
  const text = fileText(machine, adminKubeconfig);
  const [host] = ipAddresses(machine);
  if (text === undefined || host === undefined) {
    throw new Failure(`${machine.name} has no ${adminKubeconfig} or no address.`);
  }
  const command = staticPodCommands(machine).find(({ program }) => program === "kube-apiserver");
  const port = Number(flagValue(command?.args ?? [], "secure-port") ?? 6443);
  return apiClient({ ...readKubeconfig(text), host, port });
}

/** Waits until kube-apiserver says that it is ready. */
export async function untilReady(api: Api, apiserver: RunningProgram): Promise<void> {
  await orItsEnd(apiserver, () =>
    waitFor(`kube-apiserver on ${apiserver.machine.name}`, async () => {
      const answer = await api("GET", "/readyz").catch(() => undefined);
      return answer?.status === 200 ? true : undefined;
    }),
  );
}

/**
 * Waits for something that a program does; when the program ends instead, so does the waiting.
 *
 * @throws {Failure} with the program's last words.
 */
export async function orItsEnd<T>(program: RunningProgram, wait: () => Promise<T>): Promise<T> {
  const ending = program.ended.then((code) => {
    throw new Failure(
      `${program.name} on ${program.machine.name} ended (${code}): ${lastWords(program.log)}`,
    );
  });
  return Promise.race([wait(), ending]);
}
