/** The policy pack. */
import { PolicyPack } from "@pulumi/policy";
import { certificateLifetime } from "./certificate-lifetime.ts";
import { kubeletClientAuthentication } from "./kubelet-client-authentication.ts";
import { kubeletServingTrust } from "./kubelet-serving-trust.ts";
import { kubeletServingVerified } from "./kubelet-serving-verified.ts";
import { kubeletStarts } from "./kubelet-starts.ts";
import { toPolicy } from "./policy.ts";
import { privateKeyExposure } from "./private-key-exposure.ts";
import { keepSecretMarks } from "./sdk.ts";

keepSecretMarks();

new PolicyPack("kubelet-trust", {
  displayName: "kubelet-trust",
  description:
    "Rejects stacks whose kubelets and kube-apiserver would not, or not verifiably, trust each other.",
  provider: "kubernetes",
  tags: ["kubernetes", "kubelet", "certificates"],
  policies: [
    kubeletServingTrust,
    kubeletClientAuthentication,
    kubeletStarts,
    kubeletServingVerified,
    certificateLifetime,
    privateKeyExposure,
  ].map(toPolicy),
});
