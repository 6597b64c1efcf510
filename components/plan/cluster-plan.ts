import { newestKnownVersion } from "../../trust/kubernetes/version.ts";
import { apiServerStances, keyAlgorithms, servingModes } from "../../trust/words/vocabulary.ts";
import { stanceProblems } from "../api-server-kubelet-access.ts";
import { expirationProblems } from "../bootstrap-token.ts";
import { defaultAuthorityHours } from "../certificate-authority.ts";
import type { ClusterArgs } from "../cluster.ts";
import type { ControlPlaneHost } from "../control-plane-certificates.ts";
import { authorityEnd, authorityProblems } from "../pki/existing-authority.ts";
import { canonicalIp, hostPort, subnetAddress } from "./addresses.ts";
import { apiServerPort, type ClusterSettings, endpointHost } from "./cluster-settings.ts";
import { failOn } from "./failure.ts";
import { addressesOf, type Machine, machine } from "./machines.ts";
import { isDnsName, labelProblems } from "./names.ts";
import {
  coherenceProblems,
  duplicateProblems,
  machinesProblems,
  poolProblems,
} from "./pool-problems.ts";
import { bareVersion, versionProblems } from "./versions.ts";

/** A cluster's arguments, checked and in full. */
export interface ClusterPlan {
  settings: ClusterSettings;
  controlPlanes: readonly Machine[];
  controlPlaneServingMode: NonNullable<ClusterArgs["controlPlaneServingMode"]>;
  hosts: readonly ControlPlaneHost[];
  /** Control planes first. */
  machines: readonly Machine[];
  /** Those in mode `bootstrap`. */
  bootstrapping: readonly Machine[];
  /** Those in mode `selfSigned`. */
  selfSigned: readonly Machine[];
}

/**
 * Checks a cluster's arguments and fills in the defaults. Pure: nothing is registered.
 *
 * @throws pulumi.RunError with one paragraph for each problem: the field, the value, the remedy.
 */
export function planCluster(name: string, args: ClusterArgs): ClusterPlan {
  failOn(clusterProblems(name, args, new Date()));
  const controlPlaneServingMode = args.controlPlaneServingMode ?? "provisioned";
  const controlPlanes = args.controlPlanes.map(machine);
  const pools = args.nodePools.map(({ servingMode = "provisioned", nodes }) => ({
    servingMode,
    machines: nodes.map(machine),
  }));
  const all = [{ servingMode: controlPlaneServingMode, machines: controlPlanes }, ...pools];
  const inMode = (mode: string) =>
    all.filter(({ servingMode }) => servingMode === mode).flatMap(({ machines }) => machines);
  const hosts = controlPlanes.map((host) => ({
    name: host.name,
    advertiseAddress: addressesOf(host, "InternalIP")[0] ?? "",
  }));
  return {
    settings: settingsOf(name, args, hosts[0]?.advertiseAddress ?? ""),
    controlPlanes,
    controlPlaneServingMode,
    hosts,
    machines: all.flatMap(({ machines }) => machines),
    bootstrapping: inMode("bootstrap"),
    selfSigned: inMode("selfSigned"),
  };
}

/** Everything that is wrong with a cluster's arguments, each problem a paragraph. */
export function clusterProblems(name: string, args: ClusterArgs, now: Date): string[] {
  const stance = args.stance ?? "verify";
  const mode = args.controlPlaneServingMode ?? "provisioned";
  const words = [
    ...oneOf(stance, apiServerStances, "stance"),
    ...oneOf(mode, servingModes, "controlPlaneServingMode"),
    ...oneOf(args.keyAlgorithm ?? "ECDSA-P256", keyAlgorithms, "keyAlgorithm"),
  ];
  if (words.length > 0) return words;
  return [
    ...labelProblems(args.clusterName ?? name, "clusterName"),
    ...versionProblems(args.kubernetesVersion ?? newestKnownVersion, "kubernetesVersion"),
    ...endpointProblems(args.controlPlaneEndpoint),
    ...networkProblems(args),
    ...stanceProblems(stance, args.skipReason),
    ...lifetimeProblems(args),
    ...existingAuthorityProblems(args, now),
    ...expirationProblems(args.bootstrapTokenExpiration, "bootstrapTokenExpiration"),
    ...controlPlaneProblems(args, mode, stance),
    ...args.nodePools.flatMap((pool, i) => poolProblems(pool, stance, `nodePools[${i}]`)),
    ...repeatedPools(args),
    ...duplicateProblems(labelledMachines(args)),
  ];
}

function settingsOf(name: string, args: ClusterArgs, firstAddress: string): ClusterSettings {
  const validityHours = args.validityHours ?? defaultValidityHours;
  return {
    clusterName: args.clusterName ?? name,
    kubernetesVersion: bareVersion(args.kubernetesVersion ?? newestKnownVersion),
    controlPlaneEndpoint: endpointOf(args.controlPlaneEndpoint ?? firstAddress),
    serviceSubnet: args.serviceSubnet ?? defaultServiceSubnet,
    ...(args.podSubnet === undefined ? {} : { podSubnet: args.podSubnet }),
    dnsDomain: args.dnsDomain ?? defaultDnsDomain,
    stance: args.stance ?? "verify",
    keyAlgorithm: args.keyAlgorithm ?? "ECDSA-P256",
    validityHours,
    caValidityHours: args.caValidityHours ?? defaultAuthorityHours,
    // An issued certificate must not be due at once, or every update would replace it.
    earlyRenewalHours: Math.min(args.earlyRenewalHours ?? 720, Math.floor(validityHours / 3)),
  };
}

/** Lifetime of a leaf as kubeadm makes it: one year, in hours. */
const defaultValidityHours = 8760;
const defaultServiceSubnet = "10.96.0.0/12";
const defaultDnsDomain = "cluster.local";

function oneOf(word: string, words: readonly string[], field: string): string[] {
  return words.includes(word)
    ? []
    : [`${field}: ${JSON.stringify(word)} is none of ${words.join(", ")}. Use one of them.`];
}

/** `host:port`, the port being kubeadm's default when there is none. */
function endpointOf(text: string): string {
  if (canonicalIp(text) !== undefined) return hostPort(text, apiServerPort);
  return /:\d+$/.test(text) ? text : `${text}:${apiServerPort}`;
}

function endpointProblems(endpoint: string | undefined): string[] {
  if (endpoint === undefined) return [];
  const full = endpointOf(endpoint);
  const host = endpointHost(full);
  const port = Number(full.slice(full.lastIndexOf(":") + 1));
  const valid = (canonicalIp(host) !== undefined || isDnsName(host)) && port > 0 && port < 65_536;
  return valid
    ? []
    : [
        `controlPlaneEndpoint: ${JSON.stringify(endpoint)} is no host and port. Write e.g. api.example.org:6443, 10.240.0.10 or [fd00::10]:6443.`,
      ];
}

function networkProblems({ serviceSubnet, podSubnet, dnsDomain }: ClusterArgs): string[] {
  const problems: string[] = [];
  const cidrs = (text: string, addresses: number) =>
    text.split(",").every((cidr) => subnetAddress(cidr, addresses) !== undefined);
  if (serviceSubnet !== undefined && !cidrs(serviceSubnet, 10)) {
    problems.push(
      `serviceSubnet: ${JSON.stringify(serviceSubnet)} is no subnet with room for the services kubernetes and DNS. Write a CIDR, e.g. ${defaultServiceSubnet}.`,
    );
  }
  if (podSubnet !== undefined && !cidrs(podSubnet, 0)) {
    problems.push(
      `podSubnet: ${JSON.stringify(podSubnet)} is no subnet. Write a CIDR, e.g. 10.244.0.0/16.`,
    );
  }
  if (dnsDomain !== undefined && !isDnsName(dnsDomain)) {
    problems.push(
      `dnsDomain: ${JSON.stringify(dnsDomain)} is no DNS domain. Write e.g. ${defaultDnsDomain}.`,
    );
  }
  return problems;
}

function lifetimeProblems(args: ClusterArgs): string[] {
  const ca = args.caValidityHours ?? defaultAuthorityHours;
  const leaf = args.validityHours ?? defaultValidityHours;
  const renewal = args.earlyRenewalHours ?? 0;
  const hours = (value: number, field: string) =>
    Number.isSafeInteger(value) && value > 0
      ? []
      : [`${field}: ${value} is no lifetime. Give a whole number of hours, 1 or more.`];
  const problems = [...hours(ca, "caValidityHours"), ...hours(leaf, "validityHours")];
  if (problems.length > 0) return problems;
  if (leaf > ca && args.certificateAuthority === undefined) {
    problems.push(
      `validityHours: ${leaf} is longer than the CA's ${ca} (caValidityHours), and a certificate is worth nothing after its CA. Give at most ${ca}, or a longer caValidityHours.`,
    );
  }
  if (!Number.isSafeInteger(renewal) || renewal < 0) {
    problems.push(
      `earlyRenewalHours: ${renewal} is no time before the end. Give a whole number of hours, 0 or more.`,
    );
  }
  return problems;
}

/** A CA handed in as plain text is checked here; one that is an output is checked once it is known. */
function existingAuthorityProblems(args: ClusterArgs, now: Date): string[] {
  const existing = args.certificateAuthority;
  if (existing === undefined) return [];
  const { certPem, privateKeyPem } = existing;
  if (privateKeyPem === undefined) {
    return [
      "certificateAuthority.privateKeyPem: the cluster's CA signs its certificates and has no key here. Give the key too.",
    ];
  }
  if (typeof certPem !== "string") return [];
  const fields = {
    certificate: "certificateAuthority.certPem",
    key: "certificateAuthority.privateKeyPem",
  };
  const key = typeof privateKeyPem === "string" ? privateKeyPem : undefined;
  const problems = authorityProblems(certPem, key, fields, now);
  const end = authorityEnd(certPem);
  const leaf = args.validityHours ?? defaultValidityHours;
  const left = Math.floor(((end?.getTime() ?? 0) - now.getTime()) / 3_600_000);
  if (problems.length === 0 && leaf > left) {
    problems.push(
      `validityHours: ${leaf} is longer than the ${left} hours that the CA handed in has left, and a certificate is worth nothing after its CA. Give at most ${left}, or a CA that lives longer.`,
    );
  }
  return problems;
}

function controlPlaneProblems(
  args: ClusterArgs,
  mode: ClusterPlan["controlPlaneServingMode"],
  stance: ClusterSettings["stance"],
): string[] {
  if (args.controlPlanes.length === 0) {
    return ["controlPlanes: there is none. Give at least one machine with a name and an address."];
  }
  const problems = [
    ...coherenceProblems(mode, stance, "controlPlaneServingMode"),
    ...machinesProblems(args.controlPlanes, mode, stance, "controlPlanes"),
  ];
  if (problems.length > 0) return problems;
  return args.controlPlanes.flatMap((host, index) =>
    addressesOf(machine(host), "InternalIP").length > 0
      ? []
      : [
          `controlPlanes[${index}].addresses: ${host.name} has no InternalIP for kube-apiserver and etcd to listen on. Add its IP address.`,
        ],
  );
}

function repeatedPools({ nodePools }: ClusterArgs): string[] {
  const seen = new Set<string>();
  return nodePools.flatMap(({ name }, index) => {
    const repeated = seen.has(name);
    seen.add(name);
    return repeated
      ? [
          `nodePools[${index}].name: ${JSON.stringify(name)} is the name of another pool too. Give each pool a name of its own.`,
        ]
      : [];
  });
}

function labelledMachines({ controlPlanes, nodePools }: ClusterArgs) {
  return [
    ...controlPlanes.map((host, i) => ({ field: `controlPlanes[${i}]`, machine: host })),
    ...nodePools.flatMap(({ nodes }, p) =>
      nodes.map((node, i) => ({ field: `nodePools[${p}].nodes[${i}]`, machine: node })),
    ),
  ];
}
