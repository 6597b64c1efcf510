/** What readers find in a stack, before it is known which kubelet belongs to which kube-apiserver. */

import type { CommandLine } from "../../trust/readers/command-line.ts";
import type { KubeletConfigurationDocument } from "../../trust/readers/kubelet-configuration.ts";
import type { Source } from "../../trust/words/fact.ts";
import type {
  ApiServerKubeletAccess,
  CertificateFacts,
  HostFiles,
  NodeFacts,
  RbacFacts,
  Refuses,
} from "../../trust/words/facts.ts";
import type { Resource, Stack } from "../stack/resource.ts";

/** What says which cluster a thing belongs to. */
export type Membership = {
  /** URN of the Cluster component above it. */
  readonly component: string | undefined;
  /** Label `kubelet-trust/cluster`. */
  readonly label: string | undefined;
  /** URN of the Kubernetes provider. */
  readonly provider: string;
  /** Empty for cluster-wide objects. */
  readonly namespace: string;
};

/** Something found in a resource. */
export type Found = {
  readonly resource: Resource;
  readonly membership: Membership;
  readonly source: Source;
};

export type FoundKubelet = Found & {
  /** The machine where one is known, else what it was read from. */
  readonly label: string;
  /** Kubernetes version, when what it was read from says one. */
  readonly version?: string;
  readonly commandLine: CommandLine;
  /** The content of `--config` when it stands beside it; else it is looked for among the configurations. */
  readonly configuration?: KubeletConfigurationDocument;
  readonly node: NodeFacts;
  /** The machine's own. */
  readonly files?: HostFiles;
};

/** A KubeletConfiguration that no command line has been found for yet. */
export type FoundConfiguration = Found & {
  /** The key that it stands under, a file name to those who mount it. */
  readonly key: string;
  readonly document: KubeletConfigurationDocument;
};

export type FoundApiServer = Found & {
  readonly label: string;
  readonly version?: string;
  readonly commandLine: CommandLine;
  readonly skip: ApiServerKubeletAccess["skip"];
  /** The machine's own. */
  readonly files?: HostFiles;
  /** What the container gets from objects of the stack. */
  readonly mounts?: HostFiles;
  /** kubeadm's configuration: kubeadm makes the RBAC that its client certificate needs. */
  readonly byKubeadm: boolean;
};

/** A kube-controller-manager: it signs what kubelets request. */
export type FoundSigner = Found & {
  readonly commandLine: CommandLine;
  /** The machine's own. */
  readonly files?: HostFiles;
  /** What the container gets from objects of the stack. */
  readonly mounts?: HostFiles;
};

/** Something that approves requests for kubelet serving certificates. */
export type FoundApprover = Found & {
  readonly label: string;
  /** Default: it approves whatever a kubelet requests. */
  readonly refuses?: Refuses;
};

export type FoundRbac = Found & { readonly rbac: RbacFacts };

/** A certificate that the stack makes, for its lifetime. */
export type FoundCertificate = Found & {
  readonly certificate: CertificateFacts;
  /** The certificate that signed it, where the stack has it and it is another. */
  readonly issuer: CertificateFacts | undefined;
};

/** Something that may decide and could not be read. */
export type Gap = Found & {
  /** Completes the sentence "undecidable without ...". */
  readonly missing: string;
};

export type Evidence = {
  readonly kubelets: readonly FoundKubelet[];
  readonly configurations: readonly FoundConfiguration[];
  readonly apiServers: readonly FoundApiServer[];
  readonly signers: readonly FoundSigner[];
  readonly approvers: readonly FoundApprover[];
  readonly rbac: readonly FoundRbac[];
  readonly certificates: readonly FoundCertificate[];
  readonly gaps: readonly Gap[];
};

/** What one reader found. `claims` are resources that it has read in full: later readers pass them over. */
export type Findings = Partial<Evidence> & { readonly claims?: readonly string[] };

/** Reads one kind of evidence. Never throws; what it cannot read is a gap. */
export type Reader = (stack: Stack, claimed: ReadonlySet<string>) => Findings;
