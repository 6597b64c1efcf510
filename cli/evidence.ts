/** From the files of both sides to facts, with what had to be assumed. */

import { readFileSync } from "node:fs";
import { kubeadmFiles, kubeadmPkiDirectory, kubeadmRbac } from "../trust/kubeadm/pki.ts";
import { isKnownVersion } from "../trust/kubernetes/tables.ts";
import { newestKnownVersion } from "../trust/kubernetes/version.ts";
import { apiServerFacts } from "../trust/programs/api-server/facts.ts";
import { kubeletFacts } from "../trust/programs/kubelet/facts.ts";
import { requestedCertificate } from "../trust/programs/kubelet/requested-certificate.ts";
import type { CommandLine } from "../trust/readers/command-line.ts";
import { readRbac } from "../trust/readers/rbac.ts";
import { readYaml } from "../trust/readers/yaml.ts";
import type { Fact } from "../trust/words/fact.ts";
import { known, unknown } from "../trust/words/fact.ts";
import type {
  ApiServerFacts,
  HostFiles,
  KubeletFacts,
  NodeFacts,
  RbacFacts,
  ServingRequest,
} from "../trust/words/facts.ts";
import { skipOf } from "../trust/words/skip.ts";
import { type JudgeArguments, UsageError } from "./arguments.ts";
import { hostFiles, readSide, type Side } from "./side.ts";

export type Evidence = {
  readonly kubelet: KubeletFacts;
  readonly apiserver: ApiServerFacts;
  readonly version: string;
  /** What was taken for granted, one sentence each. */
  readonly assumptions: readonly string[];
};

/**
 * Reads everything that the command line names.
 *
 * @throws UsageError
 */
export function readEvidence(args: JudgeArguments): Evidence {
  const assumptions: string[] = [];
  const kubeletSide = readSide("--kubelet", args.kubelet, "kubelet", args.kubeletRoot);
  const apiSide = readSide("--apiserver", args.apiserver, "kube-apiserver", args.apiserverRoot);
  const version = versionOf(args, [apiSide, kubeletSide], assumptions);
  const made = kubeadmFiles({ cluster: "cluster", version });
  const assumed = assumeKubeadm(made, assumptions);
  const node = nodeOf(args);
  const kubeletFiles = hostFiles(kubeletSide, assumed);
  const kubelet = kubeletFacts({
    label: "the kubelet",
    version: known(version),
    ...kubeletCommand(kubeletSide, assumptions),
    ...oneConfiguration(kubeletSide),
    ...(kubeletSide.dropIns.length > 0 && { dropIns: kubeletSide.dropIns }),
    node,
    request: requestOf(args, node, made, assumptions),
    files: kubeletFiles,
    ...(args.at && { at: args.at }),
  });
  const apiserver = apiServerFacts({
    label: "kube-apiserver",
    version: known(version),
    commandLine: apiServerCommand(apiSide),
    skip:
      args.skipReason === undefined
        ? skipOf(apiSide.annotations, { where: "kube-apiserver" })
        : known({ reason: args.skipReason }),
    rbac: rbacOf(args, apiSide, assumptions),
    files: hostFiles(apiSide, assumed),
  });
  return { kubelet, apiserver, version, assumptions };
}

function versionOf(args: JudgeArguments, sides: readonly Side[], assumptions: string[]): string {
  const stated =
    args.kubernetesVersion ??
    sides.flatMap(({ kubeadm }) => kubeadm.flatMap((one) => one.kubernetesVersion ?? []))[0] ??
    sides.flatMap(({ images }) =>
      images.flatMap((image) => /:v(1\.\d+\.\d+)/.exec(image)?.[1] ?? []),
    )[0];
  if (stated === undefined) {
    assumptions.push(
      `Kubernetes is ${newestKnownVersion}, the newest known (--kubernetes-version).`,
    );
    return newestKnownVersion;
  }
  if (!isKnownVersion(stated)) {
    assumptions.push(
      `Flags and gates of Kubernetes ${stated} are taken from the nearest version that is known.`,
    );
  }
  return stated;
}

/** kubeadm's PKI stands in for its files, where nobody gave them. */
function assumeKubeadm(made: HostFiles, assumptions: string[]): HostFiles {
  return (path) => {
    const fact = made(path);
    if (fact.known) {
      const sentence = `${path} holds what kubeadm puts there.`;
      if (!assumptions.includes(sentence)) {
        assumptions.push(sentence);
      }
    }
    return fact;
  };
}

function nodeOf({ nodeName, addresses }: JudgeArguments): NodeFacts {
  const missing = "the node's name (--node-name)";
  const hostName: Fact<string> = nodeName === undefined ? unknown(missing) : known(nodeName);
  return {
    hostName,
    name: hostName,
    addresses:
      addresses.length > 0 ? known(addresses) : unknown("the node's addresses (--node-address)"),
  };
}

function oneConfiguration({ configurations }: Side) {
  const [configuration, another] = configurations;
  if (another) {
    throw new UsageError(
      `--kubelet: two KubeletConfigurations, in ${configuration?.source.where} and ${another.source.where}; give one, or a folder of drop-ins`,
    );
  }
  return configuration ? { configuration } : {};
}

function kubeletCommand(side: Side, assumptions: string[]): { commandLine?: CommandLine } {
  const lines = [
    ...side.commandLines,
    ...side.kubeadm.flatMap(({ kubelets }) => kubelets.map((one) => one.commandLine)),
  ];
  const [line, another] = lines;
  if (another) {
    throw new UsageError(
      `--kubelet: two kubelets, in ${line?.source.where} and ${another.source.where}; judge one at a time`,
    );
  }
  if (line) {
    return { commandLine: line };
  }
  if (side.configurations.length + side.kubeadm.length === 0) {
    throw new UsageError("--kubelet: no kubelet command line and no KubeletConfiguration found");
  }
  assumptions.push("The kubelet has a kubeconfig and no flag that decides.");
  return {};
}

function apiServerCommand(side: Side): CommandLine {
  const lines = [...side.commandLines, ...side.kubeadm.flatMap(({ apiServer }) => apiServer ?? [])];
  const [line, another] = lines;
  if (another) {
    throw new UsageError(
      `--apiserver: two kube-apiservers, in ${line?.source.where} and ${another.source.where}; judge one at a time`,
    );
  }
  if (!line) {
    throw new UsageError(
      "--apiserver: no kube-apiserver found; give its pod manifest, unit, command line or kubeadm ClusterConfiguration",
    );
  }
  return line;
}

function requestOf(
  { csr }: JudgeArguments,
  node: NodeFacts,
  made: HostFiles,
  assumptions: string[],
): Fact<ServingRequest> {
  const ca = made(`${kubeadmPkiDirectory}/ca.crt`);
  const [signer] = ca.known && ca.value.kind === "certificates" ? ca.value.certificates : [];
  switch (csr) {
    case undefined:
      return unknown(
        "what becomes of the kubelet's certificate request (--csr issued, pending, denied or neverIssued)",
      );
    case "issued":
      assumptions.push("Requested serving certificates are signed by kubeadm's cluster CA.");
      return known({ state: csr, chain: signer ? [requestedCertificate(node, signer)] : [] });
    default:
      return known({ state: csr });
  }
}

function rbacOf(args: JudgeArguments, side: Side, assumptions: string[]): Fact<RbacFacts> {
  const fromKubeadm = side.kubeadm.length > 0;
  if (fromKubeadm) {
    assumptions.push("The cluster has the RBAC objects that kubeadm makes.");
  }
  if (args.rbac.length === 0) {
    return fromKubeadm
      ? known(kubeadmRbac)
      : unknown("the cluster's ClusterRoles and ClusterRoleBindings (--rbac FILE)");
  }
  const documents = args.rbac.flatMap((file) => {
    const read = readYaml(rbacText(file), { where: file });
    const [problem] = read.problems;
    if (problem) {
      throw new UsageError(`--rbac: ${file}: ${problem.message}`);
    }
    return read.documents;
  });
  const { rbac, problems } = readRbac(documents);
  const [problem] = problems;
  if (problem) {
    throw new UsageError(`--rbac: ${problem.source.where}: ${problem.message}`);
  }
  return known(
    fromKubeadm
      ? {
          roles: [...rbac.roles, ...kubeadmRbac.roles],
          bindings: [...rbac.bindings, ...kubeadmRbac.bindings],
        }
      : rbac,
  );
}

function rbacText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new UsageError(`--rbac: ${file} does not exist or cannot be read`);
  }
}
