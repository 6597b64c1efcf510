/** Whether approvers approve by the rules that their component registered. */
import { isDeepStrictEqual } from "node:util";
import { tokens } from "../../trust/contract.ts";
import { writtenRules } from "../../trust/programs/approver/rules.ts";
import { asList, asObject } from "../../trust/readers/yaml.ts";
import { valueOr } from "../../trust/words/fact.ts";
import { describe, field, type Resource, type Stack, text } from "../stack/resource.ts";
import { differing } from "./differing.ts";
import type { Reader } from "./evidence.ts";
import { kindOf } from "./kubernetes.ts";

/** Says which approvers something has changed: one that approves more than it was made for fails nowhere. */
export const readRegisteredApprovers: Reader = (stack) => ({
  pieces: stack.resources
    .filter(({ type, properties }) => {
      const isRegistered = Object.keys(properties).length > 0;
      return type === tokens.kubeletServingApprover && isRegistered;
    })
    .flatMap((owner) =>
      approversOf(stack, owner)
        .filter((approver) => isChanged(approver, owner))
        .map((approver) =>
          differing(
            stack,
            approver,
            `why the rules of ${describe(approver)} differ from what ${describe(owner)} registered`,
          ),
        ),
    ),
});

function approversOf(stack: Stack, owner: Resource): Resource[] {
  return stack.childrenOf(owner.urn).filter((child) => kindOf(child) === "Deployment");
}

/** Of a pod that is not known nothing is told: that it is missing is said elsewhere. */
function isChanged(approver: Resource, owner: Resource): boolean {
  const containers = field(approver, "spec", "template", "spec", "containers");
  const registered = {
    PROVIDER_REGEX: text(owner, "providerRegex"),
    PROVIDER_IP_PREFIXES: text(owner, "providerIpPrefixes"),
    BYPASS_DNS_RESOLUTION: "false",
    BYPASS_HOSTNAME_CHECK: "false",
  };
  return asList(valueOr(containers, undefined))
    .map((container) => asObject(container) ?? {})
    .some((container) => !isDeepStrictEqual(writtenRules(container), registered));
}
