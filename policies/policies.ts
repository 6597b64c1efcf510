/** All policies, in the order in which they are reported. */

import type { Spec } from "./policy.ts";
import { approverBindsAddresses } from "./rules/approver-binds-addresses.ts";
import { certificateLifetime } from "./rules/certificate-lifetime.ts";
import { kubeletClientAuthentication } from "./rules/kubelet-client-authentication.ts";
import { kubeletServingTrust } from "./rules/kubelet-serving-trust.ts";
import { kubeletServingVerified } from "./rules/kubelet-serving-verified.ts";
import { kubeletStarts } from "./rules/kubelet-starts.ts";
import { privateKeyExposure } from "./rules/private-key-exposure.ts";

export const specs: readonly Spec[] = [
  kubeletServingTrust,
  kubeletClientAuthentication,
  kubeletStarts,
  kubeletServingVerified,
  approverBindsAddresses,
  certificateLifetime,
  privateKeyExposure,
];
