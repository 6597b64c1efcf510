/**
 * Both sides of a case as pieces: the arguments that programs are given, and the files that they see. What the pieces
 * come to is for `trust/cluster` to say.
 */
import { asGiven } from "../../trust/cluster/as-given.ts";
import { assemble } from "../../trust/cluster/assemble.ts";
import type { AssembledCluster } from "../../trust/cluster/assembly.ts";
import { type Program, readArguments } from "../../trust/readers/command-line.ts";
import type { Origin, Piece, ProgramPiece } from "../../trust/readers/piece.ts";
import { readRbac } from "../../trust/readers/rbac.ts";
import { readYaml } from "../../trust/readers/yaml.ts";
import { type Fact, known } from "../../trust/words/fact.ts";
import type {
  ApiServerFacts,
  HostFiles,
  KubeletFacts,
  NodeAddress,
  RbacFacts,
  ServingRequest,
} from "../../trust/words/facts.ts";
import type { Start } from "../../trust/words/refusal.ts";

/** What a machine holds. */
export type Host = {
  /** Unique among those of a case. */
  readonly name: string;
  readonly files: HostFiles;
  /** The names in a folder; `undefined` where there is none. */
  readonly folder: (path: string) => readonly string[] | undefined;
};

/** A program, and where it runs. */
export type OnHost = {
  readonly host: Host;
  /** The words after the program's name. */
  readonly args: readonly string[];
};

/** A kubelet as it is set up. */
export type KubeletSetUp = OnHost & {
  readonly hostName: string;
  readonly addresses: readonly NodeAddress[];
  /** Names that kube-apiservers cannot resolve. */
  readonly unresolvable: readonly string[];
  /** What becomes of its request for a serving certificate. */
  readonly request: ServingRequest["state"];
};

/** Everything that a verdict is asked about. */
export type SetUp = {
  /** Kubernetes version, without the `v`. */
  readonly version: string;
  readonly kubelet?: KubeletSetUp;
  /** At least one: kubelets without any are in no cluster. */
  readonly apiServers: readonly OnHost[];
  /** Signs what kubelets request. */
  readonly controllerManager?: OnHost;
  /** The cluster's whole RBAC, YAML, beyond what kube-apiserver makes itself. Default none. */
  readonly rbac?: string;
  /** Default now. */
  readonly at?: Date;
  /** The machines have cgroup v1. Default false. */
  readonly cgroupV1?: boolean;
};

/** A kubelet, and each kube-apiserver in the order in which they are given. */
export type Sides = {
  readonly kubelet: KubeletFacts;
  readonly apiServers: readonly ApiServerFacts[];
};

/**
 * Both sides, put together.
 *
 * @throws Error when no kubelet is set up
 */
export function sidesOf(setUp: SetUp): Sides {
  const { kubelets, apiServers } = clusterOf(setUp);
  const [kubelet] = kubelets;
  if (kubelet === undefined) throw new Error("no kubelet came of the pieces");
  return { kubelet: asGiven(kubelet), apiServers: apiServers.map(asGiven) };
}

/**
 * Whether a program starts; the first of its kind.
 *
 * @throws Error when none is set up
 */
export function startOf(program: Program, setUp: SetUp): Fact<Start> {
  const { kubelets, apiServers, controllerManagers } = clusterOf(setUp);
  const [found] = {
    kubelet: kubelets.map(asGiven),
    "kube-apiserver": apiServers.map(asGiven),
    "kube-controller-manager": controllerManagers.map(asGiven),
  }[program];
  if (found === undefined) throw new Error(`no ${program} came of the pieces`);
  return found.start;
}

/** RBAC objects by the real reader. */
export function readRbacText(text: string): RbacFacts {
  return readRbac(readYaml(text, { where: "RBAC" }).documents).rbac;
}

function clusterOf(setUp: SetUp): AssembledCluster {
  const { version, kubelet, apiServers, controllerManager, rbac = "", at, cgroupV1 } = setUp;
  const pieces: Piece[] = [
    ...apiServers.flatMap((one) => programOf("kube-apiserver", one)),
    ...(controllerManager ? programOf("kube-controller-manager", controllerManager) : []),
    ...(kubelet ? kubeletOf(kubelet) : []),
    { kind: "rbac", origin: originOf("RBAC"), rbac: readRbacText(rbac) },
  ];
  const hosts = new Map(
    [
      ...apiServers,
      ...(controllerManager ? [controllerManager] : []),
      ...(kubelet ? [kubelet] : []),
    ].map(({ host }) => [host.name, host]),
  );
  const [cluster] = assemble(pieces, {
    version,
    isWholeRbac: true,
    filesOf: (name) => hosts.get(name)?.files,
    folders: (name, path) => hosts.get(name)?.folder(path),
    ...(kubelet && { unresolvableNames: kubelet.unresolvable, request: kubelet.request }),
    ...(at && { at }),
    ...(cgroupV1 !== undefined && { cgroupV1 }),
  }).clusters;
  if (cluster === undefined) throw new Error("no kube-apiserver came of the pieces");
  return cluster;
}

function kubeletOf(setUp: KubeletSetUp): ProgramPiece[] {
  const { host, hostName, addresses } = setUp;
  return programOf("kubelet", setUp).map((piece) => ({
    ...piece,
    label: `the kubelet of ${host.name}`,
    hostName: known(hostName),
    addresses: known(addresses),
  }));
}

function programOf(program: Program, { host, args }: OnHost): ProgramPiece[] {
  const { commandLines } = readArguments([program, ...args], { where: "its arguments" });
  return commandLines.map((commandLine) => ({
    kind: "program",
    origin: { ...originOf(`${program} of ${host.name}`), machine: host.name },
    commandLine,
  }));
}

function originOf(where: string): Origin {
  const scope = "the matrix";
  return { source: { where }, holder: scope, scope, cluster: known(undefined), annotations: {} };
}
