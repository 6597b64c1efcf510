/** Which RBAC counts in a cluster: what was found, and what kubeadm makes where that is not the whole. */
import { kubeadmRbac } from "../kubeadm/pki.ts";
import { isOwnRole } from "../rbac/default-roles.ts";
import type { RbacPiece } from "../readers/piece.ts";
import { type Fact, known, unknown } from "../words/fact.ts";
import type { ClusterRole, ClusterRoleBinding, RbacFacts } from "../words/facts.ts";
import type { AssembleOptions } from "./assembly.ts";
import type { Assumptions } from "./assumptions.ts";

/**
 * The cluster's RBAC. kubeadm's objects are taken for granted only in clusters that it made, and only where what was
 * found is a part: an application's roles say nothing about what kube-apiserver may do.
 */
export function rbacOf(
  pieces: readonly RbacPiece[],
  byKubeadm: boolean,
  options: Pick<AssembleOptions, "isWholeRbac" | "rbacElsewhere">,
  assumptions: Assumptions,
): Fact<RbacFacts> {
  const given = merged(pieces.map(({ rbac }) => rbac));
  const found = (options.isWholeRbac ?? isExport(given)) ? given : withRolesElsewhere(given);
  const isWhole =
    pieces.length > 0 &&
    (options.isWholeRbac ?? (isExport(given) || isOfKubeadm(given) || namesApiServer(given)));
  if (isWhole) return known(found);
  if (byKubeadm) {
    assumptions.add("The cluster has the RBAC objects that kubeadm makes.");
    return known(merged([found, kubeadmRbac]));
  }
  return options.rbacElsewhere !== undefined && pieces.length === 0
    ? unknown(options.rbacElsewhere)
    : known(found);
}

/** RBAC that belongs to one of several clusters, or to one whose label is not known, as each of them has it. */
export function rbacInDoubt({ rbac, ...piece }: RbacPiece): RbacPiece {
  const bindings = rbac.bindings.map((binding) => ({ ...binding, isInDoubt: true }));
  return { ...piece, rbac: { ...rbac, bindings } };
}

/** All of it as one. */
export function merged(all: readonly RbacFacts[]): RbacFacts {
  return {
    roles: all.flatMap(({ roles }) => roles),
    bindings: all.flatMap(({ bindings }) => bindings),
  };
}

/** Whether it holds what every cluster makes itself: then all of it was handed over. */
export function isExport({ roles, bindings }: RbacFacts): boolean {
  return [...roles, ...bindings].some(
    ({ name }) => /^(?:system:|cluster-admin$)/.test(name) && isOwnRole(name),
  );
}

/** A role that is bound and not in sight may permit anything: it was made elsewhere. */
function withRolesElsewhere({ roles, bindings }: RbacFacts): RbacFacts {
  const names = new Set(roles.map(({ name }) => name));
  const bound = new Set(bindings.map(({ role }) => role));
  const elsewhere = [...bound].filter(
    (name) => name !== "" && !names.has(name) && !isOwnRole(name),
  );
  return { roles: [...roles, ...elsewhere.map(roleElsewhere)], bindings };
}

function roleElsewhere(name: string): ClusterRole {
  const any = [`\${what ClusterRole ${name} permits}`];
  const rule = {
    apiGroups: any,
    resources: any,
    resourceNames: [],
    verbs: any,
    nonResourceURLs: any,
  };
  return { name, rules: [rule], labels: {} };
}

/** Whether it holds what kubeadm makes for kube-apiserver's calls: then it is not made a second time. */
function isOfKubeadm({ bindings }: RbacFacts): boolean {
  return bindings.some(({ name }) => kubeadmRbac.bindings.some((made) => made.name === name));
}

/**
 * Whether it says as whom kube-apiserver may call kubelets, by a name that speaks of it. What lets people and their
 * tools in says nothing of that.
 */
function namesApiServer({ roles, bindings }: RbacFacts): boolean {
  const forKubelets = new Set(roles.filter(grantsKubelets).map(({ name }) => name));
  return bindings.some(
    (binding) =>
      (forKubelets.has(binding.role) || binding.role === "system:kubelet-api-admin") &&
      speaksOfApiServer(binding),
  );
}

function speaksOfApiServer({ name, subjects }: ClusterRoleBinding): boolean {
  const people = subjects.filter(({ kind }) => kind !== "ServiceAccount");
  return people.length > 0 && [{ name }, ...people].some((one) => /api-?server/i.test(one.name));
}

function grantsKubelets({ rules }: ClusterRole): boolean {
  return rules.some(({ resources }) =>
    resources.some((resource) => resource === "nodes/proxy" || resource === "nodes/*"),
  );
}
