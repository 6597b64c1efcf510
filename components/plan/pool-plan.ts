import { X509Certificate } from "node:crypto";
import { certificateOf, paths } from "../../trust/contract.ts";
import { canonicalIp } from "../../trust/go/ip.ts";
import { coherence } from "../../trust/judge/coherence.ts";
import { servingModeMeaning } from "../../trust/words/serving-mode.ts";
import {
  type ApiServerStance,
  apiServerStances,
  nodeAddressTypes,
  type ServingMode,
  servingModes,
} from "../../trust/words/vocabulary.ts";
import { CheckedConfiguration, checkConfiguration } from "../kubeadm/kubelet-configuration.ts";
import { isLater } from "../model/inputs.ts";
import {
  type AddressArgs,
  knownAddresses,
  type Machine,
  type MachineArgs,
  machine,
  typed,
} from "../model/machines.ts";
import { isDnsName, labelProblems, machineNameProblems } from "../model/names.ts";
import { certificatesIn, strayProblems } from "../pki/certificates.ts";
import type { PoolArgs } from "./cluster-args.ts";
import { clusterDefaults } from "./defaults.ts";
import { fail, failOn } from "./failure.ts";
import { checkedOnceKnown } from "./once-known.ts";

/** A pool, checked and in full. */
export type PlannedPool = {
  readonly name: string;
  readonly servingMode: ServingMode;
  readonly machines: readonly Machine[];
  readonly configuration: CheckedConfiguration;
};

/** What a pool is checked against. */
export type PoolContext = {
  readonly stance: ApiServerStance;
  /** With or without the `v`. */
  readonly kubernetesVersion: string;
};

/**
 * Checks a pool as {@link planPool} does; what is an Output is checked once it is known, and fails what waits for it.
 *
 * @throws pulumi.RunError with one paragraph for each problem.
 */
export function planOwnPool(pool: PoolArgs, context: PoolContext, field: string): PlannedPool {
  const plan = (wanted: PoolArgs) => planPool(wanted, context, field);
  const problemsOf = (wanted: PoolArgs) => {
    const answer = plan(wanted);
    return isPlanned(answer) ? duplicateProblems(fieldsOf(wanted, field)) : answer;
  };
  failOn(problemsOf(pool));
  const answer = plan(checkedOnceKnown(pool, problemsOf));
  return isPlanned(answer) ? answer : fail(answer);
}

function fieldsOf({ nodes }: PoolArgs, field: string) {
  return nodes.map((node, i) => ({ field: `${field}.nodes[${i}]`, machine: node }));
}

/**
 * Checks a pool and fills in the defaults, or tells what is wrong with it: its name, its mode, its machines, its
 * kubelet configuration. Each problem begins with the field, as a path from `field`, and ends with a remedy.
 */
export function planPool(
  pool: PoolArgs,
  { stance, kubernetesVersion }: PoolContext,
  field: string,
): PlannedPool | readonly string[] {
  const mode = pool.servingMode ?? clusterDefaults.servingMode;
  if (!servingModes.includes(mode)) {
    return [
      `${field}.servingMode: ${JSON.stringify(mode)} is no serving mode. Use one of ${servingModes.join(", ")}.`,
      // What is wrong whichever was meant.
      ...common(
        servingModes.map((servingMode) => {
          const answer = planPool({ ...pool, servingMode }, { stance, kubernetesVersion }, field);
          return isPlanned(answer) ? [] : answer;
        }),
      ),
    ];
  }
  const configuration = checkConfiguration(
    mode,
    pool.kubeletConfiguration ?? {},
    `${field}.kubeletConfiguration`,
    kubernetesVersion,
  );
  const problems = [
    ...labelProblems(pool.name, `${field}.name`),
    ...coherenceProblems(mode, stance, `${field}.servingMode`),
    ...machinesProblems(pool.nodes, mode, stance, `${field}.nodes`),
  ];
  if (!(configuration instanceof CheckedConfiguration)) return [...problems, ...configuration];
  if (problems.length > 0) return problems;
  return { name: pool.name, servingMode: mode, machines: pool.nodes.map(machine), configuration };
}

/** Those that are in every list, in the order of the first. */
export function common(lists: readonly (readonly string[])[]): string[] {
  const [first = [], ...others] = lists;
  return first.filter((text) => others.every((other) => other.includes(text)));
}

/** Whether it is a planned pool, and neither a user's description nor a list of problems. */
export function isPlanned(pool: PoolArgs | PlannedPool | readonly string[]): pool is PlannedPool {
  return "machines" in pool;
}

/** Whether kubelets in a mode and kube-apiserver with a stance agree; if not, both ways out. */
export function coherenceProblems(
  mode: ServingMode,
  stance: ApiServerStance,
  field: string,
): string[] {
  // The bundle of trustSelfSigned holds the issuing CA too, so issued certificates are verified as ever.
  const isIssued = servingModeMeaning[mode].madeBy !== "kubelet";
  const effective = stance === "trustSelfSigned" && isIssued ? "verify" : stance;
  const answer = coherence(mode, effective);
  if (answer.coherent) return [];
  return [
    `${field}: ${mode} does not go together with stance ${stance}: ${answer.reason} A user would see e.g. "${answer.symptom}". Either use servingMode ${modesFor(stance)}, or keep ${mode} and use stance ${stancesFor(mode)}.`,
  ];
}

function modesFor(stance: ApiServerStance): string {
  return servingModes.filter((mode) => coherence(mode, stance).coherent).join(" or ");
}

function stancesFor(mode: ServingMode): string {
  const needs = {
    verify: "",
    trustSelfSigned: " with each kubelet.crt",
    skip: " with a skipReason",
  };
  return apiServerStances
    .filter((stance) => coherence(mode, stance).coherent)
    .map((stance) => stance + needs[stance])
    .join(" or ");
}

/** What is wrong with the machines of a pool, or with the control planes. */
export function machinesProblems(
  machines: readonly MachineArgs[],
  mode: ServingMode,
  stance: ApiServerStance,
  field: string,
): string[] {
  return machines.flatMap((args, index) => {
    const at = `${field}[${index}]`;
    const own = [
      ...machineNameProblems(args.name, `${at}.name`),
      ...listedAddresses(args).flatMap((address, i) =>
        addressProblems(address, args.name, `${at}.addresses[${i}]`),
      ),
    ];
    return own.length > 0
      ? own
      : [...needsIp(args, mode, at), ...selfSignedProblems(args, mode, stance, at)];
  });
}

/** Machines, or their addresses, that occur twice in a cluster; `labelled` says where each machine stands. */
export function duplicateProblems(
  labelled: readonly { field: string; machine: MachineArgs }[],
): string[] {
  const names = new Map<string, string>();
  const addresses = new Map<string, string>();
  return labelled.flatMap(({ field, machine: args }) => {
    const problems: string[] = [];
    const namesake = names.get(args.name);
    if (namesake !== undefined) {
      problems.push(
        `${field}.name: ${JSON.stringify(args.name)} is the name of ${namesake} too. Give each machine a name of its own.`,
      );
    }
    names.set(args.name, field);
    problems.push(...repeatedAddresses(args, field));
    for (const address of new Set(knownAddresses(machine(args), "InternalIP"))) {
      if (address === undefined) continue;
      const owner = addresses.get(address);
      if (owner !== undefined) {
        problems.push(
          `${field}.addresses: ${address} is an InternalIP of ${owner} too, and kube-apiserver could not tell them apart. Give each machine addresses of its own.`,
        );
      }
      addresses.set(address, field);
    }
    return problems;
  });
}

/** The same address twice on one machine, however it is written: `::ffff:10.0.0.1` is 10.0.0.1. */
function repeatedAddresses(args: MachineArgs, field: string): string[] {
  const seen = new Map<string, number>();
  return listedAddresses(args).flatMap((entry, i) => {
    const { type, address } = typed(entry);
    if (typeof address !== "string") return [];
    const key = `${type} ${canonicalIp(address) ?? address}`;
    const first = seen.get(key);
    seen.set(key, first ?? i);
    return first === undefined
      ? []
      : [
          `${field}.addresses[${i}]: ${address} is the same address as addresses[${first}]. Leave one of them out.`,
        ];
  });
}

/** None where the list is an Output. */
function listedAddresses({ addresses = [] }: MachineArgs): readonly AddressArgs[] {
  return isLater(addresses) ? [] : addresses;
}

function addressProblems(entry: AddressArgs, name: string, field: string): string[] {
  const { type, address } = typed(entry);
  if (!(nodeAddressTypes as readonly string[]).includes(type)) {
    return [
      `${field}.type: ${JSON.stringify(type)} is no node address type. Use one of ${nodeAddressTypes.join(", ")}.`,
    ];
  }
  if (isLater(address)) return [];
  if (type === "Hostname") {
    return address === name
      ? []
      : [
          `${field}.address: the Hostname of a node is its --hostname-override, ${JSON.stringify(name)}, not ${JSON.stringify(address)}. Leave the entry out; the name is always there.`,
        ];
  }
  if (type.endsWith("IP") && (typeof address !== "string" || canonicalIp(address) === undefined)) {
    return [
      `${field}: ${JSON.stringify(address)} is no IP address. Write an IPv4 or IPv6 address, or give a DNS name as {type: InternalDNS, address: ...}.`,
    ];
  }
  if (type.endsWith("DNS") && !isDnsName(address)) {
    return [
      `${field}: ${JSON.stringify(address)} is no DNS name. Use lower-case letters, digits, - and .`,
    ];
  }
  return [];
}

function needsIp(args: MachineArgs, mode: ServingMode, field: string): string[] {
  const { needsAddress: why } = servingModeMeaning[mode];
  if (why === undefined || knownAddresses(machine(args), "InternalIP")?.length !== 0) return [];
  return [
    `${field}.addresses: ${args.name} has no InternalIP, and in mode ${mode} ${why}. Add its IP address.`,
  ];
}

function selfSignedProblems(
  { name, selfSignedCertificate }: MachineArgs,
  mode: ServingMode,
  stance: ApiServerStance,
  field: string,
): string[] {
  if (servingModeMeaning[mode].madeBy !== "kubelet") {
    return selfSignedCertificate === undefined
      ? []
      : [
          `${field}.selfSignedCertificate: ${name} is in mode ${mode} and does not sign its own. Remove the field, or use servingMode selfSigned.`,
        ];
  }
  if (selfSignedCertificate === undefined) {
    return stance === "trustSelfSigned"
      ? [
          `${field}.selfSignedCertificate: stance trustSelfSigned trusts the certificates handed in, and that of ${name} is missing. Copy /var/lib/kubelet/pki/kubelet.crt from the machine, or use servingMode provisioned.`,
        ]
      : [];
  }
  return isLater(selfSignedCertificate)
    ? []
    : certificateProblems(selfSignedCertificate, name, `${field}.selfSignedCertificate`);
}

/** A kubelet.crt names the host name alone, and holds the leaf first. */
function certificateProblems(pem: string, name: string, field: string): string[] {
  const stray = strayProblems(pem, field, "The kubelet's key stays on its machine.");
  if (stray.length > 0) return stray;
  const certificates = certificatesIn(pem);
  const leaf = typeof certificates === "string" ? undefined : certificates[0];
  if (leaf === undefined) {
    return [
      `${field}: not a PEM certificate. Give the whole text of ${certificateOf(paths.kubeletSelfSigned)}.`,
    ];
  }
  return new X509Certificate(leaf.der).checkHost(name, { subject: "never" }) === undefined
    ? [
        `${field}: this certificate does not name ${name}. Give the kubelet.crt of that machine; after a change of its name, delete the file there and restart the kubelet.`,
      ]
    : [];
}
