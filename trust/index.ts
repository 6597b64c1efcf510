/** The ground floor: facts about kubelet and kube-apiserver, readers that find them, and the verdict. */
export * from "./apiserver.ts";
export * from "./coherence.ts";
export * from "./evidence.ts";
export * from "./facts.ts";
export * from "./judge.ts";
export * from "./kubelet.ts";
export * from "./readers/command-line.ts";
export * from "./readers/kubeadm.ts";
export * from "./readers/kubelet-configuration.ts";
export * from "./readers/pem.ts";
export * from "./readers/pod.ts";
export * from "./readers/rbac.ts";
export * from "./readers/systemd-unit.ts";
export * from "./readers/yaml.ts";
export * from "./verdict.ts";
export * from "./vocabulary.ts";
