/** Two clusters in one stack never mix. */
import type { Case } from "../preview.ts";

const trust = "kubelet-serving-trust";
const lifetime = "certificate-lifetime";

const labelled = (label: string) =>
  `{ provider, prefix: "${label}-", labels: { "kubelet-trust/cluster": "${label}" } }`;

export const severalClusters: readonly Case[] = [
  {
    name: "by label, each coherent in itself: both pass",
    program: `
const provider = parts.provider();
const a = ${labelled("a")}; const b = { ...${labelled("b")}, namespace: "other" };
parts.kubeadmConfig("verify", a); parts.kubeletConfig("bootstrap", a); parts.approver(a);
parts.kubeadmConfig("skip", b); parts.kubeletConfig("selfSigned", b);`,
    advisory: ["kubelet-serving-verified", lifetime],
  },
  {
    name: "by label, one of them broken: that one alone is rejected",
    program: `
const provider = parts.provider();
const a = ${labelled("a")}; const b = { ...${labelled("b")}, namespace: "other" };
parts.kubeadmConfig("verify", a); parts.kubeletConfig("bootstrap", a); parts.approver(a);
parts.kubeadmConfig("verify", b); parts.kubeletConfig("bootstrap", b);`,
    mandatory: [trust],
    says: ["ConfigMap other/kubelet-config"],
    hides: ["ConfigMap kube-system/kubelet-config:"],
  },
  {
    name: "by provider, one of them broken: that one alone is rejected",
    program: `
const a = { provider: parts.provider("a"), prefix: "a-" }; const b = { provider: parts.provider("b"), prefix: "b-", namespace: "other" };
parts.kubeadmConfig("verify", a); parts.kubeletConfig("bootstrap", a); parts.approver(a);
parts.kubeadmConfig("silent", b); parts.kubeletConfig("selfSigned", b);`,
    mandatory: [trust],
    advisory: [lifetime],
    says: ["ConfigMap other/kubelet-config"],
    hides: ["ConfigMap kube-system/kubelet-config:"],
  },
  {
    name: "a kubelet that could belong to either: undecidable",
    program: `
const provider = parts.provider();
const a = ${labelled("a")}; const b = { ...${labelled("b")}, namespace: "other" };
parts.kubeadmConfig("verify", a); parts.kubeadmConfig("skip", b);
parts.kubeletConfig("bootstrap", { provider, namespace: "third" });`,
    mandatory: [trust],
    says: ["several kube-apiservers (a, b)", "kubelet-trust/cluster"],
  },
];
