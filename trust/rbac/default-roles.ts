/**
 * The ClusterRoles and bindings that kube-apiserver makes for itself, as far as kubelets are concerned.
 * Source: kubernetes `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`.
 */
import type { ClusterRole, ClusterRoleBinding, RbacRule } from "../words/facts.ts";

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]): RbacRule {
  return { apiGroups: [apiGroup], resources, resourceNames: [], verbs, nonResourceURLs: [] };
}

function role(name: string, rules: readonly RbacRule[]): ClusterRole {
  return { name, rules, labels: { "kubernetes.io/bootstrapping": "rbac-defaults" } };
}

const reviews = [
  rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
  rule("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
];

export const defaultRoles: readonly ClusterRole[] = [
  role("cluster-admin", [rule("*", ["*"], ["*"])]),
  role("system:kubelet-api-admin", [
    rule("", ["nodes"], ["get", "list", "watch", "proxy"]),
    rule("", ["nodes/log", "nodes/metrics", "nodes/proxy", "nodes/stats"], ["*"]),
    rule("", ["nodes/configz", "nodes/healthz", "nodes/pods"], ["*"]),
  ]),
  role("system:monitoring", [rule("", ["nodes/metrics"], ["get"])]),
  role("system:auth-delegator", reviews),
  role("system:node", reviews),
  role("system:kube-controller-manager", reviews),
  role("system:kube-scheduler", reviews),
  ...["admin", "edit", "view"].map((name) => ({
    ...role(name, []),
    aggregates: [
      {
        matchLabels: { [`rbac.authorization.k8s.io/aggregate-to-${name}`]: "true" },
        matchExpressions: [],
      },
    ],
  })),
];

const ownRoles = new Set(
  `cluster-admin admin edit view kubeadm:get-nodes
  system:discovery system:monitoring system:basic-user system:public-info-viewer system:heapster system:node
  system:aggregate-to-admin system:aggregate-to-edit system:aggregate-to-view system:node-problem-detector
  system:kubelet-api-admin system:node-bootstrapper system:node-proxier system:auth-delegator system:kube-aggregator
  system:kube-controller-manager system:kube-scheduler system:kube-dns system:persistent-volume-provisioner
  system:volume-scheduler system:service-account-issuer-discovery system:cluster-trust-bundle-discovery`.split(
    /\s+/,
  ),
);

/** Whether every cluster has a ClusterRole of this name of itself, and whoever may change it: kube-apiserver's, kubeadm's. */
export function isOwnRole(name: string): boolean {
  return ownRoles.has(name) || /^system:(?:controller:|certificates\.k8s\.io:)/.test(name);
}

function binding(name: string, kind: "User" | "Group", subject: string): ClusterRoleBinding {
  return { name, role: name, subjects: [{ kind, name: subject }] };
}

export const defaultBindings: readonly ClusterRoleBinding[] = [
  binding("cluster-admin", "Group", "system:masters"),
  binding("system:monitoring", "Group", "system:monitoring"),
  binding("system:kube-controller-manager", "User", "system:kube-controller-manager"),
  binding("system:kube-scheduler", "User", "system:kube-scheduler"),
];
