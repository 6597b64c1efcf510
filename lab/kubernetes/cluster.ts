/**
 * The machines of a rendered stack, brought up step by step. Runs in the lab's network namespace.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { Failure } from "../../toolchain/fail.mjs";
import type { Programs } from "../../toolchain/kubernetes/programs.ts";
import { servingModeMeaning } from "../../trust/words/serving-mode.ts";
import type { Lab } from "../host/identity.ts";
import { writeImage } from "../host/image.ts";
import { keptFiles } from "../host/kept-certificates.ts";
import {
  connect,
  hostPath,
  layOut,
  type RunningMachine,
  startMachine,
  writeHosts,
} from "../host/machine.ts";
import { waitFor } from "../host/patience.ts";
import type { ProcessIdentity } from "../host/processes.ts";
import type { RunningProgram } from "../host/program-run.ts";
import { startNameServer } from "../host/sandbox.ts";
import { kubeletPort, servedFingerprint } from "../host/served.ts";
import type { Carrier } from "../host/state.ts";
import { type Api, readKubeconfig } from "./api.ts";
import { approverClient, decideRequests, deployedApprover } from "./approver.ts";
import { carry } from "./carriers.ts";
import { kubeletArguments } from "./command-lines.ts";
import { startContainerd } from "./containerd.ts";
import {
  adminClient,
  adminKubeconfig,
  type ControlPlaneProgram,
  orItsEnd,
  startStaticPod,
  untilEtcdListens,
  untilReady,
} from "./control-plane.ts";
import { expiredTokens } from "./expired.ts";
import { firstAdministrator } from "./first-administrator.ts";
import { answersAll, type HelloNode, sayHello } from "./hello.ts";
import { kubectl } from "./kubectl.ts";
import { startKubelet } from "./kubelet.ts";
import { nodeName, notReady, readNode } from "./node.ts";
import { fileText, hostNames, ipAddresses, type Machine, type RenderedStack } from "./rendered.ts";
import type { Table } from "./table.ts";

/** What a lab consists of while it comes up. */
export type Site = {
  readonly lab: Lab;
  readonly init: ProcessIdentity;
  readonly programs: Programs;
  readonly table: Table;
  readonly carrier: Carrier;
};

/** A machine as rendered, and as it runs. */
type Pair = { readonly machine: Machine; readonly running: RunningMachine };

/**
 * Brings up everything a stack describes.
 *
 * @returns what each node answers
 * @throws {Failure} when something does not come up.
 */
export async function bringUp(site: Site, stack: RenderedStack): Promise<HelloNode[]> {
  const pairs = await startMachines(site, stack);
  const controlPlanes = pairs.filter(({ machine }) => machine.role === "control-plane");
  const runtimes = startRuntimes(site, pairs);
  const api = await startControlPlanes(site, controlPlanes);
  await Promise.all([applyManifests(site, stack, controlPlanes), runtimes]);
  const approving = startApproving(site, stack, controlPlanes, api);
  try {
    return await Promise.all(
      (await runtimes).map((pair) => startNode(site, stack, pair, controlPlanes, api)),
    );
  } finally {
    await approving.stop();
  }
}

/** What to say of a carrier beside the number of machines. */
const broughtBy: Readonly<Record<Carrier, string>> = {
  files: "",
  "cloud-init": ", from user data alone",
};

async function startMachines(
  { lab, init, programs, table, carrier }: Site,
  stack: RenderedStack,
): Promise<Pair[]> {
  const row = table.row("machines");
  const pairs: Pair[] = [];
  const endpoint = endpointOf(stack);
  for (const machine of stack.machines) {
    row.is(`starting ${machine.name}`);
    const isFirst = machine === stack.machines[0];
    const extra = isFirst && endpoint.address !== undefined ? [endpoint.address] : [];
    const running = await startMachine(lab, init, programs, {
      name: machine.name,
      addresses: [...new Set([...ipAddresses(machine), ...extra])],
      files: keptFiles(lab, machine.name),
    });
    pairs.push({ machine, running });
  }
  const hosts = hostsOf(stack, endpoint.name);
  for (const { running } of pairs) writeHosts(running, hosts);
  await connect(pairs.map(({ running }) => running));
  await startNameServer(init);
  row.is(`${pairs.length} up, get their files`);
  const carried = await Promise.all(
    pairs.map(async ({ machine, running }) => ({
      machine: await carry(carrier, machine, running),
      running,
    })),
  );
  row.ended(`${pairs.length} up${broughtBy[carrier]}`);
  return carried;
}

/** A control-plane endpoint that is no machine's: the first control plane takes it, since a lab has no load balancer. */
function endpointOf(stack: RenderedStack): { readonly name?: string; readonly address?: string } {
  const text = stack.machines.flatMap((machine) => fileText(machine, adminKubeconfig) ?? [])[0];
  if (text === undefined) return {};
  const { host, server } = readKubeconfig(text);
  const known = stack.machines.some((machine) =>
    [...ipAddresses(machine), ...hostNames(machine)].includes(host),
  );
  if (known) return {};
  return /^[0-9.]+$|:/.test(host) ? { address: host } : { name: server.hostname };
}

function hostsOf(stack: RenderedStack, endpoint: string | undefined): Map<string, string> {
  const hosts = new Map<string, string>();
  for (const machine of stack.machines) {
    const [address] = ipAddresses(machine);
    if (address === undefined) continue;
    for (const name of hostNames(machine)) hosts.set(name, address);
    if (endpoint !== undefined && machine === stack.machines[0]) hosts.set(endpoint, address);
  }
  return hosts;
}

/** Starts a container runtime wherever a kubelet will run. */
async function startRuntimes({ lab, table }: Site, pairs: readonly Pair[]): Promise<Pair[]> {
  const nodes = pairs.filter(({ machine }) => kubeletArguments(machine) !== undefined);
  const image = path.join(lab.folder, "image.tar");
  writeImage(image);
  await Promise.all(
    nodes.map(async ({ machine, running }, index) => {
      const row = table.row(`${machine.name} containerd`);
      row.is("starting");
      await startContainerd(running, image, `10.85.${index}.0/24`);
      row.ended("running");
    }),
  );
  return nodes;
}

/** Starts every control plane, etcd first, since its members wait for each other. */
async function startControlPlanes(site: Site, pairs: readonly Pair[]): Promise<Api> {
  const start = async ({ machine, running }: Pair, name: ControlPlaneProgram) => {
    const row = site.table.row(`${machine.name} ${name}`);
    row.is("starting");
    return { row, program: await startStaticPod(machine, running, name) };
  };
  const etcds = await Promise.all(pairs.map((pair) => start(pair, "etcd")));
  await Promise.all(
    etcds.map(async ({ row, program }, index) => {
      const pair = pairs[index];
      if (program && pair) await untilEtcdListens(pair.machine, program);
      row.ended(program ? "running" : "none");
    }),
  );
  const apis = await Promise.all(
    pairs.map(async (pair) => {
      const { row, program } = await start(pair, "kube-apiserver");
      if (program === undefined) throw new Failure(`${pair.machine.name} runs no kube-apiserver.`);
      const api = adminClient(pair.machine);
      await untilReady(api, program);
      row.ended("ready");
      return api;
    }),
  );
  for (const name of ["kube-controller-manager", "kube-scheduler"] as const) {
    for (const { row, program } of await Promise.all(pairs.map((pair) => start(pair, name)))) {
      row.ended(program ? "running" : "none");
    }
  }
  const [api] = apis;
  if (api === undefined) throw new Failure("The stack has no control plane.");
  return api;
}

async function applyManifests(
  site: Site,
  stack: RenderedStack,
  pairs: readonly Pair[],
): Promise<void> {
  const row = site.table.row("manifests");
  const [controlPlane] = pairs;
  if (controlPlane === undefined) return;
  row.is("applying");
  const administrator = await firstAdministrator(controlPlane.machine);
  if (administrator.file) layOut(controlPlane.running, [administrator.file]);
  for (const folder of stack.manifestFolders) {
    // The vendor's plugin makes a folder for CRDs in any case, and kubectl refuses one without manifests.
    if (!fs.readdirSync(folder).some((name) => /\.(json|ya?ml)$/.test(name))) continue;
    // A machine has its own /run; what is rendered may lie anywhere on the host.
    const target = path.join("/run/kubelet-trust/manifests", path.basename(folder));
    fs.cpSync(folder, hostPath(controlPlane.running, target), { recursive: true });
    const apply = ["apply", "--server-side", "--force-conflicts", "--filename", target];
    const { code, stderr } = await kubectl(controlPlane.running, apply, administrator.path);
    if (code !== 0) throw new Failure(`The rendered manifests are refused: ${stderr.trim()}`);
  }
  const own = administrator.file ? ", by an administrator of the lab's own for want of one" : "";
  row.ended(`${stack.manifests.length} objects applied${own}`);
  const token = expiredTokens(stack, new Date());
  if (token !== undefined) site.table.say(token);
}

/** Approves requests for serving certificates in place of the stack's approver until stopped. */
function startApproving(
  { table }: Site,
  stack: RenderedStack,
  [first]: readonly Pair[],
  admin: Api,
): { stop: () => Promise<void> } {
  const approver = deployedApprover(stack);
  const text = first && fileText(first.machine, adminKubeconfig);
  if (approver === undefined || first === undefined || text === undefined)
    return { stop: async () => {} };
  const row = table.row("approver (the lab's own)");
  row.is(`applies the rules of Deployment ${approver.namespace}/${approver.serviceAccount}`);
  let stopped = false;
  let approved = 0;
  const loop = (async () => {
    const [host = ""] = ipAddresses(first.machine);
    const api = await approverClient(admin, { ...readKubeconfig(text), host }, approver);
    while (!stopped) {
      for (const { node, objection } of await decideRequests(api, approver)) {
        if (objection === undefined) approved += 1;
        else table.say(`The approver denies the request of ${node}: ${objection}.`);
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  })();
  // Somebody may stop before it fails; `stop` passes a failure on.
  loop.catch(() => {});
  return {
    stop: async () => {
      stopped = true;
      await loop;
      row.ended(`${approved} requests approved with the rights of ${approver.serviceAccount}`);
    },
  };
}

/** Waits until the kubelet has been issued a serving certificate; when it never is, the pod's answers will show it. */
async function untilServed(machine: Machine): Promise<void> {
  const [host] = ipAddresses(machine);
  if (host === undefined) return;
  const served = () => servedFingerprint(host, kubeletPort);
  await waitFor("a serving certificate", served, { seconds: 15, every: 200 }).catch(() => {});
}

/** Starts the kubelet, waits for its node, and lets a pod say hello on it. */
async function startNode(
  site: Site,
  stack: RenderedStack,
  { machine, running }: Pair,
  controlPlanes: readonly Pair[],
  api: Api,
): Promise<HelloNode> {
  const args = kubeletArguments(machine) ?? [];
  const node = nodeName(machine.name, args);
  const row = site.table.row(`${machine.name} kubelet`);
  row.is("starting");
  const kubelet: RunningProgram = await startKubelet(running, args);
  let last = "starting";
  await orItsEnd(kubelet, () =>
    waitFor(
      `node ${node} to be ready`,
      async () => {
        const why = notReady(await readNode(api, node));
        if (why !== undefined && why !== last) {
          last = why;
          row.is(why);
        }
        return why === undefined ? true : undefined;
      },
      { every: 200 },
    ),
  );
  const isRequested = servingModeMeaning[machine.servingMode].madeBy === "signer";
  if (deployedApprover(stack) !== undefined && isRequested) {
    row.is("node Ready, waits for its serving certificate");
    await untilServed(machine);
  }
  row.ended("node Ready");
  const hello = site.table.row(`${machine.name} pod`);
  hello.is("starting");
  const answer = await sayHello(api, node, (args) => {
    const [controlPlane] = controlPlanes;
    if (controlPlane === undefined) throw new Failure("The stack has no control plane.");
    return kubectl(controlPlane.running, args);
  });
  hello.ended(answersAll(answer) ? "logs, exec and metrics work" : "runs; not all requests work");
  return answer;
}
