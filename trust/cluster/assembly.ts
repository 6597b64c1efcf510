/** What pieces make when they are put together: clusters, with everything that a verdict needs, and what is left over. */
import type { ControllerManagerFacts } from "../programs/controller-manager/signer.ts";
import type { CallerPiece, Origin, UnreadPiece } from "../readers/piece.ts";
import type { Fact, Unknown } from "../words/fact.ts";
import type {
  ApiServerFacts,
  FileContent,
  HostFiles,
  KubeletFacts,
  NodeAddress,
  RbacFacts,
  Refuses,
  ServingRequest,
} from "../words/facts.ts";
import type { StopsStart } from "../words/refusal.ts";
import type { Unused } from "./assumptions.ts";

/** A kubelet with all facts, as if it started. */
export type AssembledKubelet = {
  /** The machine where one is known, else what it was read from. */
  readonly label: string;
  readonly origin: Origin;
  readonly facts: KubeletFacts;
  /** What keeps it from starting, in the order of its complaints; empty when it starts. */
  readonly refusals: readonly StopsStart[];
};

/** A kube-apiserver with all facts, as if it started. */
export type AssembledApiServer = {
  /** `undefined` for one that the options declare. */
  readonly origin: Origin | undefined;
  readonly facts: ApiServerFacts;
  readonly refusals: readonly StopsStart[];
};

/** A kube-controller-manager with all facts, as if it started. */
export type AssembledControllerManager = {
  readonly origin: Origin;
  readonly facts: ControllerManagerFacts;
  readonly refusals: readonly StopsStart[];
  /** The files that it sees. */
  readonly files: HostFiles;
};

/** Another program that calls kubelets, and the files that it sees. */
export type AssembledCaller = {
  readonly piece: CallerPiece;
  readonly files: HostFiles;
  /** Why no node here takes its pods, where that is known. */
  readonly homeless?: string;
  /** Unknown where it is not known whether its token is one that kube-apiserver takes. */
  readonly token?: Unknown;
  /** Why the file that it takes its token from is not in its pod, where that is known. */
  readonly tokenless?: string;
};

/** Who approves requests for kubelet serving certificates. */
export type AssembledApprover = {
  readonly label: string;
  /** `undefined` for one that the options declare. */
  readonly origin: Origin | undefined;
  /** Why it approves nothing at all, where that is known; unknown where it depends on something that is not. */
  readonly idle: Fact<string | undefined>;
  /** Its rules, where they are known. */
  readonly rules?: Refuses;
};

/** One cluster. */
export type AssembledCluster = {
  /** Tells clusters apart; not for people. */
  readonly key: string;
  /** For people, and for waivers and configuration. */
  readonly name: string | undefined;
  /** Kubernetes version, without the `v`. */
  readonly version: string;
  readonly kubelets: readonly AssembledKubelet[];
  /** Each that could call the kubelets: the worst verdict stands. Never empty. */
  readonly apiServers: readonly AssembledApiServer[];
  readonly controllerManagers: readonly AssembledControllerManager[];
  readonly callers: readonly AssembledCaller[];
  /** The CA that signs kubelet serving certificates, or what becomes of requests where there is no signer. */
  readonly signer: Fact<FileContent | ServingRequest>;
  readonly approvers: readonly AssembledApprover[];
  readonly rbac: Fact<RbacFacts>;
  /** The files of a machine that no piece describes. */
  readonly files: HostFiles;
  /** What was taken for granted, a sentence each. Files are asked for by the judge: read this after judging. */
  readonly assumptions: readonly string[];
  /** What no kubelet has; the assumptions say so too. */
  readonly unused: readonly Unused[];
  readonly unread: readonly UnreadPiece[];
};

/** Why it is not known which kube-apiserver calls a kubelet. */
export type Unplaced =
  /** None of the named cluster (or of no named one) was found. */
  | { readonly in: "elsewhere"; readonly cluster: string | undefined }
  /** Any of these could; `missing` says what would tell, where it is a value that is not known. */
  | {
      readonly in: "doubt";
      readonly clusters: readonly string[];
      readonly missing?: string;
    };

/** A kubelet whose kube-apiserver is not known. */
export type UnpairedKubelet = AssembledKubelet & { readonly place: Unplaced };

/** What stands around kubelets and kube-apiservers, where no kube-apiserver of its cluster was found. */
export type OneSided = {
  readonly callers: readonly CallerPiece[];
  readonly controllerManagers: readonly AssembledControllerManager[];
  readonly approvers: readonly AssembledApprover[];
  /** Absent where none was found. */
  readonly rbac?: RbacFacts;
};

/** Everything that the pieces make. */
export type Assembly = {
  readonly clusters: readonly AssembledCluster[];
  readonly unpaired: readonly UnpairedKubelet[];
  readonly oneSided: readonly OneSided[];
  /** What belongs to no cluster above and was not understood. */
  readonly unread: readonly UnreadPiece[];
  /** Said of what belongs to no cluster above. */
  readonly assumptions: readonly string[];
  readonly unused: readonly Unused[];
  /** The name of the cluster that something belongs to, where it has one. */
  readonly nameOf: (origin: Origin) => string | undefined;
};

/** A kube-apiserver that a person states, in place of a piece that was found. */
export type DeclaredApiServer = {
  /** Default: kubelets of no named cluster. */
  readonly cluster?: string;
  /** Kubernetes version. */
  readonly version?: string;
  /** Flags as they are given, e.g. `--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt`. */
  readonly flags: readonly string[];
  readonly skipReason?: string;
  /** Where it is stated. */
  readonly where: string;
};

/** What only a door knows. */
export type AssembleOptions = {
  /** The moment that certificates must be valid at. Default: now. */
  readonly at?: Date;
  /** Kubernetes version, whatever the pieces say. */
  readonly version?: string;
  /** Kubernetes version where the pieces say none. Default: the newest that is known. */
  readonly versionOtherwise?: string;
  readonly apiServers?: readonly DeclaredApiServer[];
  /** Approvers that are not among the pieces. */
  readonly approvers?: readonly { readonly cluster?: string; readonly name: string }[];
  /** Files that lie on every machine of a cluster (default: of all) and decide. */
  readonly files?: readonly {
    readonly cluster?: string;
    readonly path: string;
    readonly content: FileContent;
    readonly where: string;
  }[];
  /** The files of a machine, by `origin.machine`, beside its pieces. */
  readonly filesOf?: (machine: string) => HostFiles | undefined;
  /** Files that were given without a machine, wherever they lie; for what is of no machine either. */
  readonly looseFiles?: HostFiles;
  /** The names in a folder of a machine, in any order; `undefined` where they are not known. */
  readonly folders?: (machine: string, path: string) => readonly string[] | undefined;
  /** Of kubelets that say none themselves. */
  readonly hostName?: Fact<string>;
  readonly addresses?: Fact<readonly NodeAddress[]>;
  /** DNS names that kube-apiservers cannot resolve. Default: none. */
  readonly unresolvableNames?: readonly string[];
  /** The machines have cgroup v1. Default false. */
  readonly cgroupV1?: boolean;
  /** What becomes of requests for serving certificates; decides before any approver that is found. */
  readonly request?: ServingRequest["state"];
  /**
   * Completes "undecidable without ..." where no approver is found. Default: the pieces are all that runs, and
   * requests stay pending.
   */
  readonly approverElsewhere?: string;
  /** What signs kubelet serving certificates, whatever kube-controller-manager says. */
  readonly signer?: FileContent;
  /** Why kubelets are not verified, on every kube-apiserver. */
  readonly skipReason?: string;
  /** The pieces were read from a cluster that runs: each node has a kubelet, and what runs has started. */
  readonly running?: {
    /** All workloads were seen: where no approver is among them, there is none. */
    readonly hasAllWorkloads: boolean;
    /**
     * Files of kube-apiservers that are there and could not be seen, by path: nothing is taken for granted of them.
     * The text completes "undecidable without ...".
     */
    readonly unseenFiles: ReadonlyMap<string, string>;
  };
  /**
   * RBAC pieces are the cluster's whole RBAC. Default: they are when they hold objects that a cluster makes itself
   * (`system:kubelet-api-admin`, `kubeadm:...`, `cluster-admin`) or grant `nodes/proxy` to kube-apiserver by its name;
   * else what kubeadm makes is added.
   */
  readonly isWholeRbac?: boolean;
  /** Completes "undecidable without ..." where there is no RBAC and no kubeadm. Default: there is none. */
  readonly rbacElsewhere?: string;
};
