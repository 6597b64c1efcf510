/**
 * The two sides as `trust/` reads them: from the very files and arguments that the real programs are given, where
 * they lie on the machines.
 */
import * as fs from "node:fs";
import { kubernetesVersion } from "../../toolchain/kubernetes/programs.ts";
import { type ApiServerFacts, apiServerFacts } from "../../trust/index.ts";
import {
  type ControllerManagerFacts,
  controllerManagerFacts,
} from "../../trust/programs/controller-manager/signer.ts";
import { kubeletFacts } from "../../trust/programs/kubelet/facts.ts";
import { type CommandLine, readArguments } from "../../trust/readers/command-line.ts";
import { readKubeletConfiguration } from "../../trust/readers/kubelet-configuration.ts";
import { readPem } from "../../trust/readers/pem.ts";
import { readRbac } from "../../trust/readers/rbac.ts";
import { readYaml } from "../../trust/readers/yaml.ts";
import { type Fact, known, unknown } from "../../trust/words/fact.ts";
import type {
  FileContent,
  HostFiles,
  KubeletFacts,
  NodeAddress,
  RbacFacts,
  ServingRequest,
} from "../../trust/words/facts.ts";
import { hostPath, type RunningMachine } from "../host/machine.ts";
import { flagValue } from "../kubernetes/command-lines.ts";
import type { Authorities } from "./world.ts";

/** A kubelet as it is set up. */
export type KubeletSetUp = {
  readonly machine: RunningMachine;
  readonly hostName: string;
  readonly args: readonly string[];
  readonly addresses: readonly NodeAddress[];
  readonly unresolvable: readonly string[];
  readonly request: Fact<ServingRequest>;
};

/** A kubelet's facts; `--config`, `--config-dir` and certificates are read from its machine. */
export function readKubelet(setUp: KubeletSetUp): KubeletFacts {
  const { machine, hostName, args, addresses, unresolvable, request } = setUp;
  return kubeletFacts({
    label: `the kubelet of ${machine.name}`,
    version: known(kubernetesVersion),
    commandLine: commandLineOf(["kubelet", ...args]),
    dropIns: dropInsOf(machine, flagValue(args, "config-dir")),
    node: {
      hostName: known(hostName),
      name: known(hostName.toLowerCase()),
      addresses: known(addresses),
      unresolvableNames: unresolvable,
    },
    request,
    files: filesOf(machine),
  });
}

/** A kube-apiserver's facts. */
export function readApiServer(
  machine: RunningMachine,
  args: readonly string[],
  rbac: RbacFacts,
): ApiServerFacts {
  return apiServerFacts({
    label: "the kube-apiserver",
    version: known(kubernetesVersion),
    commandLine: commandLineOf(["kube-apiserver", ...args]),
    skip: known(undefined),
    rbac: known(rbac),
    files: filesOf(machine),
  });
}

/** A kube-controller-manager's facts. */
export function readControllerManager(args: readonly string[]): ControllerManagerFacts {
  return controllerManagerFacts({
    label: "the kube-controller-manager",
    version: known(kubernetesVersion),
    commandLine: commandLineOf(["kube-controller-manager", ...args]),
  });
}

/** RBAC objects by the real reader. */
export function readRbacText(text: string): RbacFacts {
  return readRbac(readYaml(text, { where: "RBAC" }).documents).rbac;
}

/** What the signer will issue when the request of a node is approved. */
export function issuedRequest(
  { cluster }: Authorities,
  node: string,
  addresses: readonly NodeAddress[],
): ServingRequest {
  const [authority] = readPem(cluster.certPem, { where: "the cluster CA" }).certificates;
  if (authority === undefined) throw new Error("the cluster CA is not readable");
  const of = (ip: boolean) =>
    addresses.filter(({ type }) => type.endsWith("IP") === ip).map(({ address }) => address);
  return {
    state: "issued",
    chain: [
      {
        ids: [`request:${node}`],
        label: `the certificate issued to ${node}`,
        subject: known({ commonName: `system:node:${node}`, organizations: ["system:nodes"] }),
        dnsNames: known(of(false)),
        ipAddresses: known(of(true)),
        extendedKeyUsages: known(["serverAuth"]),
        isCA: known(false),
        notBefore: known(new Date(Date.now() - 3600_000)),
        notAfter: known(new Date(Date.now() + 24 * 3600_000)),
        key: unknown("a key that the kubelet makes"),
        signedBy: known({
          certificateIds: authority.ids,
          ...(authority.key.known && { keyIds: authority.key.value.ids }),
          ...(authority.subject.known && { subject: authority.subject.value }),
        }),
      },
    ],
  };
}

/** The files of a machine as they lie there now. */
export function filesOf(machine: RunningMachine): HostFiles {
  return (path) => known(contentOf(hostPath(machine, path)), { where: path });
}

function contentOf(file: string): FileContent {
  try {
    return { kind: "text", text: fs.readFileSync(file, "utf8") };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EISDIR") return { kind: "directory" };
    // A socket, for example, is there and is no text.
    return { kind: code === "ENOENT" || code === "ENOTDIR" ? "missing" : "unreadable" };
  }
}

function commandLineOf(argv: readonly string[]): CommandLine {
  const [found] = readArguments(argv, { where: "its arguments" }).commandLines;
  if (found === undefined) throw new Error(`no program in ${argv.join(" ")}`);
  return found;
}

function dropInsOf(machine: RunningMachine, folder: string | undefined) {
  if (folder === undefined) return [];
  const target = hostPath(machine, folder);
  return fs
    .readdirSync(target)
    .filter((name) => name.endsWith(".conf"))
    .sort()
    .flatMap((name) => {
      const text = fs.readFileSync(`${target}/${name}`, "utf8");
      return readKubeletConfiguration(text, { where: `${folder}/${name}` }).documents;
    });
}
