/** The policy pack. */
import { PolicyPack } from "@pulumi/policy";
import { specs } from "./policies.ts";
import { toPolicy } from "./policy.ts";
import { keepSecretMarks } from "./sdk.ts";

keepSecretMarks();

new PolicyPack("kubelet-trust", {
  displayName: "kubelet-trust",
  description:
    "Rejects stacks whose kubelets and kube-apiserver would not, or not verifiably, trust each other.",
  provider: "kubernetes",
  tags: ["kubernetes", "kubelet", "certificates"],
  policies: specs.map(toPolicy),
});
