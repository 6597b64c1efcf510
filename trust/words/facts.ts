/**
 * What decides whether a kube-apiserver and a kubelet trust each other, as typed facts.
 *
 * Readers and resource evidence make facts; {@link judge} turns a pair of them into a verdict. Nothing here
 * reads a file or calls a network. Whatever is not known is said so, with the reason (see fact.ts).
 */
import type { Fact, Source } from "./fact.ts";
import type { Start } from "./refusal.ts";
import type { Skip } from "./skip.ts";
import type { NodeAddressType } from "./vocabulary.ts";

export type { Start } from "./refusal.ts";

// Certificates ------------------------------------------------------------------------------------------

/** A distinguished name, as far as trust looks at it. */
export type DistinguishedName = {
  /** Empty when there is none. */
  readonly commonName: string;
  readonly organizations: readonly string[];
};

/**
 * Identities of a certificate or a key: `sha256:<hex>` (of the DER, of the public key's DER), a resource URN,
 * `path:<host>:<path>` for what this file holds, or any other opaque text with a scheme before the
 * first colon. Two things are the same when they share an identity; they are different only when they have
 * identities of the same scheme and share none; else it is unknown.
 */
export type Identities = readonly string[];

export type KeyFacts = {
  readonly ids: Identities;
  readonly algorithm?: "RSA" | "ECDSA" | "Ed25519" | "other";
};

/** Who signed a certificate, as far as the stack or the certificate says. */
export type Signer = {
  /** Identities of the issuing certificate. */
  readonly certificateIds?: Identities;
  /** Identities of the issuing key; decides even when a CA was renewed with its old key. */
  readonly keyIds?: Identities;
  readonly subject?: DistinguishedName;
};

/**
 * A certificate, with or without its PEM: before anything exists, what the request and the issuing
 * certificate's identity say is enough.
 */
export type CertificateFacts = {
  readonly ids: Identities;
  /** How a person would call it, e.g. a path or a resource name. */
  readonly label: string;
  readonly subject: Fact<DistinguishedName>;
  readonly dnsNames: Fact<readonly string[]>;
  readonly ipAddresses: Fact<readonly string[]>;
  /**
   * What stands for names that it has beside those above and that are not known yet; for an IP address see
   * {@link NodeFacts.unknownIp}.
   */
  readonly unseen?: { readonly dnsNames?: string; readonly ipAddresses?: string };
  /** `undefined` when the certificate carries no such extension: then every use passes. */
  readonly extendedKeyUsages: Fact<readonly ExtendedKeyUsage[] | undefined>;
  /** BasicConstraints CA:TRUE. */
  readonly isCA: Fact<boolean>;
  readonly notBefore: Fact<Date>;
  readonly notAfter: Fact<Date>;
  readonly key: Fact<KeyFacts>;
  readonly signedBy: Fact<Signer>;
  /** The DER bytes, once they exist: then cryptography decides the chain, not the identities. */
  readonly der?: Uint8Array;
  readonly source?: Source;
};

/** `any` and the two that trust looks at; another one by its object identifier. */
export type ExtendedKeyUsage = "serverAuth" | "clientAuth" | "any" | (string & {});

// Files a program reads ---------------------------------------------------------------------------------

/** What a path on a host holds. A certificate file that is known by identity alone has `certificates`. */
export type FileContent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "certificates"; readonly certificates: readonly CertificateFacts[] }
  | { readonly kind: "privateKey"; readonly key: KeyFacts }
  | { readonly kind: "missing" }
  | { readonly kind: "directory" }
  /** It exists and cannot be read. */
  | { readonly kind: "unreadable" };

/** The files of a host by absolute path; a path that is not described is unknown. */
export type HostFiles = (path: string) => Fact<FileContent>;

// Node --------------------------------------------------------------------------------------------------

/** An address of `node.status.addresses`. */
export type NodeAddress = {
  /** What kind of address it is. */
  readonly type: NodeAddressType;
  /** The IP address or the name. */
  readonly address: string;
};

export type NodeFacts = {
  /** The machine's own host name, before `--hostname-override`. */
  readonly hostName: Fact<string>;
  /** Name of the Node object; without an override the lower-cased host name. */
  readonly name: Fact<string>;
  /**
   * In the order of `node.status.addresses`. Where they are unknown, a kubelet without a cloud provider is
   * taken to report what it always reports: an InternalIP (unknown) and its node name as Hostname.
   */
  readonly addresses: Fact<readonly NodeAddress[]>;
  /**
   * Where its addresses are not known: what stands for its InternalIP. Whatever has the same text holds the same
   * address, whatever that turns out to be. Default: a text that nothing else has.
   */
  readonly unknownIp?: string;
  /** An address of `--node-ip` that the kubelet refuses, and what it is: then the node has no address at all. */
  readonly refusedIp?: { readonly ip: string; readonly kind: string };
  /** The machine has cgroup v1, which kubelets refuse by default since 1.35. Default false. */
  readonly cgroupV1?: boolean;
  /** DNS names that kube-apiserver cannot resolve. Default: none, a host name is taken to resolve. */
  readonly unresolvableNames?: readonly string[];
};

// kubelet -----------------------------------------------------------------------------------------------

/** What becomes of the kubelet's request for a serving certificate (signer kubernetes.io/kubelet-serving). */
export type ServingRequest = {
  /** It is there: not what would become of a request. */
  readonly isSeen?: true;
} /** Approved and signed; the certificate itself may be known by its signer alone. */ & (
  | { readonly state: "issued"; readonly chain: readonly CertificateFacts[] }
  /**
   * `pending`: not decided yet; `denied`: decided against it; `neverIssued`: approved, and no signer takes it up.
   * `because` says why, where that is known.
   */
  | { readonly state: "pending" | "denied" | "neverIssued"; readonly because?: string }
);

/**
 * What an approver's rules make of a request, itself `undefined` where it is unknown what it asks for; `undefined` when
 * the approver approves it, as far as its rules are known.
 */
export type Refuses = (request: CertificateFacts | UnknownRequest) => ServingRequest | Approved;

/** In place of a request of which it is unknown what it asks for. */
export type UnknownRequest = undefined;

/** An approver's rules have nothing against a request. */
export type Approved = undefined;

/** What a kubelet's port presented to a TLS handshake: a chain, leaf first, or the alert that it has none. */
export type Presented =
  | { readonly chain: readonly CertificateFacts[] }
  | { readonly noCertificate: true };

/** What became of a request for `/configz` that kube-apiserver passed on to a kubelet. */
export type SeenCall =
  /** The kubelet answered; `body` is what it said where it is no success. */
  | { readonly status: number; readonly body?: string }
  /** Nothing was reached, in the words of kube-apiserver's connection. */
  | { readonly error: string }
  /** Something was reached, and kube-apiserver still waits for its answer: for how long, for people. */
  | { readonly silence: string };

/** What decides which serving certificate a kubelet presents. */
export type KubeletServing = {
  readonly serverTLSBootstrap: Fact<boolean>;
  /** Empty when unset. */
  readonly tlsCertFile: Fact<string>;
  /** Empty when unset. */
  readonly tlsPrivateKeyFile: Fact<string>;
  /** `--cert-dir`; default `/var/lib/kubelet/pki`. */
  readonly certDirectory: Fact<string>;
  /** Needed only with `serverTLSBootstrap`. */
  readonly request: Fact<ServingRequest>;
  /** What was seen at the port of a kubelet that runs: it decides, whatever files and settings say. */
  readonly presented?: Presented;
};

/** Who may call the kubelet, and on which ports. */
export type KubeletAuthentication = {
  /** Empty when unset: then every client certificate is ignored. */
  readonly clientCAFile: Fact<string>;
  /** Default false with `--config`, true without. */
  readonly anonymous: Fact<boolean>;
  /** Bearer tokens by TokenReview. Default true with `--config`, false without. */
  readonly webhook: Fact<boolean>;
  /** Default `Webhook` with `--config`, `AlwaysAllow` without. */
  readonly authorizationMode: Fact<string>;
  /** IP address to listen at. Default `0.0.0.0`: every address of the machine. */
  readonly address: Fact<string>;
  /** Default 10250. */
  readonly port: Fact<number>;
  /** Default 0 with `--config`, 10255 without. */
  readonly readOnlyPort: Fact<number>;
  /** Default true; false means that nothing listens. */
  readonly enableServer: Fact<boolean>;
  /** Default true; false answers 405 to logs, exec and the like. */
  readonly enableDebuggingHandlers: Fact<boolean>;
};

/** A user as Kubernetes knows one. */
export type Identity = { readonly user: string; readonly groups: readonly string[] };

export type KubeletFacts = {
  /** How a person would call this kubelet: its resource, or its node. */
  readonly label: string;
  /** Kubernetes version without the `v`, e.g. `1.37.2`. */
  readonly version: Fact<string>;
  readonly start: Fact<Start>;
  readonly node: NodeFacts;
  readonly serving: KubeletServing;
  readonly authentication: KubeletAuthentication;
  /** Every feature gate of this version and whether it is on. */
  readonly featureGates: Fact<Readonly<Record<string, boolean>>>;
  /** Who the kubelet is to kube-apiserver when it asks who may call it. */
  readonly identity: Fact<Identity>;
  readonly files: HostFiles;
  /** What kube-apiserver got of it where both run: it decides, whatever files and settings say. */
  readonly called?: SeenCall;
  readonly source?: Source;
};

// Callers -----------------------------------------------------------------------------------------------

/** Programs that call kubelets. */
export type CallerName =
  | "kube-apiserver"
  | "metrics-server"
  | "prometheus"
  | "vmagent"
  | "otel-collector"
  | "datadog-agent"
  | "grafana-alloy"
  | "fluent-bit"
  | "telegraf"
  | "metricbeat";

/** How a caller reaches kubelets. The flags named here are kube-apiserver's. */
export type ApiServerKubeletAccess = {
  /** `--kubelet-certificate-authority`: the path of its bundle; empty: nothing is verified. */
  readonly certificateAuthority: Fact<string>;
  /** `--kubelet-client-certificate`; empty when unset. */
  readonly clientCertificate: Fact<string>;
  /** `--kubelet-client-key`; empty when unset. */
  readonly clientKey: Fact<string>;
  /** `--kubelet-preferred-address-types`, as written: unknown words are kept, they match no address. */
  readonly preferredAddressTypes: Fact<readonly string[]>;
  /** What says that not verifying is meant; it counts with a reason. */
  readonly skip: Fact<Skip | undefined>;
  /** Whose bearer token it sends, beside or instead of a certificate; absent: none. */
  readonly token?: Fact<Identity>;
};

/** Who calls a kubelet. */
export type CallerFacts = {
  readonly program: CallerName;
  readonly label: string;
  /** Kubernetes version of kube-apiserver; absent of other callers. */
  readonly version?: Fact<string>;
  readonly start: Fact<Start>;
  readonly access: ApiServerKubeletAccess;
  /** The files that it sees, by its own paths. */
  readonly files: HostFiles;
  readonly source?: Source;
};

/** Who says, to kubelets in mode Webhook, who may do what. */
export type AuthorizerFacts = {
  /** `--authorization-mode`. Default `AlwaysAllow`. */
  readonly authorizationModes: Fact<readonly string[]>;
  readonly rbac: Fact<RbacFacts>;
  /** Whether kube-apiserver takes requests without a credential (`--anonymous-auth`). Default: unknown. */
  readonly takesAnonymous?: Fact<boolean>;
};

/** kube-apiserver calls kubelets and authorizes for them. */
export type ApiServerFacts = CallerFacts &
  AuthorizerFacts & {
    readonly version: Fact<string>;
  };

// RBAC --------------------------------------------------------------------------------------------------

export type RbacRule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly verbs: readonly string[];
  readonly nonResourceURLs: readonly string[];
};

export type ClusterRole = {
  readonly name: string;
  readonly rules: readonly RbacRule[];
  readonly labels: Readonly<Record<string, string>>;
  /** Label selectors of `aggregationRule`; when present the rules come from the roles they select. */
  readonly aggregates?: readonly LabelSelector[];
  readonly source?: Source;
};

export type LabelSelector = {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
};

export type Subject = {
  readonly kind: "User" | "Group" | "ServiceAccount";
  readonly name: string;
  /** ServiceAccounts only. */
  readonly namespace?: string;
};

export type ClusterRoleBinding = {
  readonly name: string;
  readonly role: string;
  readonly subjects: readonly Subject[];
  /** Whether it may belong to another cluster: then it neither grants nor is without effect. Default: no. */
  readonly isInDoubt?: boolean;
  readonly source?: Source;
};

/**
 * The cluster-wide RBAC objects that were found. The roles and bindings that kube-apiserver makes for itself
 * (`cluster-admin`, `system:kubelet-api-admin`, ...) are always there and need not be listed.
 * Kubelet resources are cluster-wide: a RoleBinding never grants them.
 */
export type RbacFacts = {
  readonly roles: readonly ClusterRole[];
  readonly bindings: readonly ClusterRoleBinding[];
};
