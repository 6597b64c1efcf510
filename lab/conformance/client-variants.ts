/**
 * The client certificates of the client matrix, what the kubelets let in, and the RBAC objects between them.
 */
import type { Issued, IssueRequest } from "./pki.ts";
import type { KubeletVariant } from "./variants.ts";
import type { Authorities } from "./world.ts";

/** A client certificate, and which of the two flags name its files. */
export type ClientVariant = {
  readonly name: string;
  readonly says: string;
  /** Default: none, both flags are absent. */
  readonly certificate?: (authorities: Authorities) => Partial<IssueRequest>;
  /** What the key's file holds, from the certificate's own key. Default that. */
  readonly key?: (own: Issued) => Promise<string>;
  /** Default both. */
  readonly flags?: "certificate" | "key";
  /** The certificate that stands behind the leaf's. Default none. */
  readonly behind?: (authorities: Authorities) => Issued;
};

const masters = "O=system:masters";

export const clientVariants: readonly ClientVariant[] = [
  {
    name: "kubeadm",
    says: "CN kube-apiserver-kubelet-client, bound to system:kubelet-api-admin",
    certificate: () => ({ subject: "CN=kube-apiserver-kubelet-client" }),
  },
  {
    name: "masters",
    says: "group system:masters",
    certificate: () => ({ subject: `CN=apiserver,${masters}` }),
  },
  { name: "none", says: "neither flag" },
  {
    name: "no-key",
    says: "--kubelet-client-certificate without --kubelet-client-key",
    certificate: () => ({ subject: `CN=apiserver,${masters}` }),
    flags: "certificate",
  },
  {
    name: "no-cert",
    says: "--kubelet-client-key without --kubelet-client-certificate",
    certificate: () => ({ subject: `CN=apiserver,${masters}` }),
    flags: "key",
  },
  {
    name: "other-ca",
    says: "signed by another CA, group system:masters",
    certificate: ({ other }) => ({ subject: `CN=apiserver,${masters}`, issuer: other }),
  },
  {
    name: "expired",
    says: "expired, group system:masters",
    certificate: () => ({ subject: `CN=apiserver,${masters}`, fromDay: -10, toDay: -5 }),
  },
  {
    name: "server-use",
    says: "serverAuth alone, group system:masters",
    certificate: () => ({ subject: `CN=apiserver,${masters}`, usages: ["serverAuth"] }),
  },
  {
    name: "both-uses",
    says: "clientAuth and serverAuth, group system:masters",
    certificate: () => ({
      subject: `CN=apiserver,${masters}`,
      usages: ["clientAuth", "serverAuth"],
    }),
  },
  {
    name: "empty-cn",
    says: "empty CN, group system:masters",
    certificate: () => ({ subject: masters }),
  },
  {
    name: "only-proxy",
    says: "RBAC: get nodes/proxy alone",
    certificate: () => ({ subject: "CN=only-proxy" }),
  },
  {
    name: "no-proxy",
    says: "RBAC: get nodes/log, metrics, stats, healthz, pods, configz; no nodes/proxy",
    certificate: () => ({ subject: "CN=no-proxy" }),
  },
  {
    name: "unbound",
    says: "RBAC: nothing",
    certificate: () => ({ subject: "CN=nobody" }),
  },
  {
    name: "chain",
    says: "signed by an intermediate, which the file holds too; group system:masters",
    certificate: ({ intermediate }) => ({
      subject: `CN=apiserver,${masters}`,
      issuer: intermediate,
    }),
    behind: ({ intermediate }) => intermediate,
  },
  {
    name: "chain-leaf",
    says: "signed by an intermediate, which the file does not hold; group system:masters",
    certificate: ({ intermediate }) => ({
      subject: `CN=apiserver,${masters}`,
      issuer: intermediate,
    }),
  },
  {
    name: "names-refused",
    says: "a CA with name constraints, a DNS name that they do not permit; group system:masters",
    certificate: ({ constrained }) => ({
      subject: `CN=apiserver,${masters}`,
      issuer: constrained,
      dnsNames: ["apiserver"],
    }),
    behind: ({ constrained }) => constrained,
  },
  {
    name: "names-none",
    says: "a CA with name constraints, no DNS name; group system:masters",
    certificate: ({ constrained }) => ({
      subject: `CN=apiserver,${masters}`,
      issuer: constrained,
    }),
    behind: ({ constrained }) => constrained,
  },
];

const caFile = "/etc/kubernetes/pki/client-ca.crt";

function authentication(change: object, authorization: object = {}): Record<string, unknown> {
  return { authentication: change, authorization };
}

/** What the kubelets trust and whom they let in. */
export const authenticationVariants: readonly KubeletVariant[] = [
  { name: "auth-webhook", says: "clientCAFile: cluster CA; anonymous off; Webhook" },
  {
    name: "auth-other-ca",
    says: "clientCAFile: another CA; anonymous off; Webhook",
    files: async ({ authorities }) => ({ [caFile]: authorities.other.certPem }),
    configuration: authentication({ x509: { clientCAFile: caFile } }),
  },
  {
    name: "auth-both-cas",
    says: "clientCAFile: cluster CA and another; anonymous off; Webhook",
    files: async ({ authorities }) => ({
      [caFile]: authorities.cluster.certPem + authorities.other.certPem,
    }),
    configuration: authentication({ x509: { clientCAFile: caFile } }),
  },
  {
    name: "auth-no-ca",
    says: "no clientCAFile; anonymous off; Webhook",
    configuration: authentication({ x509: undefined }),
  },
  {
    name: "auth-anonymous",
    says: "clientCAFile: cluster CA; anonymous on; Webhook",
    configuration: authentication({ anonymous: { enabled: true } }),
  },
  {
    name: "auth-anonymous-other",
    says: "clientCAFile: another CA; anonymous on; Webhook",
    files: async ({ authorities }) => ({ [caFile]: authorities.other.certPem }),
    configuration: authentication({
      x509: { clientCAFile: caFile },
      anonymous: { enabled: true },
    }),
  },
  {
    name: "auth-allow",
    says: "clientCAFile: cluster CA; anonymous off; AlwaysAllow",
    configuration: authentication({}, { mode: "AlwaysAllow" }),
  },
  {
    name: "auth-allow-anonymous",
    says: "clientCAFile: cluster CA; anonymous on; AlwaysAllow",
    configuration: authentication({ anonymous: { enabled: true } }, { mode: "AlwaysAllow" }),
  },
  {
    name: "auth-open",
    says: "no clientCAFile; anonymous on; AlwaysAllow",
    configuration: authentication(
      { x509: undefined, anonymous: { enabled: true } },
      { mode: "AlwaysAllow" },
    ),
  },
  {
    name: "auth-no-tokens",
    says: "clientCAFile: cluster CA; webhook authentication off; Webhook authorization",
    configuration: authentication({ webhook: { enabled: false } }),
  },
  {
    name: "auth-read-only",
    says: "clientCAFile: cluster CA; anonymous off; Webhook; readOnlyPort: 10255",
    configuration: { readOnlyPort: 10_255 },
  },
  {
    name: "auth-may-not-ask",
    says: "clientCAFile: cluster CA; anonymous off; Webhook; a user who may create TokenReviews alone",
    subject: "CN=no-node",
  },
  {
    name: "auth-no-debugging",
    says: "clientCAFile: cluster CA; enableDebuggingHandlers: false",
    configuration: { enableDebuggingHandlers: false },
  },
];

/** The RBAC objects of the matrix; judged and applied from this text. */
export const rbac = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: matrix-only-proxy}
rules: [{apiGroups: [""], resources: [nodes/proxy], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: matrix-no-proxy}
rules:
- apiGroups: [""]
  resources: [nodes/log, nodes/metrics, nodes/stats, nodes/healthz, nodes/pods, nodes/configz]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: matrix-no-node}
rules:
- {apiGroups: ["", coordination.k8s.io, events.k8s.io, node.k8s.io, storage.k8s.io], resources: ["*"], verbs: ["*"]}
- {apiGroups: [authentication.k8s.io], resources: [tokenreviews], verbs: [create]}
---
${binding("matrix-no-node", "matrix-no-node", "no-node")}
---
${binding("matrix-kubeadm", "system:kubelet-api-admin", "kube-apiserver-kubelet-client")}
---
${binding("matrix-only-proxy", "matrix-only-proxy", "only-proxy")}
---
${binding("matrix-no-proxy", "matrix-no-proxy", "no-proxy")}
`;

function binding(name: string, role: string, user: string): string {
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${name}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "${role}"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "${user}"}]`;
}
