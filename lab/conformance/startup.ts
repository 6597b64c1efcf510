/**
 * What stops a program from starting: every flag and gate that `trust/` knows to be gone, half-given pairs, values
 * of the wrong type, and settings that look wrong and start all the same.
 */
import * as fs from "node:fs";
import { stringify } from "yaml";
import type { Program } from "../../trust/readers/command-line.ts";
import type { Fact } from "../../trust/words/fact.ts";
import type { Start } from "../../trust/words/facts.ts";
import { hostPath, layOut, type RunningMachine } from "../host/machine.ts";
import { accepts, waitFor } from "../host/patience.ts";
import { killAll } from "../host/processes.ts";
import {
  programOnMachine,
  type RunningProgram,
  startProgram,
  tellingLine,
} from "../host/program-run.ts";
import { prepareKubelet } from "../kubernetes/kubelet.ts";
import { compare, type Judgement, type Reality } from "./case.ts";
import { behindShell, startOf } from "./facts.ts";
import { hostOf } from "./host.ts";
import { baseConfiguration, configPath, kubeconfigPath, merged } from "./kubelet-node.ts";
import { issue } from "./pki.ts";
import { type OnCase, type Say, seconds } from "./serving.ts";
import { files, type StartCase } from "./start-cases.ts";
import {
  addMachine,
  addRuntime,
  apiServerArguments,
  asFiles,
  clientOf,
  hubAddress,
  kubeconfigFor,
  onHub,
  uidOf,
  type World,
} from "./world.ts";

export type StartupPlan = {
  readonly kubelet: readonly StartCase[];
  readonly apiserver: readonly StartCase[];
  readonly controllerManager: readonly StartCase[];
};

export async function runStartup(world: World, plan: StartupPlan, onCase: OnCase, say: Say) {
  const start = Date.now();
  const shared = await startupFiles(world);
  onHub(world, shared);
  await Promise.all([
    runKubelets(world, plan.kubelet, shared, onCase),
    runApiServers(world, plan.apiserver, onCase),
    runControllerManagers(world, plan.controllerManager, onCase),
  ]);
  const count = Object.values(plan).flat().length;
  say(`${count} starts: ${seconds(start)}`);
}

async function startupFiles({ authorities }: World): Promise<Record<string, string>> {
  const request = { subject: "CN=start", issuer: authorities.cluster, dnsNames: ["start"] };
  const good = await issue(request);
  const other = await issue(request);
  return {
    [`${files}/good.crt`]: good.certPem,
    [`${files}/good.key`]: good.keyPem,
    [`${files}/other.key`]: other.keyPem,
    [`${files}/empty.crt`]: "",
    [`${files}/garbage.crt`]: "this is no certificate\n",
    [`${files}/junk.crt`]: `subject=/CN=kubernetes\n${authorities.cluster.certPem}trailing words\n`,
  };
}

const address = "10.250.3.1";

async function runKubelets(
  world: World,
  cases: readonly StartCase[],
  shared: Readonly<Record<string, string>>,
  onCase: OnCase,
): Promise<void> {
  const machine = await addMachine(world, {
    name: "start",
    hostName: "start",
    node: "start",
    addresses: [address],
    resolvable: ["start"],
    files: {
      ...shared,
      "/etc/kubernetes/pki/ca.crt": world.authorities.cluster.certPem,
      [kubeconfigPath]: await kubeconfigFor(world, "CN=system:node:start,O=system:nodes"),
    },
  });
  await addRuntime(world, machine);
  for (const [index, one] of cases.entries()) {
    const args = prepareCase(machine, one);
    const start = startOf("kubelet", {
      version: world.version,
      kubelet: {
        host: hostOf(machine),
        hostName: "start",
        args,
        isBehindShell: one.isBehindShell ?? false,
        addresses: [
          { type: "InternalIP", address },
          { type: "Hostname", address: "start" },
        ],
        unresolvable: [],
        request: "pending",
      },
      apiServers: [{ host: hostOf(world.hub), args: apiServerArguments(0, []) }],
    });
    const judgement = ofStart(start);
    const program = await startProgram(machine, {
      name: `kubelet-${index}`,
      ...commandOf("kubelet", args, one),
    }).catch(() => undefined);
    const reality = await startOrEnd(program, logOf(machine, index), () => accepts(address, 10250));
    onCase(compare({ id: `startup/kubelet/${one.name}`, part: "startup" }, judgement, reality));
    if (program !== undefined) await killAll([program]);
  }
}

/** A fresh /var/lib/kubelet with the case's configuration; returns the kubelet's arguments. */
function prepareCase(
  machine: RunningMachine,
  { flags = [], configuration = {}, dropIns }: StartCase,
): string[] {
  const folder = "/etc/kubernetes/kubelet.conf.d";
  fs.rmSync(hostPath(machine, folder), { recursive: true, force: true });
  const texts = Object.entries(dropIns ?? {}).map(([name, text]) => [`${folder}/${name}`, text]);
  layOut(machine, asFiles(Object.fromEntries(texts)));
  fs.rmSync(hostPath(machine, "/var/lib/kubelet/pki"), { recursive: true, force: true });
  const text = stringify(merged(baseConfiguration(), configuration));
  layOut(machine, asFiles({ [configPath]: text }));
  return prepareKubelet(machine, [
    `--config=${configPath}`,
    `--kubeconfig=${kubeconfigPath}`,
    ...(dropIns ? [`--config-dir=${folder}`] : []),
    ...flags,
  ]);
}

async function runApiServers(
  world: World,
  cases: readonly StartCase[],
  onCase: OnCase,
): Promise<void> {
  for (const [number, one] of cases.entries()) {
    const index = 200 + number;
    const args = apiServerArguments(index, one.flags ?? []);
    const start = startOf("kube-apiserver", {
      version: world.version,
      apiServers: [{ host: hostOf(world.hub), args, isBehindShell: one.isBehindShell ?? false }],
    });
    const judgement = ofStart(start);
    const name = `start-${number}`;
    const program = await startProgram(world.hub, {
      name: `kube-apiserver-${name}`,
      ...commandOf("kube-apiserver", args, one),
      uid: uidOf(index),
    }).catch(() => undefined);
    const log = program?.log ?? `${world.lab.folder}/logs/hub/kube-apiserver-${name}.log`;
    const api = clientOf(world, index);
    // It binds its port long before it is made; only an answer says that it serves.
    const answers = () =>
      api("GET", "/livez").then(
        () => true as const,
        () => undefined,
      );
    const reality = await startOrEnd(program, log, answers);
    onCase(
      compare({ id: `startup/kube-apiserver/${one.name}`, part: "startup" }, judgement, reality),
    );
    if (program !== undefined) await killAll([program]);
  }
}

async function runControllerManagers(
  { hub, lab, version }: World,
  cases: readonly StartCase[],
  onCase: OnCase,
): Promise<void> {
  for (const [index, one] of cases.entries()) {
    const port = 25_000 + index;
    const args = [
      "--controllers=certificatesigningrequest-signing-controller",
      `--kubeconfig=/etc/kubernetes/admin.conf`,
      "--leader-elect=false",
      `--bind-address=${hubAddress}`,
      `--secure-port=${port}`,
      ...(one.flags ?? []),
    ];
    const start = startOf("kube-controller-manager", {
      version,
      apiServers: [{ host: hostOf(hub), args: apiServerArguments(0, []) }],
      controllerManager: {
        host: hostOf(hub),
        args,
        isBehindShell: one.isBehindShell ?? false,
      },
    });
    const judgement = ofStart(start);
    const name = `kube-controller-manager-start-${index}`;
    const program = await startProgram(hub, {
      name,
      ...commandOf("kube-controller-manager", args, one),
    }).catch(() => undefined);
    const log = program?.log ?? `${lab.folder}/logs/hub/${name}.log`;
    const reality = await startOrEnd(program, log, () => accepts(hubAddress, port));
    const id = `startup/kube-controller-manager/${one.name}`;
    onCase(compare({ id, part: "startup" }, judgement, reality));
    if (program !== undefined) await killAll([program]);
  }
}

function commandOf(
  program: Program,
  args: readonly string[],
  { isBehindShell = false }: StartCase,
): { readonly file: string; readonly args: readonly string[] } {
  const own = programOnMachine(program);
  if (!isBehindShell) return { file: own, args };
  const [file = "", ...rest] = behindShell(own, args);
  return { file, args: rest };
}

/** Waits until a program listens or ends, whichever comes first. */
async function startOrEnd(
  program: RunningProgram | undefined,
  log: string,
  listens: () => Promise<true | undefined>,
): Promise<Reality> {
  const refused = (): Reality => ({ outcome: "fails", message: tellingLine(log) });
  if (program === undefined) return refused();
  const what = `${program.name} to listen or to end`;
  return Promise.race([
    program.ended.then(refused),
    waitFor(what, listens, { seconds: 45, every: 50 }).then(
      (): Reality => ({ outcome: "works", message: "" }),
      // The matrix goes on: it is a case like others that a program hangs.
      ({ message }: Error): Reality => ({ outcome: "fails", message }),
    ),
  ]);
}

function ofStart(start: Fact<Start>): Judgement {
  if (!start.known) {
    return { verdict: "undecidable", outcome: "fails", message: "undecidable" };
  }
  return start.value.starts
    ? { verdict: "verified", outcome: "works", message: "" }
    : { verdict: "doesNotStart", outcome: "fails", message: start.value.message };
}

function logOf(machine: RunningMachine, index: number): string {
  return `${machine.lab.folder}/logs/${machine.name}/kubelet-${index}.log`;
}
