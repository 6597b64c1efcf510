/** What other packs import: the policies, and what they find in a stack. Importing it registers no pack. */
import type { StackValidationPolicy } from "@pulumi/policy";
import { specs } from "./policies.ts";
import { toPolicy } from "./policy.ts";
import { keepSecretMarks } from "./sdk.ts";

export type { Config } from "./config.ts";
export { type Analysis, analyse } from "./stack/analysis.ts";

/**
 * All policies of kubelet-trust, for a pack of one's own. They share one analysis of the stack.
 *
 * @example
 * new PolicyPack("ours", { policies: [...kubeletTrustPolicies(), ...oursAlone] });
 */
export function kubeletTrustPolicies(): StackValidationPolicy[] {
  keepSecretMarks();
  return specs.map(toPolicy);
}
