import { canonicalIp } from "../../trust/go/ip.ts";
import { servingModeMeaning } from "../../trust/words/serving-mode.ts";
import {
  type ApiServerStance,
  apiServerStances,
  keyAlgorithms,
  type ServingMode,
  servingModes,
} from "../../trust/words/vocabulary.ts";
import { contains, familyOf, overlaps, subnetAddress, subnetsOf } from "../model/addresses.ts";
import { endpointHost, endpointOf } from "../model/cluster-settings.ts";
import { isLater } from "../model/inputs.ts";
import { knownAddresses, machine } from "../model/machines.ts";
import { isDnsName, labelProblems } from "../model/names.ts";
import { authoritiesProblems } from "./authority-problems.ts";
import type { ClusterArgs } from "./cluster-args.ts";
import { clusterDefaults } from "./defaults.ts";
import { expirationProblems } from "./expiration.ts";
import { hardeningProblems } from "./hardening.ts";
import { imageProblems, imageTagProblems } from "./images.ts";
import { labelledMachines } from "./labelled-machines.ts";
import { coherenceProblems, duplicateProblems, machinesProblems } from "./pool-plan.ts";
import { stanceProblems } from "./stance.ts";
import { versionProblems } from "./versions.ts";

/** Words of the arguments that are none of those there are; nothing else can be checked before these are. */
export function wordProblems(args: ClusterArgs): string[] {
  return [
    ...oneOf(args.stance ?? clusterDefaults.stance, apiServerStances, "stance"),
    ...oneOf(
      args.controlPlaneServingMode ?? clusterDefaults.servingMode,
      servingModes,
      "controlPlaneServingMode",
    ),
    ...oneOf(args.keyAlgorithm ?? clusterDefaults.keyAlgorithm, keyAlgorithms, "keyAlgorithm"),
  ];
}

/** Without a signer no kubelet gets the certificate that it requests. */
export function signerProblems(args: ClusterArgs): string[] {
  if (args.caKeyOnControlPlanes !== false) return [];
  const modes = [
    { mode: args.controlPlaneServingMode, field: "controlPlaneServingMode" },
    ...args.nodePools.map((pool, i) => ({
      mode: pool.servingMode,
      field: `nodePools[${i}].servingMode`,
    })),
  ];
  if ((args.nodesOfOtherStacks ?? []).length > 0) {
    modes.push({ mode: "bootstrap", field: "nodesOfOtherStacks" });
  }
  return modes.flatMap(({ mode, field }) =>
    mode !== undefined && servingModeMeaning[mode]?.madeBy === "signer"
      ? [
          `${field}: ${mode} needs a signer, and with caKeyOnControlPlanes false kube-controller-manager has no key to sign with. Use servingMode provisioned, or leave the CA's key on the control planes.`,
        ]
      : [],
  );
}

/** What is wrong with a cluster's arguments, but for its pools one by one; each problem a paragraph. */
export function clusterProblems(name: string, args: ClusterArgs, now: Date): string[] {
  const stance = args.stance ?? clusterDefaults.stance;
  const mode = args.controlPlaneServingMode ?? clusterDefaults.servingMode;
  return [
    ...labelProblems(args.clusterName ?? name, "clusterName"),
    ...versionProblems(
      args.kubernetesVersion ?? clusterDefaults.kubernetesVersion,
      "kubernetesVersion",
    ),
    ...endpointProblems(args.controlPlaneEndpoint),
    ...networkProblems(args),
    ...overlapProblems(args),
    ...stanceProblems(stance, args.skipReason),
    ...lifetimeProblems(args),
    ...authoritiesProblems(args, now),
    ...expirationProblems(args.bootstrapTokenExpiration, "bootstrapTokenExpiration"),
    ...hardeningProblems(args.hardening, "hardening"),
    ...imageProblems(args.approver?.image, "approver.image"),
    ...imageTagProblems(args.approver?.version, "approver.version"),
    ...controlPlaneProblems(args, mode, stance),
    ...repeatedPools(args),
    ...otherNodesProblems(args, stance),
    ...duplicateProblems(labelledMachines(args)),
  ];
}

function oneOf(word: string, words: readonly string[], field: string): string[] {
  return words.includes(word)
    ? []
    : [`${field}: ${JSON.stringify(word)} is none of ${words.join(", ")}. Use one of them.`];
}

/** One that is an Output is checked once it is known. */
function endpointProblems(endpoint: ClusterArgs["controlPlaneEndpoint"]): string[] {
  if (endpoint === undefined || isLater(endpoint)) return [];
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
      `serviceSubnet: ${JSON.stringify(serviceSubnet)} is no subnet with room for the services kubernetes and DNS. Write a CIDR, e.g. ${clusterDefaults.serviceSubnet}.`,
    );
  }
  if (podSubnet !== undefined && !cidrs(podSubnet, 0)) {
    problems.push(
      `podSubnet: ${JSON.stringify(podSubnet)} is no subnet. Write a CIDR, e.g. 10.244.0.0/16.`,
    );
  }
  if (dnsDomain !== undefined && !isDnsName(dnsDomain)) {
    problems.push(
      `dnsDomain: ${JSON.stringify(dnsDomain)} is no DNS domain. Write e.g. ${clusterDefaults.dnsDomain}.`,
    );
  }
  return problems;
}

/**
 * Networks that would answer for each other's addresses, and families that kube-apiserver refuses.
 * Source: kubernetes `cmd/kube-apiserver/app/options/validation.go` (validateClusterIPFlags),
 * `pkg/controlplane/apiserver` (the first family must be that of the advertised address).
 */
function overlapProblems(args: ClusterArgs): string[] {
  const services = subnetsOf(args.serviceSubnet ?? clusterDefaults.serviceSubnet);
  const pods = subnetsOf(args.podSubnet ?? "");
  const problems: string[] = [];
  const families = services.map(({ family }) => family);
  const [first] = families;
  if (services.length > 2 || new Set(families).size < services.length) {
    problems.push(
      `serviceSubnet: ${JSON.stringify(args.serviceSubnet)} has more than one CIDR of a family, and kube-apiserver takes one of each. Give one, or an IPv4 and an IPv6 one.`,
    );
  }
  const [address] = args.controlPlanes.flatMap(
    (host) => knownAddresses(machine(host), "InternalIP") ?? [undefined],
  );
  const advertised = address === undefined ? undefined : familyOf(address);
  if (first !== undefined && advertised !== undefined && first !== advertised) {
    problems.push(
      `serviceSubnet: it begins with an IPv${first} CIDR, and the first control plane's address ${address} is IPv${advertised}; kube-apiserver wants one family. Begin with an IPv${advertised} CIDR.`,
    );
  }
  const clash = pods.find((pod) => services.some((service) => overlaps(pod, service)));
  if (clash !== undefined) {
    problems.push(
      `podSubnet: ${clash.cidr} overlaps serviceSubnet, and pods would have services' addresses. Give ranges apart.`,
    );
  }
  for (const { field, machine: one } of labelledMachines(args)) {
    for (const ip of knownAddresses(machine(one), "InternalIP") ?? []) {
      const within = services.find((service) => ip !== undefined && contains(service, ip));
      if (within === undefined) continue;
      problems.push(
        `${field}.addresses: ${ip} lies in serviceSubnet ${within.cidr}, whose addresses are services'. Give the machine another address, or another serviceSubnet.`,
      );
    }
  }
  return problems;
}

function lifetimeProblems(args: ClusterArgs): string[] {
  const ca = args.caValidityHours ?? clusterDefaults.caValidityHours;
  const leaf = args.validityHours ?? clusterDefaults.validityHours;
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
  const superAdmin = args.superAdminHours ?? clusterDefaults.superAdminHours;
  if (!Number.isSafeInteger(superAdmin) || superAdmin < 0) {
    problems.push(
      `superAdminHours: ${superAdmin} is no lifetime. Give a whole number of hours, or 0 to leave super-admin.conf out.`,
    );
  }
  if (!Number.isSafeInteger(renewal) || renewal < 0) {
    problems.push(
      `earlyRenewalHours: ${renewal} is no time before the end. Give a whole number of hours, 0 or more.`,
    );
  }
  return problems;
}

function otherNodesProblems({ nodesOfOtherStacks = [] }: ClusterArgs, stance: ApiServerStance) {
  return machinesProblems(nodesOfOtherStacks, "bootstrap", stance, "nodesOfOtherStacks");
}

function controlPlaneProblems(
  args: ClusterArgs,
  mode: ServingMode,
  stance: ApiServerStance,
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
    knownAddresses(machine(host), "InternalIP")?.length !== 0
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
