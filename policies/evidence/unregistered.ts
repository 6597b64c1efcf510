/**
 * Resources of which an operation registers nothing: under `pulumi up --target` the engine passes over what is new and
 * not named, and hands policies its type and name alone. They are one finding, and nothing is made of them.
 */
import { tokens } from "../../trust/contract.ts";
import { unread } from "../../trust/readers/origins.ts";
import { describe, type Resource } from "../stack/resource.ts";
import type { Reader } from "./evidence.ts";
import { originOf } from "./kubernetes.ts";

const compared: readonly string[] = [
  tokens.hostFiles,
  tokens.apiServerKubeletAccess,
  tokens.kubeletConfigMap,
];

/** Whether nothing is known of what is read: an object has a kind, and what a component of ours registers is named. */
export function isUnregistered({ type, properties }: Resource): boolean {
  const isRead = type.startsWith("kubernetes:") || compared.includes(type);
  return isRead && Object.keys(properties).length === 0;
}

/** Says once that there are such resources, and keeps them from the other readers. */
export const readUnregistered: Reader = (stack) => {
  const found = stack.resources.filter(isUnregistered);
  const [first, ...others] = found;
  if (first === undefined) return {};
  const more = others.length === 0 ? "" : ` and of ${others.length} more resources`;
  const missing = `the inputs of ${describe(first)}${more}, which this operation leaves out (pulumi --target)`;
  return {
    pieces: [unread(originOf(stack, first), missing, false)],
    claims: found.map(({ urn }) => urn),
  };
};
