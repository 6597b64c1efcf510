/**
 * Who approves requests for kubelet serving certificates: kube-controller-manager never does. An approver is known by
 * the permission that it cannot do without, or by its image.
 * Source: kubernetes `plugin/pkg/admission/certificates/approval/admission.go` (verb `approve` on the signer).
 */
import type { ClusterRole, RbacRule } from "../../trust/facts.ts";
import { asList, asObject, asText, type Json } from "../../trust/readers/yaml.ts";
import { describe, type Resource } from "../resource.ts";
import type { FoundApprover, Reader } from "./evidence.ts";
import { membershipOf, objectOf, ofKind } from "./kubernetes.ts";
import { readRbacObjects } from "./rbac.ts";

const signer = "kubernetes.io/kubelet-serving";

/** Reads the approvers: a workload of a known image, or a role with the permission that is bound to somebody. */
export const readApprovers: Reader = (stack, claimed) => {
  const approvers: FoundApprover[] = [];
  const found = (resource: Resource) => ({
    resource,
    membership: membershipOf(stack, resource),
    source: { where: describe(resource) },
    label: describe(resource),
  });
  for (const resource of ofKind(
    stack,
    "Deployment",
    "DaemonSet",
    "StatefulSet",
    "Pod",
    "CronJob",
  )) {
    if (imagesOf(objectOf(resource)).some(isKnownApprover)) approvers.push(found(resource));
  }
  const rbac = readRbacObjects(stack, claimed).rbac ?? [];
  const roles = rbac.filter((object) => object.rbac.roles.some(mayApprove));
  for (const { resource, rbac: objects } of roles) {
    const names = new Set(objects.roles.filter(mayApprove).map(({ name }) => name));
    const isBound = rbac.some((object) =>
      object.rbac.bindings.some(({ role, subjects }) => names.has(role) && subjects.length > 0),
    );
    if (isBound) approvers.push(found(resource));
  }
  return { approvers };
};

/** Source: the image names of postfinance/kubelet-csr-approver and alex1989hu/kubelet-serving-cert-approver. */
function isKnownApprover(image: string): boolean {
  return /(^|\/)(kubelet-csr-approver|kubelet-serving-cert-approver)([:@]|$)/.test(image);
}

function imagesOf(value: Json): string[] {
  const images: string[] = [];
  const visit = (at: Json, depth: number): void => {
    if (depth > 12) return;
    const object = asObject(at);
    if (!object) {
      for (const item of asList(at)) visit(item, depth + 1);
      return;
    }
    const image = asText(object.image);
    if (image !== undefined) images.push(image);
    for (const item of Object.values(object)) visit(item, depth + 1);
  };
  visit(value, 0);
  return images;
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
