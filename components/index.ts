/** The components, one file each. */

export type { NodeAddress } from "../trust/words/facts.ts";
export * from "./api-server-kubelet-access.ts";
export * from "./bootstrap-token.ts";
export * from "./certificate-authority.ts";
export * from "./cluster.ts";
export * from "./control-plane-certificates.ts";
export * from "./host-files.ts";
export type { KubeletConfiguration } from "./kubeadm/kubelet-configuration.ts";
export * from "./kubelet-config-map.ts";
export * from "./kubelet-serving-approver.ts";
export * from "./machine-files.ts";
export type { ClusterSettings } from "./model/cluster-settings.ts";
export type { Hardening, HardeningArgs } from "./model/hardening.ts";
export type {
  ControlPlaneHost,
  Machine,
  MachineAddress,
  MachineArgs,
  NodeAddressArgs,
} from "./model/machines.ts";
export * from "./node-certificates.ts";
export * from "./node-pool.ts";
export type { ExistingAuthority } from "./pki/existing-authority.ts";
export type { ApproverImage, ClusterArgs, PoolArgs } from "./plan/cluster-args.ts";
export { readDeployedCa } from "./plan/deployed-ca.ts";
export type { CaRotation, CaStanding, FilesOfPhase, RotationPhase } from "./plan/rotation.ts";
