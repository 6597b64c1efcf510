/**
 * The client matrix: every kind of client certificate at every kind of kubelet authentication and authorization,
 * with every kind of request. Nobody verifies serving certificates here.
 */

import type { ApiServerFacts } from "../../trust/facts.ts";
import { judge } from "../../trust/judge.ts";
import { killAll } from "../processes.ts";
import { type Case, compare, judgementOf } from "./case.ts";
import { readApiServer, readRbacText } from "./facts.ts";
import { factsOf, type KubeletNode, stopNode } from "./kubeletNode.ts";
import { type Issued, type IssueRequest, issue } from "./pki.ts";
import { container, probe, probedKinds } from "./probes.ts";
import { addresses, type OnCase, type Say, seconds, startNodes, waves } from "./serving.ts";
import type { KubeletVariant } from "./variants.ts";
import {
  type Authorities,
  apiServerArguments,
  onHub,
  type RunningApiServer,
  startApiServer,
  type World,
} from "./world.ts";

/** A client certificate, and which of the two flags name its files. */
export type ClientVariant = {
  readonly name: string;
  readonly says: string;
  /** Default: none, both flags are absent. */
  readonly certificate?: (authorities: Authorities) => Partial<IssueRequest>;
  /** Default both. */
  readonly flags?: "certificate" | "key";
  /** The intermediate's certificate stands behind the leaf's. */
  readonly withIntermediate?: boolean;
};

export type ClientPlan = {
  readonly kubelets: readonly KubeletVariant[];
  readonly clients: readonly ClientVariant[];
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
    certificate: () => ({ subject: `CN=apiserver,${masters}`, uses: ["serverAuth"] }),
  },
  {
    name: "both-uses",
    says: "clientAuth and serverAuth, group system:masters",
    certificate: () => ({ subject: `CN=apiserver,${masters}`, uses: ["clientAuth", "serverAuth"] }),
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
    withIntermediate: true,
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
    name: "auth-no-debugging",
    says: "clientCAFile: cluster CA; enableDebuggingHandlers: false",
    configuration: { enableDebuggingHandlers: false },
  },
];

/** The RBAC objects of the matrix; judged and applied from this text. */
const rbac = `
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

export async function runClient(world: World, plan: ClientPlan, onCase: OnCase, say: Say) {
  await applyRbac(world);
  const servers = await startServers(world, plan.clients, say);
  const address = addresses("10.250.2");
  for (const wave of waves(plan.kubelets)) {
    const nodes = await startNodes(world, wave, address, say);
    for (const node of nodes) {
      await Promise.all(servers.map((server) => askAll(world, node, server, onCase)));
    }
    await Promise.all(nodes.map(stopNode));
  }
  await killAll(servers.map(({ running }) => running.program));
}

async function applyRbac({ admin }: World): Promise<void> {
  const { roles, bindings } = readRbacText(rbac);
  const group = "/apis/rbac.authorization.k8s.io/v1";
  const meta = { apiVersion: "rbac.authorization.k8s.io/v1" };
  for (const { name, rules } of roles) {
    const object = { ...meta, kind: "ClusterRole", metadata: { name }, rules };
    await admin("POST", `${group}/clusterroles`, object);
  }
  for (const { name, role, subjects } of bindings) {
    await admin("POST", `${group}/clusterrolebindings`, {
      ...meta,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: subjects.map((one) => ({ ...one, apiGroup: "rbac.authorization.k8s.io" })),
    });
  }
}

type Server = {
  readonly variant: ClientVariant;
  readonly port: number;
  readonly facts: ApiServerFacts;
  readonly running: RunningApiServer;
};

async function startServers(
  world: World,
  variants: readonly ClientVariant[],
  say: Say,
): Promise<Server[]> {
  const start = Date.now();
  const servers: Server[] = [];
  const queue = variants.map((variant, index) => ({ variant, index: 100 + index }));
  const worker = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const { variant, index } = one;
      const flags = await layOutClient(world, variant);
      const facts = readApiServer(world.hub, apiServerArguments(index, flags), readRbacText(rbac));
      const running = await startApiServer(world, variant.name, index, flags);
      servers.push({ variant, port: 6443 + index, facts, running });
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  say(`${servers.length} kube-apiservers: ${seconds(start)}`);
  return servers;
}

/** Writes the pair and returns the flags that name it. */
async function layOutClient(world: World, variant: ClientVariant): Promise<string[]> {
  if (variant.certificate === undefined) return [];
  const { authorities } = world;
  const { certPem, keyPem }: Issued = await issue({
    subject: "CN=client",
    issuer: authorities.cluster,
    uses: ["clientAuth"],
    ...variant.certificate(authorities),
  });
  const base = `/etc/kubernetes/clients/${variant.name}`;
  const chain = variant.withIntermediate ? authorities.intermediate.certPem : "";
  onHub(world, { [`${base}.crt`]: certPem + chain, [`${base}.key`]: keyPem });
  return [
    ...(variant.flags === "key" ? [] : [`--kubelet-client-certificate=${base}.crt`]),
    ...(variant.flags === "certificate" ? [] : [`--kubelet-client-key=${base}.key`]),
  ];
}

async function askAll(
  world: World,
  node: KubeletNode,
  server: Server,
  onCase: OnCase,
): Promise<void> {
  const verdict = judge(factsOf(node), server.facts, {
    pod: { namespace: "default", name: node.pod, container },
  });
  for (const kind of probedKinds) {
    const reality = await probe(
      {
        host: "10.250.0.1",
        port: server.port,
        ca: world.authorities.cluster.certPem,
        admin: world.adminPair,
        node: node.node,
        pod: node.pod,
      },
      kind,
    );
    const about: Omit<Case, "judge" | "reality" | "agrees"> = {
      id: `client/${node.variant.name}/${server.variant.name}/${kind}`,
      part: "client",
      kubelet: node.variant.says,
      apiserver: server.variant.says,
      request: kind,
    };
    onCase(compare(about, judgementOf(verdict.requests[kind]), reality));
  }
}
