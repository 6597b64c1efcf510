/** All policies, in the order in which they are reported. */
import { certificateLifetime } from "./certificate-lifetime.ts";
import { kubeletClientAuthentication } from "./kubelet-client-authentication.ts";
import { kubeletServingTrust } from "./kubelet-serving-trust.ts";
import { kubeletServingVerified } from "./kubelet-serving-verified.ts";
import { kubeletStarts } from "./kubelet-starts.ts";
import type { Spec } from "./policy.ts";
import { privateKeyExposure } from "./private-key-exposure.ts";

export const specs: readonly Spec[] = [
  kubeletServingTrust,
  kubeletClientAuthentication,
  kubeletStarts,
  kubeletServingVerified,
  certificateLifetime,
  privateKeyExposure,
];
