import type * as pulumi from "@pulumi/pulumi";
import type { ApiServerStance, KeyAlgorithm, ServingMode } from "../../trust/words/vocabulary.ts";
import type { KubeletConfiguration } from "../kubeadm/kubelet-configuration.ts";
import type { HardeningArgs } from "../model/hardening.ts";
import type { MachineArgs } from "../model/machines.ts";
import type { ExistingAuthority } from "../pki/existing-authority.ts";
import type { CaRotation, CaStanding } from "./rotation.ts";

/** A pool as a user describes it. */
export type PoolArgs = {
  /** At most 50 lower-case letters, digits and `-`. */
  name: string;
  /** How the pool's kubelets come by their serving certificates; the rest follows. Default `provisioned`. */
  servingMode?: ServingMode;
  /** The machines; their names and addresses are no other machine's. */
  nodes: readonly MachineArgs[];
  /** Whatever else the pool's KubeletConfiguration should say. Default: nothing. */
  kubeletConfiguration?: KubeletConfiguration;
};

/** Where the approver comes from. */
export type ApproverImage = {
  /** Image, without its tag. Default `postfinance/kubelet-csr-approver`. */
  image?: string;
  /** Tag of the image. Default `v1.2.14`. */
  version?: string;
};

/** A cluster as a user describes it. */
export type ClusterArgs = {
  /** Name in labels, kubeconfigs and kubeadm's configuration. Default: the component's name. */
  clusterName?: string;
  /** Kubernetes version, with or without `v`. Default 1.37.2. */
  kubernetesVersion?: string;
  /**
   * `host` or `host:port` under which every machine reaches kube-apiserver; an Output where a cloud gives it. Default:
   * the first control plane.
   */
  controlPlaneEndpoint?: pulumi.Input<string>;
  /** At least one; several form one etcd cluster. */
  controlPlanes: readonly MachineArgs[];
  /** How the control planes' own kubelets come by their serving certificates. Default `provisioned`. */
  controlPlaneServingMode?: ServingMode;
  /** The pools of nodes, if any. */
  nodePools: readonly PoolArgs[];
  /**
   * Nodes of pools in mode `bootstrap` that other stacks make: the approver takes their requests too. Default: none.
   */
  nodesOfOtherStacks?: readonly MachineArgs[];
  /** What kube-apiserver is told about kubelet serving certificates. Default `verify`. */
  stance?: ApiServerStance;
  /** Why nothing is verified; with stance `skip`, and only then. */
  skipReason?: string;
  /** Algorithm of all keys. Default `ECDSA-P256`. */
  keyAlgorithm?: KeyAlgorithm;
  /** Lifetime of leaf certificates, in hours. Default 8760: one year, as kubeadm has it. */
  validityHours?: number;
  /** Lifetime of new CA certificates, in hours. Default 87600: ten years, as kubeadm has it. */
  caValidityHours?: number;
  /**
   * Hours before its end from which an update replaces a leaf certificate; a third of the lifetime when that is
   * less. Default 720: thirty days.
   */
  earlyRenewalHours?: number;
  /** The cluster's CA, if there is one already; with its key. Default: a new one is made. */
  certificateAuthority?: ExistingAuthority;
  /**
   * Which of its CAs the cluster stands on: one more than before once a rotation has ended, and then
   * `certificateAuthority` is the one that was next. Default 1.
   */
  caGeneration?: number;
  /** A rotation of the cluster's, etcd's and the front proxy's CA. Default: none. */
  caRotation?: CaRotation;
  /**
   * What the stack's last update left, from `readDeployedCa()`; `absent`: nothing is deployed. What is wanted is held
   * against it, and without it no phase of a rotation is taken. Default: not known.
   */
  deployedCa?: CaStanding | "absent";
  /** CIDR of services. Default 10.96.0.0/12. */
  serviceSubnet?: string;
  /** CIDR of pods. Default: none; the network plugin then brings its own. */
  podSubnet?: string;
  /** DNS domain of services. Default `cluster.local`. */
  dnsDomain?: string;
  /** Whether to make a token for further nodes of pools in mode `bootstrap`, when there are any. Default true. */
  bootstrapToken?: boolean;
  /** End of the token's life, RFC 3339. Default: 24 hours after it was made. */
  bootstrapTokenExpiration?: string;
  /**
   * Whether control planes have `ca.key`, with which kube-controller-manager signs what kubelets request. Without it
   * the cluster signs nothing, and no kubelet may be in mode `bootstrap`. Default true, as kubeadm has it.
   */
  caKeyOnControlPlanes?: boolean;
  /**
   * Lifetime of `super-admin.conf`, in hours: no RBAC limits its holder, and only the first start of a cluster needs
   * it. 0 leaves it out. Default 24; the first update after its end makes another one.
   */
  superAdminHours?: number;
  /** Which switches of hardening (CIS Kubernetes Benchmark 1.12) are off. Default: none, everything is on. */
  hardening?: HardeningArgs;
  /** Image and tag of the approver for mode `bootstrap`. Default postfinance/kubelet-csr-approver v1.2.14. */
  approver?: ApproverImage;
};
