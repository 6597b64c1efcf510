/**
 * The client matrix: every kind of client certificate at every kind of kubelet authentication and authorization,
 * with every kind of request. Nobody verifies serving certificates here.
 */

import { judge } from "../../trust/judge/judge.ts";
import type { Verdict } from "../../trust/words/verdict.ts";
import { killAll } from "../host/processes.ts";
import { type Case, compare, judgementOf } from "./case.ts";
import { type ClientVariant, rbac } from "./client-variants.ts";
import { askDirectly, directCallers } from "./direct.ts";
import { readRbacText, sidesOf } from "./facts.ts";
import { hostOf } from "./host.ts";
import { type KubeletNode, stopNode } from "./kubelet-node.ts";
import { type Issued, issue } from "./pki.ts";
import { container, probe, probedKinds } from "./probes.ts";
import {
  addresses,
  type MatrixServer,
  type OnCase,
  type OnNode,
  type Say,
  seconds,
  startNodes,
  type Wave,
  waves,
} from "./serving.ts";
import type { KubeletVariant } from "./variants.ts";
import { apiServerArguments, onHub, startApiServer, targetOf, type World } from "./world.ts";

export type ClientPlan = {
  readonly kubelets: readonly KubeletVariant[];
  readonly clients: readonly ClientVariant[];
};

export async function runClient(
  world: World,
  plan: ClientPlan,
  onCase: OnCase,
  say: Say,
  onNode: OnNode,
  onWave: (wave: Wave) => Promise<void>,
) {
  await applyRbac(world);
  const servers = await startServers(world, plan.clients, say);
  const address = addresses("10.250.2");
  const strangers = await directCallers(world);
  for (const wave of waves(plan.kubelets)) {
    const nodes = await startNodes(world, wave, address, say, onNode);
    const cases: Case[] = [];
    const keep: OnCase = (one) => {
      cases.push(one);
      onCase(one);
    };
    for (const node of nodes) {
      const { kubelet, apiServers } = sidesOf({
        version: world.version,
        kubelet: node.setUp,
        apiServers: servers.map(({ setUp }) => setUp),
        rbac,
      });
      const pod = { namespace: "default", name: node.pod, container };
      await Promise.all(
        apiServers.map(async (facts, index) => {
          const server = servers[index];
          if (server) await askAll(world, node, server, judge(kubelet, facts, { pod }), keep);
        }),
      );
      const [authorizer] = apiServers;
      if (authorizer) await askDirectly(node, strangers, kubelet, authorizer, onCase);
    }
    await onWave({ nodes, servers, cases });
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

type Server = MatrixServer & { readonly variant: ClientVariant };

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
      const setUp = { host: hostOf(world.hub), args: apiServerArguments(index, flags) };
      const running = await startApiServer(world, variant.name, index, flags);
      servers.push({ variant, id: variant.name, port: 6443 + index, setUp, running });
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
  const issued: Issued = await issue({
    subject: "CN=client",
    issuer: authorities.cluster,
    usages: ["clientAuth"],
    ...variant.certificate(authorities),
  });
  const { certPem } = issued;
  const keyPem = (await variant.key?.(issued)) ?? issued.keyPem;
  const base = `/etc/kubernetes/clients/${variant.name}`;
  const chain = variant.behind?.(authorities).certPem ?? "";
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
  verdict: Verdict,
  onCase: OnCase,
): Promise<void> {
  for (const kind of probedKinds) {
    const reality = await probe(targetOf(world, server, node), kind);
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
