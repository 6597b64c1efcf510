import { newestKnownVersion } from "../../trust/kubernetes/version.ts";

/** What a cluster is when its arguments say nothing else: kubeadm's defaults, but for the key algorithm. */
export const clusterDefaults = {
  kubernetesVersion: newestKnownVersion,
  servingMode: "provisioned",
  stance: "verify",
  keyAlgorithm: "ECDSA-P256",
  /** One year. */
  validityHours: 8760,
  /** Ten years. */
  caValidityHours: 87_600,
  /** Thirty days; a third of the lifetime when that is less. */
  earlyRenewalHours: 720,
  /** One day: for the first start of a cluster. */
  superAdminHours: 24,
  serviceSubnet: "10.96.0.0/12",
  dnsDomain: "cluster.local",
} as const;
