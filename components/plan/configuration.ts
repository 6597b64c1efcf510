import * as pulumi from "@pulumi/pulumi";
import type { NodeAddress } from "../../trust/words/facts.ts";
import type { ApiServerStance, KeyAlgorithm, ServingMode } from "../../trust/words/vocabulary.ts";
import type { KubeletConfiguration } from "../kubeadm/kubelet-configuration.ts";
import type { MachineArgs } from "../model/machines.ts";
import type { ClusterArgs, PoolArgs } from "./cluster-args.ts";
import { type ClusterPlan, planCluster } from "./cluster-plan.ts";
import { failOn } from "./failure.ts";
import { nearest } from "./names.ts";
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
  serviceSubnet: "text",
  podSubnet: "text",
  dnsDomain: "text",
  bootstrapToken: "boolean",
  bootstrapTokenExpiration: "text",
  caKeyOnControlPlanes: "boolean",
  superAdminHours: "number",
  approverImage: "text",
  approverVersion: "text",
  kubeconfig: "text",
  renderTo: "text",
  machineFiles: "text",
} as const;

type Key = keyof typeof keys;

/**
 * The configuration of the stack that runs.
 *
 * @throws pulumi.RunError when a key is unknown or a value will not do, with one paragraph for each.
 */
export function readConfiguration(): Configuration {
  return parseConfiguration(
    pulumi.getProject(),
    pulumi.getStack(),
    pulumi.runtime.allConfig(),
    secretKeys(),
  );
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
  if (values.caPrivateKey !== undefined && !secrets.includes(`${prefix}caPrivateKey`)) {
    problems.push(
      "caPrivateKey: the key stands in plain text in the stack's configuration. Set it with pulumi config set --secret.",
    );
  }
  if (values.caPrivateKey !== undefined && values.caCertificate === undefined) {
    problems.push("caPrivateKey: a key without its certificate. Set caCertificate too.");
  }
  const target = {
    kubeconfig: values.kubeconfig as string | undefined,
    renderTo: (values.renderTo as string | undefined) ?? "rendered",
    machineFiles: (values.machineFiles as string | undefined) ?? "folder",
  };
  problems.push(...targetProblems(target));
  // What has no form cannot be judged further.
  failOn(problems);
  // Planned here and not by Cluster, so that a problem is found before the provider is registered.
  const cluster = planCluster(stack, clusterArgs(stack, values, machines));
  return { cluster, target };
}

/** Everything but a key reaches files, labels, flags or outputs that others may read. */
function plainProblems(key: string, prefix: string, secrets: readonly string[]): string[] {
  return key !== "caPrivateKey" && secrets.includes(`${prefix}${key}`)
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
  const { caCertificate, caPrivateKey } = values as Record<string, string | undefined>;
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
    certificateAuthority:
      caCertificate === undefined
        ? undefined
        : defined({ certPem: caCertificate, privateKeyPem: caPrivateKey }),
    serviceSubnet: text("serviceSubnet"),
    podSubnet: text("podSubnet"),
    dnsDomain: text("dnsDomain"),
    bootstrapToken: values.bootstrapToken as boolean | undefined,
    bootstrapTokenExpiration: text("bootstrapTokenExpiration"),
    caKeyOnControlPlanes: values.caKeyOnControlPlanes as boolean | undefined,
    superAdminHours: number("superAdminHours"),
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
      return parseList(text);
  }
}

function parseList(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
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

function readPool(entry: unknown, field: string, problems: string[]): PoolArgs[] {
  const pool = readMap(entry, field, poolKeys, problems);
  if (pool === undefined) return [];
  const { nodes = [], kubeletConfiguration } = pool;
  const found = problems.length;
  requireText(pool.name, `${field}.name`, problems);
  if (pool.servingMode !== undefined) {
    requireText(pool.servingMode, `${field}.servingMode`, problems);
  }
  if (!Array.isArray(nodes)) {
    problems.push(`${field}.nodes: this is no list. Give a list of nodes.`);
  }
  if (kubeletConfiguration !== undefined && !isMap(kubeletConfiguration)) {
    problems.push(
      `${field}.kubeletConfiguration: this is no map. Give KubeletConfiguration fields.`,
    );
  }
  const machines = Array.isArray(nodes)
    ? nodes.flatMap((node, i) => readMachine(node, `${field}.nodes[${i}]`, problems))
    : [];
  if (problems.length > found) return [];
  return [
    defined({
      name: pool.name as string,
      servingMode: pool.servingMode as ServingMode | undefined,
      nodes: machines,
      kubeletConfiguration: kubeletConfiguration as KubeletConfiguration | undefined,
    }),
  ];
}

const machineKeys = ["name", "addresses", "selfSignedCertificate"];

function readMachine(entry: unknown, field: string, problems: string[]): MachineArgs[] {
  const machine = readMap(entry, field, machineKeys, problems);
  if (machine === undefined) return [];
  const { addresses = [], selfSignedCertificate } = machine;
  const found = problems.length;
  requireText(machine.name, `${field}.name`, problems);
  if (selfSignedCertificate !== undefined) {
    requireText(selfSignedCertificate, `${field}.selfSignedCertificate`, problems);
  }
  if (!Array.isArray(addresses)) {
    problems.push(`${field}.addresses: this is no list. Give a list, e.g. [10.240.0.11].`);
  } else {
    addresses.forEach((address, i) => {
      readAddress(address, `${field}.addresses[${i}]`, problems);
    });
  }
  if (problems.length > found) return [];
  return [
    defined({
      name: machine.name as string,
      addresses: addresses as (string | NodeAddress)[],
      selfSignedCertificate: selfSignedCertificate as string | undefined,
    }),
  ];
}

function readAddress(entry: unknown, field: string, problems: string[]): void {
  if (typeof entry === "string") return;
  const address = readMap(entry, field, ["type", "address"], problems);
  if (address === undefined) return;
  requireText(address.type, `${field}.type`, problems);
  requireText(address.address, `${field}.address`, problems);
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

function requireText(value: unknown, field: string, problems: string[]): void {
  if (typeof value === "string") return;
  const what = value === undefined ? "is missing" : `is ${JSON.stringify(value)}, no text`;
  problems.push(`${field}: the value ${what}. Give a text; put numbers in quotes.`);
}

function unknownKey(key: string, known: readonly string[], prefix: string): string[] {
  if (known.includes(key)) return [];
  const meant = nearest(key, known);
  const remedy =
    meant === undefined ? `Known keys: ${known.join(", ")}.` : `Did you mean ${meant}?`;
  return [`${prefix}${key}: there is no such key. ${remedy}`];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The same without the fields that have no value. */
function defined<T extends object>(
  value: T,
): { [K in keyof T]: Exclude<T[K], undefined> } & Record<never, never> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
