/** The policy pack. */
import module from "node:module";
import { PolicyPack } from "@pulumi/policy";
import { kubeletTrustPolicies } from "./library.ts";
import { passOverSingleResources } from "./sdk.ts";

passOverSingleResources();

new PolicyPack("kubelet-trust", {
  displayName: "kubelet-trust",
  description:
    "Rejects stacks whose kubelets and kube-apiserver would not, or not verifiably, trust each other.",
  provider: "kubernetes",
  tags: ["kubernetes", "kubelet", "certificates"],
  policies: kubeletTrustPolicies([]),
});

// The engine ends a pack without leave, and Node keeps what it compiled when a process ends: without this, each run
// compiles the pack and TypeScript, which the SDK loads for it, anew. Before Node 22.10 there is no such function.
module.flushCompileCache?.();
