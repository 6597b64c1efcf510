import { apiServerDnsNames, apiServerIpAddresses } from "../kubeadm/api-server-names.ts";
import { endpointOf } from "../model/cluster-settings.ts";
import { knownAddresses, knownNames, machine } from "../model/machines.ts";
import {
  type Adoption,
  adoptionProblems,
  type ExistingAuthority,
  type IssuedNames,
} from "../pki/existing-authority.ts";
import type { ClusterArgs } from "./cluster-args.ts";
import { clusterDefaults } from "./defaults.ts";
import { labelledMachines } from "./labelled-machines.ts";
import { orderProblems, rotationProblems, standingOf, type WantedCa } from "./rotation.ts";

/** The CAs that the arguments ask for. */
export function wantedCa(args: ClusterArgs): WantedCa {
  return {
    generation: args.caGeneration ?? 1,
    rotation: args.caRotation,
    current: args.certificateAuthority,
  };
}

/** What is wrong with CAs handed in, and how they may not follow what is deployed. */
export function authoritiesProblems(args: ClusterArgs, now: Date): string[] {
  const wanted = wantedCa(args);
  const machines = [...args.controlPlanes, ...args.nodePools.flatMap(({ nodes }) => nodes)];
  const problems = [
    ...existingAuthorityProblems(args, args.certificateAuthority, "certificateAuthority", now),
    ...existingAuthorityProblems(args, args.caRotation?.next, "caRotation.next", now),
    ...rotationProblems(
      wanted,
      machines.map(({ name }) => name),
    ),
  ];
  return problems.length > 0 ? problems : orderProblems(standingOf(wanted), args.deployedCa);
}

/** A CA handed in as plain text is checked here; one that is an output is checked once it is known. */
function existingAuthorityProblems(
  args: ClusterArgs,
  existing: ExistingAuthority | undefined,
  field: string,
  now: Date,
): string[] {
  if (existing === undefined) return [];
  const { certPem, privateKeyPem } = existing;
  if (privateKeyPem === undefined) {
    return [
      `${field}.privateKeyPem: the cluster's CA signs its certificates and has no key here. Give the key too.`,
    ];
  }
  if (typeof certPem !== "string") return [];
  const key = typeof privateKeyPem === "string" ? privateKeyPem : undefined;
  return adoptionProblems(certPem, key, { ...adoptionOf(args), field }, now);
}

/** What a cluster adopts a CA for. */
export function adoptionOf(args: ClusterArgs): Adoption {
  return {
    field: "certificateAuthority",
    issued: issuedNames(args),
    validityHours: args.validityHours ?? clusterDefaults.validityHours,
  };
}

/** The names that the cluster's CA signs for: kube-apiservers' and kubelets', as far as they are known. */
function issuedNames(args: ClusterArgs): IssuedNames[] {
  const settings = {
    serviceSubnet: args.serviceSubnet ?? clusterDefaults.serviceSubnet,
    dnsDomain: args.dnsDomain ?? clusterDefaults.dnsDomain,
  };
  const kubelets = labelledMachines(args).map(({ machine: one }) => ({
    owner: `the kubelet of ${one.name}`,
    ...knownNames(machine(one)),
  }));
  const apiServers = args.controlPlanes.map((host) => {
    const [address] = knownAddresses(machine(host), "InternalIP") ?? [];
    const given = args.controlPlaneEndpoint ?? address;
    const endpoint = typeof given === "string" ? endpointOf(given) : undefined;
    return {
      owner: `kube-apiserver of ${host.name}`,
      dnsNames: apiServerDnsNames(host.name, endpoint, settings),
      ipAddresses: apiServerIpAddresses(address, endpoint, settings),
    };
  });
  return [...apiServers, ...kubelets];
}
