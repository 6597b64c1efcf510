/**
 * Who approves requests for kubelet serving certificates: kube-controller-manager never does. An approver is known by
 * the permission that it cannot do without, or by its image.
 * Source: kubernetes `plugin/pkg/admission/certificates/approval/admission.go` (verb `approve` on the signer).
 */

import { rulesIn } from "../../trust/programs/approver/rules.ts";
import { asList, asObject, asText, type Json, type JsonObject } from "../../trust/readers/yaml.ts";
import type { ClusterRole, RbacRule, Subject } from "../../trust/words/facts.ts";
import { describe, type Resource, text } from "../stack/resource.ts";
import type { FoundApprover, Reader } from "./evidence.ts";
import { membershipOf, objectOf, ofKind } from "./kubernetes.ts";
import { readRbacObjects } from "./rbac.ts";

const signer = "kubernetes.io/kubelet-serving";

/** Reads the approvers: workloads of a known image, and roles with the permission that are bound to anybody else. */
export const readApprovers: Reader = (stack, claimed) => {
  const found = (resource: Resource): FoundApprover => ({
    resource,
    membership: membershipOf(stack, resource),
    source: { where: describe(resource) },
    label: describe(resource),
  });
  const known = ofKind(stack, ...workloads).flatMap((resource) =>
    objectsIn(objectOf(resource))
      .filter(isKnownApprover)
      .map((container) => ({ ...found(resource), refuses: rulesIn(container) })),
  );
  const accounts = new Set(known.flatMap(({ resource }) => accountsOf(resource)));
  const rbac = readRbacObjects(stack, claimed).rbac ?? [];
  const bindings = rbac.flatMap((object) => object.rbac.bindings);
  const others = rbac.filter((object) => {
    const names = object.rbac.roles.filter(mayApprove).map(({ name }) => name);
    return bindings.some(
      ({ role, subjects }) =>
        names.includes(role) && subjects.some((subject) => !accounts.has(accountOf(subject))),
    );
  });
  return { approvers: [...known, ...others.map(({ resource }) => found(resource))] };
};

/** The service accounts that a workload runs as. */
function accountsOf(resource: Resource): string[] {
  const namespace = text(resource, "metadata", "namespace") ?? "default";
  const names = objectsIn(objectOf(resource)).flatMap(
    (object) => asText(object.serviceAccountName) ?? [],
  );
  return names.map((name) => accountOf({ kind: "ServiceAccount", name, namespace }));
}

function accountOf({ kind, name, namespace }: Subject): string {
  return `${kind} ${namespace ?? ""}/${name}`;
}

const workloads = ["Deployment", "DaemonSet", "StatefulSet", "Pod", "CronJob"];

/** Source: the image names of postfinance/kubelet-csr-approver and alex1989hu/kubelet-serving-cert-approver. */
function isKnownApprover({ image }: JsonObject): boolean {
  return /(^|\/)(kubelet-csr-approver|kubelet-serving-cert-approver)([:@]|$)/.test(
    asText(image) ?? "",
  );
}

/** The object and all objects in it. */
function objectsIn(value: Json): JsonObject[] {
  const objects: JsonObject[] = [];
  const visit = (at: Json, depth: number): void => {
    if (depth > 12) return;
    const object = asObject(at);
    if (object) objects.push(object);
    for (const item of object ? Object.values(object) : asList(at)) visit(item, depth + 1);
  };
  visit(value, 0);
  return objects;
}

function mayApprove({ rules }: ClusterRole): boolean {
  return rules.some(
    (rule) =>
      covers(rule.apiGroups, "certificates.k8s.io") &&
      covers(rule.resources, "signers") &&
      covers(rule.verbs, "approve") &&
      namesSigner(rule),
  );
}

function covers(list: readonly string[], item: string): boolean {
  return list.includes(item) || list.includes("*");
}

function namesSigner({ resourceNames }: RbacRule): boolean {
  return (
    resourceNames.length === 0 ||
    resourceNames.includes(signer) ||
    resourceNames.includes("kubernetes.io/*")
  );
}
