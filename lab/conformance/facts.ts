/**
 * Both sides of a case as pieces: the arguments that programs are given, and the files that they see. What the pieces
 * come to is for `trust/cluster` to say.
 */
import { asGiven } from "../../trust/cluster/as-given.ts";
import { assemble } from "../../trust/cluster/assemble.ts";
import type { AssembledCluster } from "../../trust/cluster/assembly.ts";
import { merged } from "../../trust/cluster/rbac.ts";
import { type Program, readArguments } from "../../trust/readers/command-line.ts";
import type { Origin, Piece, ProgramPiece } from "../../trust/readers/piece.ts";
import { readTogether } from "../../trust/readers/recognise.ts";
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
import type { KubeadmKubelet } from "./kubeadm.ts";

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
  /** It is the command of a shell. */
  readonly isBehindShell?: boolean;
};

/** How a program is started as the command of a shell. */
export function behindShell(file: string, args: readonly string[]): readonly string[] {
  const quoted = args.map((word) => `'${word}'`).join(" ");
  return ["/bin/sh", "-ec", `ulimit -c 0\nexec ${file} ${quoted}`];
}

/** A kubelet as it is set up. */
export type KubeletSetUp = OnHost & {
  readonly hostName: string;
  readonly addresses: readonly NodeAddress[];
  /** Names that kube-apiservers cannot resolve. */
  readonly unresolvable: readonly string[];
  /** What kubeadm was given and found: then that says how it is started, and its words do not. */
  readonly kubeadm?: Pick<KubeadmKubelet, "given" | "found">;
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
  /** Other programs that call kubelets, by the texts that deploy them. Default none. */
  readonly callers?: readonly { readonly host: Host; readonly text: string }[];
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
  return sidesOfCluster(clusterOf(setUp));
}

function sidesOfCluster({ kubelets, apiServers }: AssembledCluster): Sides {
  const [kubelet] = kubelets;
  if (kubelet === undefined) throw new Error("no kubelet came of the pieces");
  // kubeadm's texts say a kube-apiserver too, which nobody starts.
  const started = apiServers.filter(
    ({ origin }) => origin?.machine !== undefined && origin.machine !== kubelet.origin.machine,
  );
  return { kubelet: asGiven(kubelet), apiServers: started.map(asGiven) };
}

/**
 * Both sides with the other callers, and the files that a machine of the cluster has unless it is said otherwise.
 *
 * @throws Error when no kubelet is set up
 */
export function callersOf(setUp: SetUp): Sides & Pick<AssembledCluster, "callers" | "files"> {
  const cluster = clusterOf(setUp);
  const { callers, files } = cluster;
  return { ...sidesOfCluster(cluster), callers, files };
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
  const pieces = readTogether([{ content: text, origin: originOf("RBAC") }]);
  return merged(pieces.flatMap((piece) => (piece.kind === "rbac" ? [piece.rbac] : [])));
}

function clusterOf(setUp: SetUp): AssembledCluster {
  const {
    version,
    kubelet,
    apiServers,
    controllerManager,
    callers = [],
    rbac = "",
    at,
    cgroupV1,
  } = setUp;
  const pieces: Piece[] = [
    ...apiServers.flatMap((one) => programOf("kube-apiserver", one)),
    ...(controllerManager ? programOf("kube-controller-manager", controllerManager) : []),
    ...(kubelet ? kubeletOf(kubelet) : []),
    ...readTogether(
      callers.map(({ host, text: content }) => ({
        content,
        origin: { ...originOf("a caller"), machine: host.name },
      })),
    ),
    { kind: "rbac", origin: originOf("RBAC"), rbac: readRbacText(rbac) },
  ];
  const running = [...apiServers, controllerManager, kubelet, ...callers];
  const hosts = new Map(running.flatMap((one) => (one ? [[one.host.name, one.host]] : [])));
  const [cluster] = assemble(pieces, {
    version,
    isWholeRbac: true,
    filesOf: (name) => hosts.get(name)?.files,
    folders: (name, path) => hosts.get(name)?.folder(path),
    ...(kubelet && {
      hostName: known(kubelet.hostName),
      addresses: known(kubelet.addresses),
      unresolvableNames: kubelet.unresolvable,
      request: kubelet.request,
    }),
    ...(at && { at }),
    ...(cgroupV1 !== undefined && { cgroupV1 }),
  }).clusters;
  if (cluster === undefined) throw new Error("no kube-apiserver came of the pieces");
  return cluster;
}

function kubeletOf(setUp: KubeletSetUp): readonly Piece[] {
  const { host, hostName, addresses, kubeadm } = setUp;
  if (kubeadm !== undefined) {
    const { given, found = "" } = kubeadm;
    return readTogether([
      { content: given, origin: { ...originOf("kubeadm.yaml"), machine: host.name } },
      { content: found, origin: originOf("the cluster") },
    ]);
  }
  return programOf("kubelet", setUp).map((piece) => ({
    ...piece,
    label: `the kubelet of ${host.name}`,
    hostName: known(hostName),
    addresses: known(addresses),
  }));
}

function programOf(program: Program, { host, args, isBehindShell }: OnHost): ProgramPiece[] {
  const argv = isBehindShell ? behindShell(program, args) : [program, ...args];
  const { commandLines } = readArguments(argv, { where: "its arguments" });
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
