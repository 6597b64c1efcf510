import type { Problem, Source } from "../evidence.ts";
import type { CommandLine } from "./command-line.ts";
import type { KubeletConfigurationDocument } from "./kubelet-configuration.ts";

/** What a kubeadm configuration says about the two sides. */
export type KubeadmConfiguration = {
  /** From ClusterConfiguration: kube-apiserver's flags, kubeadm's own first, `extraArgs` after them. */
  readonly apiServer?: CommandLine;
  /** kube-controller-manager's flags, which name the CA that signs kubelet certificates. */
  readonly controllerManager?: CommandLine;
  /** From InitConfiguration or JoinConfiguration: the flags that kubeadm writes for the kubelet. */
  readonly kubelets: readonly CommandLine[];
  /** The KubeletConfiguration beside them; `kubeadm join` ignores it. */
  readonly kubeletConfiguration?: KubeletConfigurationDocument;
  /** `kubernetesVersion`, without the `v`. */
  readonly kubernetesVersion?: string;
  /** Default `/etc/kubernetes/pki`. */
  readonly certificatesDirectory: string;
  readonly problems: readonly Problem[];
};

/** Reads ClusterConfiguration, InitConfiguration and JoinConfiguration, v1beta3 (maps) and v1beta4 (lists). */
export function readKubeadm(text: string, source: Source): KubeadmConfiguration {
  void text;
  return {
    kubelets: [],
    certificatesDirectory: "/etc/kubernetes/pki",
    problems: [{ message: "not read yet", source, fatal: false }],
  };
}
