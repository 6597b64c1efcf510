/**
 * The callers' matrix: metrics-server and Prometheus' scraper, in pods' clothes, ask every kubelet of a wave for its
 * metrics, with a token of their ServiceAccount.
 */
import * as fs from "node:fs";
import { parseAllDocuments } from "yaml";
import type { CallerPrograms } from "../../toolchain/kubernetes/callers.ts";
import { judgeCaller } from "../../trust/judge/caller.ts";
import { judgeCallerToken } from "../../trust/judge/caller-token.ts";
import type { CallerProgram } from "../../trust/readers/piece.ts";
import { logFile } from "../host/identity.ts";
import { connect, layOut, type RunningMachine, writeHosts } from "../host/machine.ts";
import { waitFor } from "../host/patience.ts";
import { killAll } from "../host/processes.ts";
import { startProgram, tellingLine, untilEnded } from "../host/program-run.ts";
import {
  accountFolder,
  type CallerVariant,
  callerBundles,
  callerRbac,
  callerText,
  callerVariants,
  prometheusText,
} from "./caller-variants.ts";
import { compare, type Judgement, type Reality } from "./case.ts";
import { callersOf } from "./facts.ts";
import { hostOf } from "./host.ts";
import type { KubeletNode } from "./kubelet-node.ts";
import { type OnCase, type Say, seconds } from "./serving.ts";
import {
  addMachine,
  apiServerArguments,
  asFiles,
  hubAddress,
  hubPort,
  signerArguments,
  type World,
} from "./world.ts";

/** One machine a ServiceAccount: a pod's token lies at a fixed path. */
export type CallerMachines = ReadonlyMap<CallerVariant["account"], RunningMachine>;

const group = "/apis/rbac.authorization.k8s.io/v1";
const accounts = "/api/v1/namespaces/kube-system/serviceaccounts";

/** Makes the ServiceAccounts, their rights, and a machine for each. */
export async function startCallers(
  world: World,
  programs: CallerPrograms,
): Promise<CallerMachines> {
  const { admin } = world;
  for (const document of parseAllDocuments(callerRbac)) {
    const object = document.toJS() as { kind: string };
    await admin("POST", `${group}/${object.kind.toLowerCase()}s`, object);
  }
  const names = ["caller", "caller-unbound"] as const;
  await admin("POST", `${group}/namespaces/kube-system/rolebindings`, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "matrix-callers", namespace: "kube-system" },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "Role",
      name: "extension-apiserver-authentication-reader",
    },
    subjects: names.map((name) => ({ kind: "ServiceAccount", name, namespace: "kube-system" })),
  });
  const machines = new Map<CallerVariant["account"], RunningMachine>();
  for (const [index, name] of names.entries()) {
    const machine = await addMachine(
      { ...world, programs: { ...world.programs, ...programs } },
      {
        name,
        hostName: name,
        node: name,
        addresses: [`10.250.4.${index + 1}`, `fd00:250::4:${index + 1}`],
        resolvable: [],
        files: {
          [`${accountFolder.replace("/var/run", "/run")}/token`]: await tokenOf(world, name),
          [`${accountFolder.replace("/var/run", "/run")}/ca.crt`]:
            world.authorities.cluster.certPem,
        },
      },
    );
    machines.set(name, machine);
  }
  return machines;
}

async function tokenOf({ admin }: World, name: string): Promise<string> {
  await admin("POST", accounts, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace: "kube-system" },
  });
  const { status, body, text } = await admin("POST", `${accounts}/${name}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 3600 },
  });
  const token = (body as { status?: { token?: string } }).status?.token;
  if (status >= 300 || token === undefined) throw new Error(`no token for ${name}: ${text}`);
  return token;
}

/** Every caller asks every kubelet that is up. */
export async function askCallers(
  world: World,
  machines: CallerMachines,
  nodes: readonly KubeletNode[],
  collected: string,
  onCase: OnCase,
  say: Say,
): Promise<void> {
  const start = Date.now();
  await forgetOthers(world, nodes);
  for (const machine of machines.values()) {
    await connect([machine, ...nodes.map((node) => node.machine)]);
    writeHosts(machine, world.hosts);
    const { cluster } = world.authorities;
    layOut(
      machine,
      asFiles({
        [callerBundles.cluster]: cluster.certPem,
        [callerBundles.both]: cluster.certPem + collected,
      }),
    );
  }
  const answers = await Promise.all(
    callerVariants.map(async (variant) => ({
      variant,
      answers: await answersOf(variant, machineOf(machines, variant), nodes),
    })),
  );
  for (const { variant, answers: byNode } of answers) {
    for (const node of nodes) {
      const reality = byNode(node.node);
      const judgement = judgementOf(world, variant, machineOf(machines, variant), node);
      const about = {
        id: `callers/${node.variant.name}/${variant.name}`,
        part: "callers",
        kubelet: node.variant.says,
        caller: variant.says,
        request: "metrics",
      } as const;
      onCase(compare(about, judgement, reality));
    }
  }
  say(`${callerVariants.length} callers of ${nodes.length} kubelets: ${seconds(start)}`);
}

function machineOf(machines: CallerMachines, { account }: CallerVariant): RunningMachine {
  const machine = machines.get(account);
  if (machine === undefined) throw new Error(`there is no machine of ${account}`);
  return machine;
}

/** Callers ask every node that there is: those whose kubelets have been stopped would be waited for. */
async function forgetOthers({ admin }: World, nodes: readonly KubeletNode[]): Promise<void> {
  const { body } = await admin("GET", "/api/v1/nodes");
  const { items } = body as { items: { metadata: { name: string } }[] };
  for (const { metadata } of items) {
    if (nodes.some(({ node }) => node === metadata.name)) continue;
    await admin("DELETE", `/api/v1/nodes/${metadata.name}`);
  }
}

type Answers = (node: string) => Reality;

const works: Reality = { outcome: "works", message: "" };

function answersOf(
  variant: CallerVariant,
  machine: RunningMachine,
  nodes: readonly KubeletNode[],
): Promise<Answers> {
  return variant.program === "metrics-server"
    ? askMetricsServer(variant, machine)
    : askPrometheus(variant, machine, nodes);
}

/** Ports of metrics-servers beside each other on one machine. */
let lastPort = 20_000;

async function askMetricsServer(
  { name, flags = [] }: CallerVariant,
  machine: RunningMachine,
): Promise<Answers> {
  lastPort += 1;
  const label = `${name}-${lastPort}`;
  const program = await inPod(machine, "metrics-server", label, [
    `--secure-port=${lastPort}`,
    `--cert-dir=/run/${name}`,
    "--metric-resolution=10s",
    // It must be shorter than that.
    "--kubelet-request-timeout=8s",
    "--v=1",
    ...flags,
  ]).catch(() => undefined);
  if (program === undefined) return refused(logFile(machine.lab, machine.name, label));
  const log = () => fs.readFileSync(program.log, "utf8");
  const ended = program.ended.then(() => "ended" as const);
  const scraped = waitFor(`${name} to ask the kubelets`, () =>
    log().includes('"Scrape finished"') ? ("scraped" as const) : undefined,
  );
  const end = await Promise.race([ended, scraped]);
  await killAll([program]);
  if (end === "ended") return refused(program.log);
  const failures = new Map(
    [...log().matchAll(/"Failed to scrape node[^"]*" err=("(?:[^"\\]|\\.)*") node="([^"]+)"/g)].map(
      ([, text = '""', node = ""]) => [node, JSON.parse(text) as string],
    ),
  );
  return (node) => {
    const message = failures.get(node);
    return message === undefined ? works : { outcome: "fails", message };
  };
}

/** It did not start: no node is asked. */
function refused(log: string): Answers {
  const message = tellingLine(log)
    .replace(/^Error: /, "")
    .replace(/^panic: /, "");
  return () => ({ outcome: "fails", message });
}

type Target = {
  readonly node: string;
  readonly works: boolean;
  readonly error: string;
};

async function askPrometheus(
  variant: CallerVariant,
  machine: RunningMachine,
  nodes: readonly KubeletNode[],
): Promise<Answers> {
  const file = `/etc/kubernetes/callers/${variant.name}.yaml`;
  layOut(machine, asFiles({ [file]: prometheusText([variant]) }));
  lastPort += 1;
  // As many targets as nodes, and seconds enough for a machine that builds something besides.
  const words = [file, String(nodes.length), "100"];
  const program = await inPod(machine, "prometheus", `${variant.name}-${lastPort}`, words);
  await untilEnded(program);
  const targets = new Map<string, Target>();
  for (const line of fs.readFileSync(program.log, "utf8").split("\n")) {
    if (!line.startsWith("{")) continue;
    const target = JSON.parse(line) as Target;
    targets.set(target.node, target);
  }
  const absent = nodes.find(({ node }) => !targets.has(node));
  if (absent) throw new Error(`Prometheus did not find ${absent.node}: ${program.log}`);
  return (node) => {
    const { works: isGood, error } = targets.get(node) ?? { works: false, error: "" };
    return isGood ? works : { outcome: "fails", message: error };
  };
}

/** Starts a program with what a pod has around it. */
function inPod(
  machine: RunningMachine,
  program: CallerProgram,
  name: string,
  args: readonly string[],
) {
  return startProgram(machine, {
    name,
    file: "/usr/bin/env",
    args: [
      `KUBERNETES_SERVICE_HOST=${hubAddress}`,
      `KUBERNETES_SERVICE_PORT=${hubPort}`,
      `/run/kubelet-trust/bin/${program}`,
      ...args,
    ],
  });
}

function judgementOf(
  world: World,
  variant: CallerVariant,
  machine: RunningMachine,
  node: KubeletNode,
): Judgement {
  const { kubelet, apiServers, callers, files } = callersOf({
    version: world.version,
    kubelet: node.setUp,
    apiServers: [{ host: hostOf(world.hub), args: apiServerArguments(0, []) }],
    controllerManager: { host: hostOf(world.hub), args: signerArguments },
    rbac: callerRbac,
    callers: [{ host: hostOf(machine), text: callerText(variant) }],
  });
  const [caller] = callers;
  const [apiServer] = apiServers;
  if (caller === undefined || apiServer === undefined) {
    throw new Error(`nothing was read of ${variant.name}`);
  }
  const { refusal } = caller.piece;
  if (refusal !== undefined) {
    return { verdict: "doesNotStart", outcome: "fails", message: refusal.says };
  }
  const serving = judgeCaller(kubelet, caller, files, new Date());
  const token = judgeCallerToken(kubelet, caller, [apiServer], new Date());
  const failing = [serving, token].find((one) => one?.verdict === "fails");
  if (failing) {
    return { verdict: failing.verdict, outcome: "fails", message: failing.symptom ?? "" };
  }
  const isDecided = serving.verdict !== "undecidable";
  return isDecided
    ? { verdict: serving.verdict, outcome: "works", message: "" }
    : { verdict: serving.verdict, outcome: "fails", message: `undecidable: ${serving.reason}` };
}
