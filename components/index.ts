/** The components, one file each. */
export * from "./apiServerKubeletAccess.ts";
export * from "./bootstrapToken.ts";
export * from "./certificateAuthority.ts";
export * from "./cluster.ts";
export type { ClusterSettings } from "./clusterSettings.ts";
export * from "./controlPlaneCertificates.ts";
export type { ExistingAuthority } from "./existingAuthority.ts";
export * from "./hostFiles.ts";
export * from "./kubeletConfigMap.ts";
export type { KubeletConfiguration } from "./kubeletConfiguration.ts";
export * from "./kubeletServingApprover.ts";
export type { Machine, MachineArgs, NodeAddress } from "./machines.ts";
export * from "./nodeCertificates.ts";
export * from "./nodePool.ts";
