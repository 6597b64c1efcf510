/** Whether what carries a kube-apiserver's flags says of verification what its component registered. */

import { kubeletAccessOutputs, tokens } from "../../trust/contract.ts";
import { asObject } from "../../trust/readers/yaml.ts";
import { valueOr } from "../../trust/words/fact.ts";
import { reasonOfSkip, skipOf } from "../../trust/words/skip.ts";
import { reasonAnnotation, verificationAnnotation } from "../../trust/words/vocabulary.ts";
import { field, type Resource, type Stack, text } from "../stack/resource.ts";

/**
 * Whether annotations say something else of verification than the stance that a component registered. What is not
 * known is not the same as anything.
 *
 * @param access the `ApiServerKubeletAccess`
 * @param annotations `undefined` when they are not known, which is not none
 */
export function isOtherStance(
  access: Resource,
  annotations: Readonly<Record<string, string>> | undefined,
): boolean {
  const stance = field(access, kubeletAccessOutputs.stance);
  if (annotations === undefined || !stance.known) return true;
  return saidBy(annotations) !== saidBy(registeredBy(access));
}

/** What registered the stance of the cluster that a component is part of; none where the component stands alone. */
export function stancesFor(stack: Stack, owner: Resource): Resource[] {
  return stack
    .childrenOf(owner.parentUrn ?? "")
    .filter(({ type }) => type === tokens.apiServerKubeletAccess);
}

/** The annotations that follow from the registered stance and its reason. */
function registeredBy(access: Resource): Record<string, string> {
  const isSkip = text(access, kubeletAccessOutputs.stance) === "skip";
  const reason = text(access, kubeletAccessOutputs.annotations, reasonAnnotation);
  return isSkip && reason !== undefined
    ? { [verificationAnnotation]: "skip", [reasonAnnotation]: reason }
    : {};
}

function saidBy(annotations: Readonly<Record<string, string>>): string | undefined {
  return reasonOfSkip(valueOr(skipOf(annotations, { where: "" }), undefined));
}

/** The annotations of a resource's metadata that are text; `undefined` when they are not known. */
export function annotationsOf(resource: Resource): Record<string, string> | undefined {
  const annotations = field(resource, "metadata", "annotations");
  if (!annotations.known) return undefined;
  return Object.fromEntries(
    Object.entries(asObject(annotations.value) ?? {}).flatMap(([key, value]) =>
      typeof value === "string" ? [[key, value]] : [],
    ),
  );
}
