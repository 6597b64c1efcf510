/**
 * What stops a program from starting: every flag and gate that `trust/` knows to be gone, half-given pairs, values
 * of the wrong type, and settings that look wrong and start all the same.
 */
import * as fs from "node:fs";
import { stringify } from "yaml";
import { data } from "../../trust/data/index.ts";
import { known } from "../../trust/evidence.ts";
import type { Start } from "../../trust/facts.ts";
import { prepareKubelet } from "../kubelet.ts";
import { hostPath, layOut, type RunningMachine } from "../machine.ts";
import { accepts, waitFor } from "../patience.ts";
import { killAll } from "../processes.ts";
import { programOnMachine, type RunningProgram, startProgram, tellingLine } from "../programRun.ts";
import { compare, type Judgement, type Reality } from "./case.ts";
import { readApiServer, readKubelet, readRbacText } from "./facts.ts";
import { baseConfiguration, configPath, kubeconfigPath, merged } from "./kubeletNode.ts";
import { issue } from "./pki.ts";
import { type OnCase, type Say, seconds } from "./serving.ts";
import {
  addMachine,
  addRuntime,
  apiServerArguments,
  asFiles,
  clientOf,
  kubeconfigFor,
  launchApiServer,
  onHub,
  type World,
} from "./world.ts";

export type StartCase = {
  readonly name: string;
  readonly flags?: readonly string[];
  /** Kubelet only: fields over the base configuration. */
  readonly configuration?: Readonly<Record<string, unknown>>;
};

export type StartupPlan = {
  readonly kubelet: readonly StartCase[];
  readonly apiserver: readonly StartCase[];
};

/** Gone before the oldest table that trust has. Source: Kubernetes changelogs of 1.15 to 1.35. */
const longGone = {
  kubelet: {
    flags: [
      "allow-privileged",
      "network-plugin",
      "cni-conf-dir",
      "cni-bin-dir",
      "logtostderr",
      "alsologtostderr",
      "log-dir",
      "container-runtime",
      "keep-terminated-pod-volumes",
      "pod-infra-container-image",
      "cadvisor-port",
      "dynamic-config-dir",
      "enable-kubelet-cert-cn-validation",
    ],
    gates: ["RotateKubeletClientCertificate", "KubeletCertCNValidation", "DynamicKubeletConfig"],
  },
  "kube-apiserver": {
    flags: [
      "kubelet-https",
      "logtostderr",
      "alsologtostderr",
      "log-dir",
      "cloud-provider",
      "insecure-port",
      "enable-kubelet-cert-cn-validation",
    ],
    gates: ["RotateKubeletClientCertificate", "KubeletCertCNValidation"],
  },
} as const;

/** Flags and gates that an older version has and the newest has not, with those that are gone longer. */
export function goneSettings(program: keyof typeof longGone): StartCase[] {
  const versions = Object.keys(data).sort((a, b) => minor(a) - minor(b));
  const newest = data[versions.at(-1) ?? ""]?.[program];
  const gone = (what: "flags" | "gates") => {
    const older = versions.flatMap((version) => Object.keys(data[version]?.[program][what] ?? {}));
    const all = [...longGone[program][what], ...older];
    return [...new Set(all)]
      .filter((name) => newest === undefined || !(name in newest[what]))
      .sort();
  };
  return [
    ...gone("flags").map((name) => ({ name: `flag ${name}`, flags: [`--${name}=true`] })),
    ...gone("gates").map((name) => ({
      name: `gate ${name}`,
      flags: [`--feature-gates=${name}=true`],
    })),
  ];
}

function minor(version: string): number {
  return Number(version.split(".")[1]);
}

const files = "/etc/kubernetes/startup";

export const kubeletCases: readonly StartCase[] = [
  { name: "baseline" },
  { name: "serverTLSBootstrap", configuration: { serverTLSBootstrap: true } },
  {
    name: "serverTLSBootstrap without its gate",
    configuration: {
      serverTLSBootstrap: true,
      featureGates: { RotateKubeletServerCertificate: false },
    },
  },
  { name: "unknown field", configuration: { servertlsbootstrap: true } },
  { name: "deprecated flag", flags: ["--rotate-certificates=true"] },
  { name: "flag with an underscore", flags: ["--hostname_override=start"] },
  { name: "flag with one dash", flags: ["-hostname-override=start"] },
  { name: "flag without its value", flags: ["--tls-cert-file"] },
  { name: "flag of the wrong type", flags: ["--rotate-certificates=maybe"] },
  { name: "unknown flag", flags: ["--this-flag-never-existed=1"] },
  { name: "positional argument", flags: ["extra"] },
  { name: "locked gate", flags: ["--feature-gates=KubeletFineGrainedAuthz=false"] },
  { name: "unknown authorization mode", configuration: { authorization: { mode: "RBAC" } } },
  { name: "field of the wrong type", configuration: { serverTLSBootstrap: "maybe" } },
  { name: "number for a text", configuration: { tlsCertFile: 1 } },
  {
    name: "certificate file missing",
    configuration: { tlsCertFile: `${files}/none.crt`, tlsPrivateKeyFile: `${files}/good.key` },
  },
  {
    name: "key file missing",
    configuration: { tlsCertFile: `${files}/good.crt`, tlsPrivateKeyFile: `${files}/none.key` },
  },
  {
    name: "key of another certificate",
    configuration: { tlsCertFile: `${files}/good.crt`, tlsPrivateKeyFile: `${files}/other.key` },
  },
  {
    name: "clientCAFile missing",
    configuration: { authentication: { x509: { clientCAFile: `${files}/none.crt` } } },
  },
  {
    name: "clientCAFile empty",
    configuration: { authentication: { x509: { clientCAFile: `${files}/empty.crt` } } },
  },
  {
    name: "clientCAFile not PEM",
    configuration: { authentication: { x509: { clientCAFile: `${files}/garbage.crt` } } },
  },
  { name: "unknown TLS version", configuration: { tlsMinVersion: "1.2" } },
  { name: "unknown cipher suite", configuration: { tlsCipherSuites: ["FOO"] } },
  ...goneSettings("kubelet"),
];

export const apiServerCases: readonly StartCase[] = [
  { name: "baseline" },
  { name: "empty CA file", flags: [`--kubelet-certificate-authority=${files}/empty.crt`] },
  { name: "CA file with junk", flags: [`--kubelet-certificate-authority=${files}/junk.crt`] },
  { name: "CA file missing", flags: [`--kubelet-certificate-authority=${files}/none.crt`] },
  { name: "CA file not PEM", flags: [`--kubelet-certificate-authority=${files}/garbage.crt`] },
  { name: "CA file is a key", flags: [`--kubelet-certificate-authority=${files}/good.key`] },
  { name: "CA file is a folder", flags: [`--kubelet-certificate-authority=${files}`] },
  {
    name: "client certificate missing",
    flags: [
      `--kubelet-client-certificate=${files}/none.crt`,
      `--kubelet-client-key=${files}/good.key`,
    ],
  },
  {
    name: "client key missing",
    flags: [
      `--kubelet-client-certificate=${files}/good.crt`,
      `--kubelet-client-key=${files}/none.key`,
    ],
  },
  {
    name: "client key of another certificate",
    flags: [
      `--kubelet-client-certificate=${files}/good.crt`,
      `--kubelet-client-key=${files}/other.key`,
    ],
  },
  { name: "unknown flag", flags: ["--no-such-flag"] },
  { name: "positional argument", flags: ["extra"] },
  ...goneSettings("kube-apiserver"),
];

export async function runStartup(world: World, plan: StartupPlan, onCase: OnCase, say: Say) {
  const start = Date.now();
  const shared = await startupFiles(world);
  onHub(world, shared);
  await Promise.all([
    runKubelets(world, plan.kubelet, shared, onCase),
    runApiServers(world, plan.apiserver, onCase),
  ]);
  say(`${plan.kubelet.length + plan.apiserver.length} starts: ${seconds(start)}`);
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
    address,
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
    const facts = readKubelet({
      machine,
      hostName: "start",
      args,
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: "start" },
      ],
      unresolvable: [],
      request: known({ state: "pending" }),
    });
    const judgement = ofStart(facts.start.known ? facts.start.value : undefined);
    const program = await startProgram(machine, {
      name: `kubelet-${index}`,
      file: programOnMachine("kubelet"),
      args,
    }).catch(() => undefined);
    const reality = await startOrEnd(program, logOf(machine, index), () => accepts(address, 10250));
    onCase(compare({ id: `startup/kubelet/${one.name}`, part: "startup" }, judgement, reality));
    if (program !== undefined) await killAll([program]);
  }
}

/** A fresh /var/lib/kubelet with the case's configuration; returns the kubelet's arguments. */
function prepareCase(
  machine: RunningMachine,
  { flags = [], configuration = {} }: StartCase,
): string[] {
  fs.rmSync(hostPath(machine, "/var/lib/kubelet/pki"), { recursive: true, force: true });
  const text = stringify(merged(baseConfiguration(), configuration));
  layOut(machine, asFiles({ [configPath]: text }));
  return prepareKubelet(machine, [
    `--config=${configPath}`,
    `--kubeconfig=${kubeconfigPath}`,
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
    const flags = one.flags ?? [];
    const facts = readApiServer(world.hub, apiServerArguments(index, flags), readRbacText(""));
    const judgement = ofStart(facts.start.known ? facts.start.value : undefined);
    const name = `start-${number}`;
    const program = await launchApiServer(world, name, index, flags).catch(() => undefined);
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
    waitFor(what, listens, { seconds: 30, every: 50 }).then(
      (): Reality => ({ outcome: "works", message: "" }),
    ),
  ]);
}

function ofStart(start: Start | undefined): Judgement {
  if (start === undefined) {
    return { verdict: "undecidable", outcome: "fails", message: "undecidable" };
  }
  return start.starts
    ? { verdict: "verified", outcome: "works", message: "" }
    : { verdict: "doesNotStart", outcome: "fails", message: start.message };
}

function logOf(machine: RunningMachine, index: number): string {
  return `${machine.lab.folder}/logs/${machine.name}/kubelet-${index}.log`;
}
