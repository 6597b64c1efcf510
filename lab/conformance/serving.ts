/**
 * The serving matrix: every kubelet variant called by every kube-apiserver, asked for the logs of a real pod.
 */
import * as fs from "node:fs";
import { judge } from "../../trust/judge/judge.ts";
import type { ApiServerFacts, KubeletFacts } from "../../trust/words/facts.ts";
import { hostPath } from "../host/machine.ts";
import { killAll } from "../host/processes.ts";
import { type Case, compare, judgementOf } from "./case.ts";
import { type OnHost, sidesOf } from "./facts.ts";
import { hostOf } from "./host.ts";
import { type KubeletNode, startNode, stopNode } from "./kubelet-node.ts";
import { issue } from "./pki.ts";
import { container, probe } from "./probes.ts";
import type { AddressTypes, Stance } from "./stances.ts";
import type { KubeletVariant } from "./variants.ts";
import {
  apiServerArguments,
  freeInotifyInstances,
  onHub,
  type RunningApiServer,
  signerArguments,
  startApiServer,
  targetOf,
  untilNamesAreKnown,
  type World,
} from "./world.ts";

export type ServingPlan = {
  /** Their certificates go into the bundles, so they are up before any kube-apiserver. */
  readonly selfSigned: readonly KubeletVariant[];
  readonly others: readonly KubeletVariant[];
  /** Kubelets for which there is no signer any more. */
  readonly unsigned: readonly KubeletVariant[];
  readonly stances: readonly Stance[];
  readonly addressTypes: readonly AddressTypes[];
};

/** Called for each case as it is answered. */
export type OnCase = (one: Case) => void;
/** Called for each kubelet as it listens. */
export type OnNode = (node: KubeletNode) => Promise<void>;
/** A kube-apiserver of a matrix. */
export type MatrixServer = {
  /** As in the ids of its cases. */
  readonly id: string;
  readonly port: number;
  readonly setUp: OnHost;
  readonly running: RunningApiServer;
};
/** Kubelets that run at once, who called them, and how that went. */
export type Wave = {
  readonly nodes: readonly KubeletNode[];
  readonly servers: readonly MatrixServer[];
  readonly cases: readonly Case[];
};
/** Called with each wave while it runs, and the certificates that were collected of kubelets that sign their own. */
export type OnWave = (wave: Wave, collected: string) => Promise<void>;
export type Say = (line: string) => void;

const clientPair = {
  cert: "/etc/kubernetes/kubelet-client.crt",
  key: "/etc/kubernetes/kubelet-client.key",
};

/** inotify instances that a kubelet with its containerd takes. */
const instancesPerNode = 10;

/** Kubelets at once, however many instances are free: more only wait for each other's processors. */
const mostAtOnce = 10;

export async function runServing(
  world: World,
  plan: ServingPlan,
  onCase: OnCase,
  say: Say,
  onNode: OnNode,
  onWave: OnWave,
) {
  const client = await issue({
    subject: "CN=kubelet-client,O=system:masters",
    issuer: world.authorities.cluster,
    usages: ["clientAuth"],
  });
  onHub(world, { [clientPair.cert]: client.certPem, [clientPair.key]: client.keyPem });
  const address = addresses("10.250.1");
  let nodes = await startNodes(world, plan.selfSigned, address, say, onNode);
  const collected = collectedOf(nodes);
  layOutBundles(world, plan.stances, collected);
  const servers = await startServers(world, plan, say);
  const ask = async () => {
    const cases: Case[] = [];
    await askAll(world, nodes, servers, (one) => {
      cases.push(one);
      onCase(one);
    });
    await onWave({ nodes, servers, cases }, collected.join(""));
    await Promise.all(nodes.map(stopNode));
  };
  await ask();
  for (const wave of waves(plan.others)) {
    nodes = await startNodes(world, wave, address, say, onNode);
    await ask();
  }
  if (plan.unsigned.length > 0) {
    await killAll([world.signer]);
    nodes = await startNodes(world, plan.unsigned, address, say, onNode);
    await ask();
  }
  await killAll(servers.map(({ running }) => running.program));
}

/** `prefix.1`, `prefix.2`, ... */
export function addresses(prefix: string): () => string {
  let last = 0;
  return () => {
    last += 1;
    return `${prefix}.${last}`;
  };
}

/** As many kubelets at once as the kernel lets root watch files for. */
export function waves<T>(all: readonly T[]): T[][] {
  const size = Math.max(
    1,
    Math.min(mostAtOnce, Math.floor((freeInotifyInstances() - 10) / instancesPerNode)),
  );
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}

export async function startNodes(
  world: World,
  variants: readonly KubeletVariant[],
  address: () => string,
  say: Say,
  onNode: OnNode,
): Promise<KubeletNode[]> {
  const start = Date.now();
  const nodes: KubeletNode[] = [];
  // Two at a time: each start keeps a processor busy.
  const queue = [...variants];
  const worker = async () => {
    for (let variant = queue.shift(); variant !== undefined; variant = queue.shift()) {
      nodes.push(await startNode(world, variant, address()));
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  await untilNamesAreKnown(world);
  await Promise.all(nodes.map(onNode));
  say(`${nodes.length} kubelets with a pod each: ${seconds(start)}`);
  return nodes;
}

function collectedOf(nodes: readonly KubeletNode[]): string[] {
  return nodes
    .filter(({ variant }) => variant.collected)
    .sort((a, b) => (a.node < b.node ? -1 : 1))
    .map(({ machine }) =>
      fs.readFileSync(hostPath(machine, "/var/lib/kubelet/pki/kubelet.crt"), "utf8"),
    );
}

function layOutBundles(world: World, stances: readonly Stance[], collected: readonly string[]) {
  const bundles = stances.flatMap(({ name, bundle }) =>
    bundle === undefined ? [] : [[bundlePath(name), bundle(world.authorities, collected)] as const],
  );
  onHub(world, Object.fromEntries(bundles));
}

function bundlePath(stance: string): string {
  return `/etc/kubernetes/bundles/${stance}.crt`;
}

type Server = MatrixServer & { readonly says: string };

async function startServers(world: World, plan: ServingPlan, say: Say): Promise<Server[]> {
  const start = Date.now();
  const wanted = plan.stances.flatMap((stance) =>
    plan.addressTypes.map((types) => ({ stance, types })),
  );
  const servers: Server[] = [];
  const queue = wanted.map((one, index) => ({ ...one, index: index + 1 }));
  const worker = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const { stance, types, index } = one;
      const flags = [
        `--kubelet-client-certificate=${clientPair.cert}`,
        `--kubelet-client-key=${clientPair.key}`,
        ...(stance.bundle ? [`--kubelet-certificate-authority=${bundlePath(stance.name)}`] : []),
        ...(types.flag ? [`--kubelet-preferred-address-types=${types.flag}`] : []),
      ];
      const id = `${stance.name}@${types.name}`;
      const setUp = { host: hostOf(world.hub), args: apiServerArguments(index, flags) };
      const running = await startApiServer(world, id, index, flags);
      const says = `--kubelet-certificate-authority: ${stance.says}; address types: ${types.flag ?? "default"}`;
      servers.push({ id, says, port: 6443 + index, setUp, running });
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  say(`${servers.length} kube-apiservers: ${seconds(start)}`);
  return servers;
}

async function askAll(
  world: World,
  nodes: readonly KubeletNode[],
  servers: readonly Server[],
  onCase: OnCase,
): Promise<void> {
  for (const node of nodes) {
    const { kubelet, apiServers } = sidesOf({
      version: world.version,
      kubelet: node.setUp,
      apiServers: servers.map(({ setUp }) => setUp),
      controllerManager: { host: hostOf(world.hub), args: signerArguments },
    });
    await Promise.all(
      apiServers.map(async (facts, index) => {
        const server = servers[index];
        if (server) onCase(await ask(world, node, kubelet, facts, server));
      }),
    );
  }
}

async function ask(
  world: World,
  { variant, node, pod }: KubeletNode,
  kubelet: KubeletFacts,
  apiServer: ApiServerFacts,
  server: Server,
): Promise<Case> {
  const verdict = judge(kubelet, apiServer, {
    pod: { namespace: "default", name: pod, container },
  });
  const judgement = judgementOf(verdict.requests.logs);
  const reality = await probe(targetOf(world, server, { node, pod }), "logs");
  const about = {
    id: `serving/${variant.name}/${server.id}`,
    part: "serving",
    kubelet: variant.says,
    apiserver: server.says,
    request: "logs",
  } as const;
  return compare(about, judgement, reality);
}

export function seconds(start: number): string {
  return `${((Date.now() - start) / 1000).toFixed(1)} s`;
}
