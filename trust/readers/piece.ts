/**
 * Pieces: what a text, a resource or a file says about kubelets, kube-apiservers and those around them, before anybody
 * has decided what belongs together. Readers make pieces, `trust/cluster` makes clusters of them.
 */
import type { Fact, Source } from "../words/fact.ts";
import type {
  FileContent,
  HostFiles,
  NodeAddress,
  Presented,
  RbacFacts,
  SeenCall,
  ServingRequest,
} from "../words/facts.ts";
import type { Opening } from "../words/opening.ts";
import type { CommandLine } from "./command-line.ts";
import type { KubeadmConfiguration } from "./kubeadm.ts";
import type { KubeletConfigurationDocument } from "./kubelet-configuration.ts";
import type { PodProgram } from "./pod.ts";
import type { Json, JsonObject } from "./yaml.ts";

/** Where a piece was found, and what it claims to belong to. */
export type Origin = {
  readonly source: Source;
  /** What holds it: a resource's URN, a file's path. Pieces of one holder stand beside each other. */
  readonly holder: string;
  /** Key or file name within the holder, e.g. `config.yaml`; a flag that names a file of that name means this one. */
  readonly key?: string;
  /** Absolute path on a machine, where it is said. */
  readonly path?: string;
  /** The machine whose files these are, where it is said: it has one kubelet, and pieces of it share their files. */
  readonly machine?: string;
  /** All files that the machine is started with are here: what is not is absent. */
  readonly isWhole?: boolean;
  /** What is written about that machine beside its files. */
  readonly host?: {
    readonly name: string;
    readonly addresses: Fact<readonly NodeAddress[]>;
    /** Kubernetes version, without the `v`. */
    readonly version?: string;
  };
  /** The cluster's name as it is written; `undefined` when nothing is written; unknown when it cannot be read. */
  readonly cluster: Fact<string | undefined>;
  /** What certainly holds its cluster together, whatever is written: the URN of a Cluster component. */
  readonly owner?: { readonly id: string; readonly name: string };
  /** Whatever else keeps clusters apart: a provider's kubeconfig, a folder; sides of one call share theirs. */
  readonly scope: string;
  /** The Kubernetes object that holds it, `Kind namespace/name`; volumes of pods name ConfigMaps and Secrets so. */
  readonly object?: string;
  /** Namespace of the object that holds it; absent outside of Kubernetes. */
  readonly namespace?: string;
  /**
   * Annotations around it: of the object, of the ConfigMap that holds it. Values that are not known hold a
   * placeholder; where the whole map is not known, each annotation that decides has one.
   */
  readonly annotations: Readonly<Record<string, string>>;
  /** It came from a Secret, or may hold a key: no text of it is ever quoted. */
  readonly secret?: boolean;
};

type From = { readonly origin: Origin };

/** A program that is started somewhere: by a pod, a unit, a script, or because kubeadm would. */
export type ProgramPiece = From & {
  readonly kind: "program";
  readonly commandLine: CommandLine;
  /** How a person calls it. Default: `origin.machine`, else `origin.source.where`. */
  readonly label?: string;
  /** Kubernetes version, without the `v`, from its image or a label. */
  readonly version?: string;
  /** Of a kubelet: the machine's own host name, before `--hostname-override`. */
  readonly hostName?: Fact<string>;
  /** Of a kubelet: what the node is said to have. A Hostname address need not be among them. */
  readonly addresses?: Fact<readonly NodeAddress[]>;
  /** Where these are not known: see `NodeFacts`. */
  readonly unknownIp?: string;
  /** Files that it sees by its own paths (mounts); absent: those of its machine. */
  readonly files?: HostFiles;
  /** The pod that runs it: what its volumes are made of is for those to say who know the other objects. */
  readonly pod?: PodAround;
};

/** What a pod says about a program in it, its files and its name. */
export type PodAround = Pick<PodProgram, "volumeAt" | "volumes"> & {
  /** Whether it is to be started at all, with the reason why it is not: replicas of 0, `suspend: true`. */
  readonly runs: WorkloadPiece["runs"];
  /** Default `default`; of a static pod whatever its manifest says. */
  readonly namespace: string;
};

/**
 * A KubeletConfiguration that is a text of its own: a whole one, a drop-in of `--config-dir`, or a patch that kubeadm
 * applies. One beside kubeadm's documents in one text is part of the {@link KubeadmPiece}, and no piece by itself.
 */
export type ConfigurationPiece = From & {
  readonly kind: "kubelet-configuration";
  readonly role: "whole" | "drop-in" | "kubeadm-patch";
  readonly document: KubeletConfigurationDocument;
};

/** Documents of kubeadm's configuration that stand in one text. */
export type KubeadmPiece = From & {
  readonly kind: "kubeadm";
  readonly configuration: KubeadmConfiguration;
};

export type RbacPiece = From & { readonly kind: "rbac"; readonly rbac: RbacFacts };

/** A Role of a namespace that speaks of approving; requests belong to none, so that it grants nothing. */
export type RolePiece = From & { readonly kind: "role" };

/** A ServiceAccount whose pods get no token of their own accord. */
export type AccountPiece = From & {
  readonly kind: "account";
  /** `namespace/name` */
  readonly account: string;
};

/**
 * A workload that makes pods: who may approve requests for kubelet serving certificates is found among them, by image
 * and by RBAC.
 */
export type WorkloadPiece = From & {
  readonly kind: "workload";
  readonly label: string;
  /** Containers as they are written, init containers aside; unknown parts are placeholders. */
  readonly containers: readonly JsonObject[];
  /** Its ServiceAccount, `namespace/name`; without one `default` of its namespace. */
  readonly serviceAccount: Fact<string>;
  /**
   * Whether its pods get a token of the ServiceAccount, where they say so: `automountServiceAccountToken`, or a volume
   * that has one, if only for another audience than kube-apiserver. Absent: as the ServiceAccount says.
   */
  readonly token?: "none" | "mounted" | { readonly audience: string };
  /** Whether it runs at all, with the reason why it does not: replicas of 0, `suspend: true`. */
  readonly runs: Fact<true | { readonly because: string }>;
  /** `spec.tolerations` of the pod as they are written. */
  readonly tolerations: readonly Json[];
  /** `nodeName`, `nodeSelector` and `affinity` of the pod as they are written. */
  readonly scheduling: JsonObject;
  /**
   * `spec.hostAliases` of the pod as it is written; absent where its hosts file holds its node's entries too
   * (`hostNetwork`), or it is not known whether it does.
   */
  readonly hostAliases?: readonly Json[];
  /** Its ports are those of its node. */
  readonly hostNetwork?: true;
};

/** A file of a machine. */
export type FilePiece = From & {
  readonly kind: "file";
  /** Absolute; a bare name stands for any path on its machine, or of its holder, that ends in it. */
  readonly path: string;
  readonly content: Fact<FileContent>;
};

/** The other programs that call kubelets. */
const callers = [
  "metrics-server",
  "prometheus",
  "vmagent",
  "otel-collector",
  "datadog-agent",
  "grafana-alloy",
  "fluent-bit",
  "telegraf",
  "metricbeat",
] as const;
export type CallerProgram = (typeof callers)[number];

/** A caller of kubelets beside kube-apiserver; what it is told, as that program understands it. */
export type CallerPiece = From & {
  readonly kind: "caller";
  readonly program: CallerProgram;
  readonly label: string;
  /** PEM file that it verifies kubelets with, by path; empty: none given; `skip`: told not to verify. */
  readonly verification: Fact<
    | { readonly skip: true; readonly key: string }
    | { readonly skip: false; readonly caFile: string; readonly key: string }
  >;
  /** Address types in the order in which they are dialled; absent: the program's own default. */
  readonly addressTypes?: Fact<readonly string[]>;
  /** Port that it asks at; absent: the one in the node's status. */
  readonly port?: Fact<number>;
  /** It speaks no TLS. */
  readonly isPlain?: true;
  /** Where it listens itself, `address:port`. */
  readonly listens?: Fact<string>;
  /** What keeps the program from starting, in its words, and the way out. */
  readonly refusal?: { readonly says: string; readonly remedy: string };
  /** What it says as it exits where its pod gets no token; absent where it starts without one. */
  readonly refusalWithoutToken?: string;
  /** Its ServiceAccount, `namespace/name`. */
  readonly serviceAccount?: Fact<string>;
  /** What it says who it is by, a file of its pod or nothing; absent where it is something else, or its own default. */
  readonly credential?: "none" | { readonly tokenFile: string };
  /** What runs it; absent where that is not in sight. */
  readonly pod?: WorkloadPiece;
};

/** A Node object, as exported: name and addresses. */
export type NodePiece = From & {
  readonly kind: "node";
  readonly name: string;
  readonly addresses: readonly NodeAddress[];
  /** Labels as they are written; a manifest need not have those that the kubelet sets. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Port of its kubelet; absent where its status does not say. */
  readonly port?: number;
  /** Version of its kubelet, without the `v`; absent where its status does not say. */
  readonly version?: string;
};

/** A kubelet's request for a serving certificate, and what has become of it. */
export type RequestPiece = From & {
  readonly kind: "request";
  /** Name of the Node that asks. */
  readonly node: string;
  /** When it was filed. */
  readonly created: Date;
  readonly request: ServingRequest;
};

/** What was seen of a kubelet that runs. */
export type SeenPiece = From & {
  readonly kind: "seen";
  /** Name of its Node. */
  readonly node: string;
  readonly presented?: Presented;
  readonly called?: SeenCall;
};

/**
 * What speaks of kubelets or kube-apiserver and was not understood. It is never passed over: `deciding` says that it
 * could hold a setting that decides, as far as one can tell from outside.
 */
export type UnreadPiece = From & {
  readonly kind: "unread";
  /** Completes "undecidable without ..."; never quotes what may be secret. */
  readonly missing: string;
  readonly deciding: boolean;
  /** What it opens for certain of whatever kubelet has it. */
  readonly opens?: Opening;
  /** By it a cloud starts a kubelet, with files and flags of its own. */
  readonly startsKubelet?: true;
  /** Until it is known it counts as who writes it has said: what is judged rests on that. */
  readonly pending?: true;
  /** It is there, and is not what its component registered. */
  readonly changed?: true;
};

/**
 * A file or folder of a machine that a command makes or changes in a way that is not read. It decides where a program
 * of the same place is told to read it.
 */
export type ChangePiece = From & {
  readonly kind: "change";
  /** Absolute where that is known; may hold placeholders. */
  readonly path: string;
  /** The command, as a person calls it. */
  readonly by: string;
};

export type Piece =
  | ProgramPiece
  | ConfigurationPiece
  | KubeadmPiece
  | RbacPiece
  | RolePiece
  | AccountPiece
  | WorkloadPiece
  | FilePiece
  | CallerPiece
  | NodePiece
  | RequestPiece
  | SeenPiece
  | UnreadPiece
  | ChangePiece;
