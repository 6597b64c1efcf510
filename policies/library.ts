/** What other packs import: the policies, and what they find in a stack. Importing it registers no pack. */
import type { StackValidationPolicy } from "@pulumi/policy";
import { specs } from "./policies.ts";
import { toPolicy } from "./policy.ts";
import { keepSecretMarks, watchConfiguration } from "./sdk.ts";

export type { Config } from "./config.ts";
export { type Analysis, analyse } from "./stack/analysis.ts";

/**
 * All policies of kubelet-trust, for a pack of one's own. They share one analysis of the stack.
 *
 * @param beside every other policy of the pack. A name in the pack's configuration that no policy has is a violation
 *   then, with the one that was meant; without this list nobody can tell such a name from a policy of yours, and it is
 *   passed over.
 * @example
 * new PolicyPack("ours", { policies: [...kubeletTrustPolicies(oursAlone), ...oursAlone] });
 */
export function kubeletTrustPolicies(
  beside?: readonly { readonly name: string }[],
): StackValidationPolicy[] {
  keepSecretMarks();
  if (beside !== undefined) watchConfiguration();
  const others = beside?.map(({ name }) => name);
  return specs.map((spec) => toPolicy(spec, others));
}
