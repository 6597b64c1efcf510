/** metrics-server and Prometheus as they are deployed in the matrix, and what RBAC lets them do. */
import { stringify } from "yaml";
import type { CallerProgram } from "../../trust/readers/piece.ts";

/** A caller beside kube-apiserver. */
export type CallerVariant = {
  readonly name: string;
  readonly program: CallerProgram;
  /** How it was set up, for people. */
  readonly says: string;
  /** Its ServiceAccount: one that may get nodes/metrics, or one that may not. */
  readonly account: "caller" | "caller-unbound";
  /** Flags of metrics-server that decide. */
  readonly flags?: readonly string[];
  /** `tls_config` of Prometheus' job. */
  readonly tls?: Readonly<Record<string, unknown>>;
};

/** Where a pod finds what belongs to its ServiceAccount. */
export const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The cluster CA and the kubelets' collected certificates; the cluster CA alone. */
export const callerBundles = {
  both: "/etc/kubernetes/callers/both.crt",
  cluster: "/etc/kubernetes/callers/cluster.crt",
} as const;

const inDeployment = "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname";

export const callerVariants: readonly CallerVariant[] = [
  {
    name: "ms-default",
    program: "metrics-server",
    says: "metrics-server without flags",
    account: "caller",
  },
  {
    name: "ms-ip",
    program: "metrics-server",
    says: "metrics-server, InternalIP first",
    account: "caller",
    flags: [inDeployment],
  },
  {
    name: "ms-insecure",
    program: "metrics-server",
    says: "metrics-server, --kubelet-insecure-tls",
    account: "caller",
    flags: [inDeployment, "--kubelet-insecure-tls"],
  },
  {
    name: "ms-both",
    program: "metrics-server",
    says: "metrics-server, --kubelet-certificate-authority: cluster CA and collected kubelet.crt",
    account: "caller",
    flags: [`--kubelet-certificate-authority=${callerBundles.both}`],
  },
  {
    name: "ms-unbound",
    program: "metrics-server",
    says: "metrics-server, --kubelet-insecure-tls, no right to nodes/metrics",
    account: "caller-unbound",
    flags: [inDeployment, "--kubelet-insecure-tls"],
  },
  {
    name: "ms-contradicting",
    program: "metrics-server",
    says: "metrics-server, --kubelet-insecure-tls and --kubelet-certificate-authority",
    account: "caller",
    flags: ["--kubelet-insecure-tls", `--kubelet-certificate-authority=${callerBundles.cluster}`],
  },
  {
    name: "prom-default",
    program: "prometheus",
    says: "Prometheus without tls_config",
    account: "caller",
  },
  {
    name: "prom-ca",
    program: "prometheus",
    says: "Prometheus, ca_file: cluster CA",
    account: "caller",
    tls: { ca_file: callerBundles.cluster },
  },
  {
    name: "prom-insecure",
    program: "prometheus",
    says: "Prometheus, insecure_skip_verify",
    account: "caller",
    tls: { insecure_skip_verify: true },
  },
];

/** The text that says what a caller does: what is deployed, and what the readers read. */
export function callerText(variant: CallerVariant): string {
  return variant.program === "metrics-server"
    ? stringify(deployment(variant))
    : prometheusText([variant]);
}

function deployment({ name, account, flags = [] }: CallerVariant) {
  const labels = { app: name };
  const container = {
    name: "metrics-server",
    image: "registry.k8s.io/metrics-server/metrics-server:v0.8.0",
    args: flags,
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "kube-system" },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { serviceAccountName: account, containers: [container] },
      },
    },
  };
}

/** prometheus.yml with a job for each. */
export function prometheusText(variants: readonly CallerVariant[]): string {
  return stringify({
    global: { scrape_interval: "3s", scrape_timeout: "3s" },
    scrape_configs: variants.map(({ name, tls }) => ({
      job_name: name,
      scheme: "https",
      kubernetes_sd_configs: [{ role: "node" }],
      authorization: { credentials_file: `${accountFolder}/token` },
      ...(tls && { tls_config: tls }),
    })),
  });
}

const group = "rbac.authorization.k8s.io";

/** What the two ServiceAccounts may do; judged and applied from this text. */
export const callerRbac = `
apiVersion: ${group}/v1
kind: ClusterRole
metadata: {name: matrix-callers}
rules: [{apiGroups: [""], resources: [nodes, pods, namespaces, configmaps], verbs: [get, list, watch]}]
---
apiVersion: ${group}/v1
kind: ClusterRole
metadata: {name: matrix-node-metrics}
rules: [{apiGroups: [""], resources: [nodes/metrics], verbs: [get]}]
---
${binding("matrix-callers", "matrix-callers", ["caller", "caller-unbound"])}
---
${binding("matrix-delegators", "system:auth-delegator", ["caller", "caller-unbound"])}
---
${binding("matrix-node-metrics", "matrix-node-metrics", ["caller"])}
`;

function binding(name: string, role: string, accounts: readonly string[]): string {
  const subjects = accounts.map(
    (account) => `{kind: ServiceAccount, name: ${account}, namespace: kube-system}`,
  );
  return `apiVersion: ${group}/v1
kind: ClusterRoleBinding
metadata: {name: ${name}}
roleRef: {apiGroup: ${group}, kind: ClusterRole, name: "${role}"}
subjects: [${subjects.join(", ")}]`;
}
