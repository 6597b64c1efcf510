/** The ground floor: facts about kubelet and kube-apiserver, readers that find them, and the verdict. */

export { type Host, type Verification, verifyChain } from "./certificates/verify.ts";
export * from "./contract.ts";
export { bundleOf } from "./judge/bundle.ts";
export * from "./judge/caller.ts";
export * from "./judge/coherence.ts";
export { type DirectCall, judgeDirectCall } from "./judge/direct.ts";
export * from "./judge/judge.ts";
export * from "./judge/options.ts";
export { servedByFacts } from "./judge/serving.ts";
export * from "./kubeadm/pki.ts";
export { isKnownVersion } from "./kubernetes/tables.ts";
export { knownMinors, newestKnownVersion, oldestSupportedVersion } from "./kubernetes/version.ts";
export * from "./programs/api-server/facts.ts";
export * from "./programs/controller-manager/signer.ts";
export * from "./programs/kubelet/facts.ts";
export * from "./programs/kubelet/requested-certificate.ts";
export {
  type Served,
  selfSigned,
} from "./programs/kubelet/serving-certificate.ts";
export { addressesOf, unknownNodeName } from "./programs/node.ts";
export * from "./programs/refusals.ts";
export * from "./readers/command-line.ts";
export * from "./readers/kubeadm.ts";
export * from "./readers/kubelet-configuration.ts";
export * from "./readers/pem.ts";
export * from "./readers/placeholders.ts";
export * from "./readers/pod.ts";
export * from "./readers/rbac.ts";
export * from "./readers/systemd-unit.ts";
export * from "./readers/yaml.ts";
export * from "./words/fact.ts";
export * from "./words/facts.ts";
export * from "./words/refusal.ts";
export * from "./words/remedy.ts";
export * from "./words/serving-mode.ts";
export * from "./words/verdict.ts";
export * from "./words/vocabulary.ts";
