/** The policy pack. */
import { PolicyPack } from "@pulumi/policy";
import { kubeletTrustPolicies } from "./library.ts";

new PolicyPack("kubelet-trust", {
  displayName: "kubelet-trust",
  description:
    "Rejects stacks whose kubelets and kube-apiserver would not, or not verifiably, trust each other.",
  provider: "kubernetes",
  tags: ["kubernetes", "kubelet", "certificates"],
  policies: kubeletTrustPolicies([]),
});
