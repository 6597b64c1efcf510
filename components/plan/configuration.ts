import { homedir } from "node:os";
import * as pulumi from "@pulumi/pulumi";
import type { NodeAddress } from "../../trust/words/facts.ts";
import { nearest } from "../../trust/words/nearest.ts";
import type { ApiServerStance, KeyAlgorithm, ServingMode } from "../../trust/words/vocabulary.ts";
import type { KubeletConfiguration } from "../kubeadm/kubelet-configuration.ts";
import type { HardeningArgs } from "../model/hardening.ts";
import { isMap } from "../model/inputs.ts";
import type { MachineArgs } from "../model/machines.ts";
import { wantedCa } from "./authority-problems.ts";
import type { ClusterArgs, PoolArgs } from "./cluster-args.ts";
import { type ClusterPlan, planCluster, planProblems } from "./cluster-plan.ts";
import { readDeployedCa } from "./deployed-ca.ts";
import { failOn } from "./failure.ts";
import {
  type CaRotation,
  type CaStanding,
  orderProblems,
  type RotationPhase,
  standingOf,
} from "./rotation.ts";
import { type Target, targetProblems } from "./target.ts";

/** What a stack's configuration says. */
export type Configuration = {
  cluster: ClusterPlan;
  target: Target;
};

/** Every key of the project's namespace and the kind of its value; Pulumi.yaml describes them. */
const keys = {
  clusterName: "text",
  kubernetesVersion: "text",
  controlPlaneEndpoint: "text",
  controlPlanes: "list",
  controlPlaneServingMode: "text",
  nodePools: "list",
  nodesOfOtherStacks: "list",
  stance: "text",
  skipReason: "text",
  keyAlgorithm: "text",
  validityHours: "number",
  caValidityHours: "number",
  earlyRenewalHours: "number",
  caCertificate: "text",
  caPrivateKey: "text",
  caGeneration: "number",
  caRotation: "text",
  caRotationBehind: "map",
  nextCaCertificate: "text",
  nextCaPrivateKey: "text",
  serviceSubnet: "text",
  podSubnet: "text",
  dnsDomain: "text",
  bootstrapToken: "boolean",
  bootstrapTokenExpiration: "text",
  caKeyOnControlPlanes: "boolean",
  superAdminHours: "number",
  hardening: "map",
  approverImage: "text",
  approverVersion: "text",
  kubeconfig: "text",
  renderTo: "text",
  machineFiles: "text",
} as const;

type Key = keyof typeof keys;

/** Keys whose values must be secrets, and the certificates that they belong to. No other key may be a secret. */
const privateKeys = {
  caPrivateKey: "caCertificate",
  nextCaPrivateKey: "nextCaCertificate",
} as const;

/** What says more of a rotation, and nothing without one. */
const ofRotations = ["caRotationBehind", "nextCaCertificate", "nextCaPrivateKey"] as const;

/**
 * The configuration of the stack that runs.
 *
 * @throws pulumi.RunError when a key is unknown or a value will not do, with one paragraph for each; and when it cannot
 *   follow what is deployed.
 */
export async function readConfiguration(): Promise<Configuration> {
  const configuration = parseConfiguration(
    pulumi.getProject(),
    pulumi.getStack(),
    pulumi.runtime.allConfig(),
    secretKeys(),
  );
  // Last: to answer, the engine notes a provider in the state.
  failOn(succession(configuration, await readDeployedCa()));
  return configuration;
}

/** Full keys of the values that were set as secrets: the SDK reads the same variable and tells nobody. */
function secretKeys(): string[] {
  return JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
}

/**
 * Reads a configuration as the engine hands it over: texts by `namespace:key`, lists and maps as JSON. An empty text
 * is the same as no value.
 *
 * @param secrets the full keys that were set as secrets
 * @throws pulumi.RunError as {@link readConfiguration}
 */
export function parseConfiguration(
  project: string,
  stack: string,
  config: Readonly<Record<string, string>>,
  secrets: readonly string[],
): Configuration {
  const prefix = `${project}:`;
  const own = Object.entries(config)
    .filter(([key, value]) => key.startsWith(prefix) && value !== "")
    .map(([key, value]) => [key.slice(prefix.length), value] as const);
  const problems = own.flatMap(([key]) => unknownKey(key, Object.keys(keys), prefix));
  const values = readValues(Object.fromEntries(own), problems);
  const machines = readMachines(values, problems);
  problems.push(...Object.keys(values).flatMap((key) => plainProblems(key, prefix, secrets)));
  problems.push(...authorityProblems(values, prefix, secrets));
  const target = {
    kubeconfig: atHome(values.kubeconfig as string | undefined),
    renderTo: atHome(values.renderTo as string | undefined) ?? "rendered",
    machineFiles: (values.machineFiles as string | undefined) ?? "folder",
  };
  problems.push(...targetProblems(target));
  const asked = clusterArgs(stack, values, machines);
  // What it follows is looked at once everything else is right, by succession().
  const args = { ...asked, deployedCa: standingOf(wantedCa(asked)) };
  if (problems.length > 0) {
    failOn([...problems, ...furtherProblems(problems, planProblems(stack, args))].map(inOwnWords));
  }
  // Planned here and not by Cluster, so that a problem is found before the provider is registered.
  failOn(planProblems(stack, args).map(inOwnWords));
  return { cluster: planCluster(stack, args), target };
}

/** Why a configuration cannot follow what is deployed, in its own keys. */
export function succession(
  { cluster }: Configuration,
  deployed: CaStanding | "absent",
): readonly string[] {
  return orderProblems(cluster.caStanding, deployed).map(inOwnWords);
}

/** The configuration's keys for what a cluster's arguments call otherwise. */
const ownWords = [
  ["certificateAuthority.certPem", "caCertificate"],
  ["certificateAuthority.privateKeyPem", "caPrivateKey"],
  ["certificateAuthority", "caCertificate"],
  ["caRotation.next.certPem", "nextCaCertificate"],
  ["caRotation.next.privateKeyPem", "nextCaPrivateKey"],
  ["caRotation.next", "nextCaCertificate"],
  ["caRotation.behind", "caRotationBehind"],
  ["caRotation.phase", "caRotation"],
] as const;

function inOwnWords(problem: string): string {
  return ownWords.reduce((text, [theirs, own]) => text.replace(theirs, own), problem);
}

/** Those of the plan that do not follow from what has no form: nothing more is said of a field that was told already. */
function furtherProblems(told: readonly string[], planned: readonly string[]): string[] {
  const fields = told.flatMap((problem) => [fieldOf(problem), ...meantBy(problem)]);
  return planned.filter((problem) => {
    const field = fieldOf(inOwnWords(problem));
    return !fields.some(
      (one) => field === one || field.startsWith(`${one}.`) || field.startsWith(`${one}[`),
    );
  });
}

/** The field that a misspelt key was meant to be: it is not missing. */
function meantBy(problem: string): string[] {
  const [, map, key] =
    /^(.*)\.[^.]+: there is no such key\. Did you mean (\w+)\?$/.exec(problem) ?? [];
  return map === undefined ? [] : [`${map}.${key}`];
}

/** `nodePools[0].nodes[1].name` of `nodePools[0].nodes[1].name: ...`. */
function fieldOf(problem: string): string {
  return /^[\w.[\]]+/.exec(problem)?.[0] ?? problem;
}

/** What is wrong with the form of CAs and rotations. */
function authorityProblems(values: Values, prefix: string, secrets: readonly string[]): string[] {
  const problems: string[] = [];
  for (const [key, certificate] of Object.entries(privateKeys) as [Key, Key][]) {
    if (values[key] !== undefined && !secrets.includes(`${prefix}${key}`)) {
      problems.push(
        `${key}: the key stands in plain text in the stack's configuration. Set it with pulumi config set --secret.`,
      );
    }
    if (values[key] !== undefined && values[certificate] === undefined) {
      problems.push(`${key}: a key without its certificate. Set ${certificate} too.`);
    }
    for (const one of [certificate, key]) {
      problems.push(...pathProblems(one, values[one] as string | undefined));
    }
  }
  for (const key of ofRotations) {
    if (values[key] === undefined || values.caRotation !== undefined) continue;
    if (isMap(values[key]) && Object.keys(values[key]).length === 0) continue;
    problems.push(
      `${key}: there is no rotation for it. Remove it, or set caRotation; after a rotation the next CA is caCertificate.`,
    );
  }
  return problems;
}

/** A PEM goes into the configuration itself, so that no other machine needs the file. Never quotes what is no path. */
function pathProblems(key: Key, value: string | undefined): string[] {
  if (value === undefined || value.includes("-----BEGIN") || !/^[\w.~/\\-]+$/.test(value))
    return [];
  if (!/^[.~]{0,2}\/|\.(crt|key|pem|cer)$/.test(value)) return [];
  const secret = key in privateKeys ? "--secret " : "";
  return [
    `${key}: ${JSON.stringify(value)} is a path, and the PEM itself is wanted. Set it: npm run pulumi -- config set ${secret}${key} < ${value}`,
  ];
}

/** A path as a shell would take it: `~` is the user's home. */
function atHome(path: string | undefined): string | undefined {
  return path?.replace(/^~(?=$|\/)/, homedir());
}

/** Everything but a key reaches files, labels, flags or outputs that others may read. */
function plainProblems(key: string, prefix: string, secrets: readonly string[]): string[] {
  return !(key in privateKeys) && secrets.includes(`${prefix}${key}`)
    ? [
        `${key}: the value was set with --secret, and would be plain in what it reaches (ConfigMaps, manifests, the state's outputs). Set it without --secret, and keep what is secret out of it.`,
      ]
    : [];
}

type Values = Partial<Record<Key, unknown>>;

function clusterArgs(
  stack: string,
  values: Values,
  { controlPlanes, nodePools, nodesOfOtherStacks }: ReturnType<typeof readMachines>,
): ClusterArgs {
  const text = (key: Key) => values[key] as string | undefined;
  const number = (key: Key) => values[key] as number | undefined;
  const authority = (certificate: Key, key: Key) => {
    const certPem = text(certificate);
    return certPem === undefined ? undefined : defined({ certPem, privateKeyPem: text(key) });
  };
  const phase = text("caRotation") as RotationPhase | undefined;
  return defined({
    clusterName: text("clusterName") ?? stack,
    kubernetesVersion: text("kubernetesVersion"),
    controlPlaneEndpoint: text("controlPlaneEndpoint"),
    controlPlanes,
    controlPlaneServingMode: text("controlPlaneServingMode") as ServingMode | undefined,
    nodePools,
    nodesOfOtherStacks,
    stance: text("stance") as ApiServerStance | undefined,
    skipReason: text("skipReason"),
    keyAlgorithm: text("keyAlgorithm") as KeyAlgorithm | undefined,
    validityHours: number("validityHours"),
    caValidityHours: number("caValidityHours"),
    earlyRenewalHours: number("earlyRenewalHours"),
    certificateAuthority: authority("caCertificate", "caPrivateKey"),
    caGeneration: number("caGeneration"),
    caRotation:
      phase === undefined
        ? undefined
        : defined({
            phase,
            next: authority("nextCaCertificate", "nextCaPrivateKey"),
            behind: values.caRotationBehind as CaRotation["behind"],
          }),
    serviceSubnet: text("serviceSubnet"),
    podSubnet: text("podSubnet"),
    dnsDomain: text("dnsDomain"),
    bootstrapToken: values.bootstrapToken as boolean | undefined,
    bootstrapTokenExpiration: text("bootstrapTokenExpiration"),
    caKeyOnControlPlanes: values.caKeyOnControlPlanes as boolean | undefined,
    superAdminHours: number("superAdminHours"),
    hardening: values.hardening as HardeningArgs | undefined,
    approver: defined({ image: text("approverImage"), version: text("approverVersion") }),
  });
}

function readValues(own: Readonly<Record<string, string>>, problems: string[]): Values {
  const values: Values = {};
  for (const [key, kind] of Object.entries(keys)) {
    const text = own[key];
    if (text === undefined) continue;
    const value = parseValue(text, kind);
    if (value === undefined) {
      problems.push(`${key}: this is no ${kind}. ${advice[kind]}`);
    } else {
      values[key as Key] = value;
    }
  }
  return values;
}

const advice = {
  text: "Give a text.",
  number: "Give a whole number.",
  boolean: "Write true or false.",
  list: "Give a YAML list in Pulumi.<stack>.yaml.",
  map: "Give a YAML map in Pulumi.<stack>.yaml.",
};

function parseValue(text: string, kind: (typeof keys)[Key]): unknown {
  switch (kind) {
    case "text":
      return text;
    case "number":
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "list":
      return parseJson(text, Array.isArray);
    case "map":
      return parseJson(text, isMap);
  }
}

function parseJson<T>(text: string, is: (value: unknown) => value is T): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return is(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readMachines(values: Values, problems: string[]) {
  const list = (value: unknown) => (value as unknown[] | undefined) ?? [];
  const controlPlanes = list(values.controlPlanes).flatMap((entry, i) =>
    readMachine(entry, `controlPlanes[${i}]`, problems),
  );
  const nodePools = list(values.nodePools).flatMap((entry, i) =>
    readPool(entry, `nodePools[${i}]`, problems),
  );
  const nodesOfOtherStacks = list(values.nodesOfOtherStacks).flatMap((entry, i) =>
    readMachine(entry, `nodesOfOtherStacks[${i}]`, problems),
  );
  return { controlPlanes, nodePools, nodesOfOtherStacks };
}

const poolKeys = ["name", "servingMode", "nodes", "kubeletConfiguration"];

/**
 * What has no form in a pool or a machine is told and left out; the rest stays in its place, so that it is checked too
 * and told by its right field.
 */
function readPool(entry: unknown, field: string, problems: string[]): PoolArgs[] {
  const pool = readMap(entry, field, poolKeys, problems) ?? { name: placeholder(field) };
  const { nodes = [], kubeletConfiguration } = pool;
  if (!Array.isArray(nodes)) {
    problems.push(`${field}.nodes: this is no list. Give a list of nodes.`);
  }
  if (kubeletConfiguration !== undefined && !isMap(kubeletConfiguration)) {
    problems.push(
      `${field}.kubeletConfiguration: this is no map. Give KubeletConfiguration fields.`,
    );
  }
  return [
    defined({
      name: readText(pool.name ?? null, `${field}.name`, problems) ?? placeholder(field),
      servingMode: readText(pool.servingMode, `${field}.servingMode`, problems) as
        | ServingMode
        | undefined,
      nodes: Array.isArray(nodes)
        ? nodes.flatMap((node, i) => readMachine(node, `${field}.nodes[${i}]`, problems))
        : [],
      kubeletConfiguration: isMap(kubeletConfiguration)
        ? (kubeletConfiguration as KubeletConfiguration)
        : undefined,
    }),
  ];
}

/** Stands for a name, or an address, that has no form. Problems that speak of it follow from what was told. */
function placeholder(field: string): string {
  return `unread-${field.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}x`;
}

const machineKeys = ["name", "addresses", "selfSignedCertificate"];

function readMachine(entry: unknown, field: string, problems: string[]): MachineArgs[] {
  const machine = readMap(entry, field, machineKeys, problems) ?? { name: placeholder(field) };
  const { addresses = [] } = machine;
  if (!Array.isArray(addresses)) {
    problems.push(`${field}.addresses: this is no list. Give a list, e.g. [10.240.0.11].`);
  }
  return [
    defined({
      name: readText(machine.name ?? null, `${field}.name`, problems) ?? placeholder(field),
      addresses: Array.isArray(addresses)
        ? addresses.map((address, i) => readAddress(address, `${field}.addresses[${i}]`, problems))
        : [],
      selfSignedCertificate: readText(
        machine.selfSignedCertificate,
        `${field}.selfSignedCertificate`,
        problems,
      ),
    }),
  ];
}

function readAddress(entry: unknown, field: string, problems: string[]): string | NodeAddress {
  if (typeof entry === "string") return entry;
  const none = { type: "InternalDNS", address: placeholder(field) } as const;
  const map = readMap(entry, field, ["type", "address"], problems);
  if (map === undefined) return none;
  const type = readText(map.type ?? null, `${field}.type`, problems);
  const address = readText(map.address ?? null, `${field}.address`, problems);
  if (type === undefined || address === undefined) return none;
  return { type, address } as NodeAddress;
}

function readMap(
  entry: unknown,
  field: string,
  known: readonly string[],
  problems: string[],
): Record<string, unknown> | undefined {
  if (!isMap(entry)) {
    problems.push(
      `${field}: ${JSON.stringify(entry)} is no map. Give a map with ${known.join(", ")}.`,
    );
    return undefined;
  }
  problems.push(...Object.keys(entry).flatMap((key) => unknownKey(key, known, `${field}.`)));
  return entry;
}

/** The text; `undefined` where there is none, and where there is something else, which is told. Null is missing. */
function readText(value: unknown, field: string, problems: string[]): string | undefined {
  if (typeof value === "string" || value === undefined) return value;
  const what = value === null ? "is missing" : `is ${JSON.stringify(value)}, no text`;
  problems.push(`${field}: the value ${what}. Give a text; put numbers in quotes.`);
  return undefined;
}

function unknownKey(key: string, known: readonly string[], prefix: string): string[] {
  if (known.includes(key)) return [];
  const meant = nearest(key, known);
  const remedy =
    meant === undefined ? `Known keys: ${known.join(", ")}.` : `Did you mean ${meant}?`;
  return [`${prefix}${key}: there is no such key. ${remedy}`];
}

/** The same without the fields that have no value. */
function defined<T extends object>(
  value: T,
): { [K in keyof T]: Exclude<T[K], undefined> } & Record<never, never> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
