/** ClusterRoles and ClusterRoleBindings of the stack. */
import { readRbac } from "../../trust/readers/rbac.ts";
import { describe, field } from "../stack/resource.ts";
import type { FoundRbac, Gap, Reader } from "./evidence.ts";
import { membershipOf, objectOf, ofKind } from "./kubernetes.ts";

/** Reads RBAC. What is unknown in a role or a binding grants nothing. */
export const readRbacObjects: Reader = (stack) => {
  const rbac: FoundRbac[] = [];
  const gaps: Gap[] = [];
  for (const resource of ofKind(
    stack,
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterRoleList",
    "ClusterRoleBindingList",
  )) {
    const where = describe(resource);
    const items = field(resource, "items");
    const value = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      ...objectOf(resource),
      ...(items.known && items.value !== undefined ? { items: items.value } : {}),
    };
    const read = readRbac([{ value, lineOf: () => undefined, source: { where } }]);
    rbac.push({
      resource,
      membership: membershipOf(stack, resource),
      source: { where },
      rbac: read.rbac,
    });
  }
  return { rbac, gaps };
};
