/**
 * The part of `rotate` that runs in the lab's network namespace: brings the machines each phase's files while requests
 * go on. A program of its own: `node inside.ts STACK CLONE PHASES MARK`.
 */
import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure, runMain } from "../../toolchain/fail.mjs";
import { paths } from "../../trust/contract.ts";
import { type Lab, labOf } from "../host/identity.ts";
import { waitFor } from "../host/patience.ts";
import { readState } from "../host/state.ts";
import { type Api, type Connection, readKubeconfig } from "../kubernetes/api.ts";
import { approverClient, decideRequests, deployedApprover } from "../kubernetes/approver.ts";
import { adminClient } from "../kubernetes/control-plane.ts";
import { notReady, readNode } from "../kubernetes/node.ts";
import {
  fileText,
  ipAddresses,
  type Machine,
  type RenderedStack,
  readRendered,
} from "../kubernetes/rendered.ts";
import { carry } from "./carry.ts";
import { type Count, type Kind, kinds, type Load, startLoad } from "./load.ts";
import { type Phase, provisioned } from "./render.ts";

/** Milliseconds that each phase is under load after the last machine has its files. */
const settling = 10_000;

const tableHead = `| phase | ${kinds.join(" | ")} | asked again | failed |`;

/** What `kubectl logs` of a node says that was left out of a rotation, as the policy pack says before it is deployed. */
const unknownAuthority =
  "tls: failed to verify certificate: x509: certificate signed by unknown authority";

const say = (line: string) => process.stdout.write(`${line}\n`);

await runMain(async () => {
  const [stackName = "", clone = "", list = ""] = process.argv.slice(2);
  const lab = labOf(stackName, clone);
  const state = readState(lab);
  if (state === undefined) throw new Error("the lab has no state");
  const phases = JSON.parse(fs.readFileSync(list, "utf8")) as Phase[];
  const stacks = phases.map(({ folder }) => readRendered(folder, state.kubernetesVersion));
  return rotate(lab, phases, stacks);
});
// Connections that are kept would keep the process.
process.exit();

async function rotate(
  lab: Lab,
  phases: readonly Phase[],
  [first, ...later]: readonly RenderedStack[],
): Promise<number> {
  if (first === undefined) throw new Error("there are no phases");
  const hosts = controlPlanes(first).flatMap((machine) => ipAddresses(machine).slice(0, 1));
  const targets = first.machines.map(({ name }) => ({ node: name, pod: `hello-${name}` }));
  const load = startLoad(administrator(first), hosts, targets);
  const rows: string[] = [];
  let failed = 0;
  const count = (title: string) => {
    const counts = load.takeCounts();
    failed += kinds.reduce((sum, kind) => sum + counts[kind].failed, 0);
    rows.push(rowOf(title, counts));
    say(rowOf(title, counts));
  };
  say(tableHead);
  await sleep(settling);
  count(phases[0]?.title ?? "");
  for (const [index, stack] of later.entries()) {
    await bring(lab, stack, load);
    count(phases[index + 1]?.title ?? "");
  }
  await load.stop();
  say("");
  for (const line of [tableHead, ...rows]) say(line);
  for (const text of load.failures) say(`failed: ${text}`);
  say("");
  say(`${failed} failed requests through ${phases.length} phases.`);
  const symptom = await fallBehind(lab, first, later.at(-1) ?? first);
  say(`${provisioned} with the files from before the rotation, on purpose: ${symptom}`);
  return failed === 0 && symptom.includes(unknownAuthority) ? 0 : 1;
}

/**
 * What goes wrong where the old CA is retired before every machine has the new one: brings a node the first files
 * again, and asks for its pod's logs.
 */
async function fallBehind(lab: Lab, first: RenderedStack, last: RenderedStack): Promise<string> {
  const machine = first.machines.find(({ name }) => name === provisioned);
  const [controlPlane] = controlPlanes(last);
  if (machine === undefined || controlPlane === undefined)
    throw new Failure("there are no such machines");
  await carry(lab, machine);
  const path = `/api/v1/namespaces/default/pods/hello-${machine.name}/log`;
  return waitFor(
    "the kubelet that was left behind to answer",
    async () => {
      const { text } = await adminClient(controlPlane)("GET", path);
      // Until it listens again nobody answers, and until kube-apiserver connects anew the old connection does.
      return text.includes("x509") ? text : undefined;
    },
    { seconds: 60, every: 500 },
  ).catch((error: Error) => error.message);
}

/** Brings a phase's files to every machine: control planes first, since they sign what nodes then request. */
async function bring(lab: Lab, stack: RenderedStack, load: Load): Promise<void> {
  const [controlPlane] = stack.machines;
  if (controlPlane === undefined) throw new Failure(`${stack.folder} has no machine.`);
  const start = Date.now();
  for (const machine of stack.machines) {
    const { files, restarted } = await carry(lab, machine);
    const again = restarted.length === 0 ? "nothing" : restarted.join(", ");
    say(`  ${seconds(start)} ${machine.name}: ${files} files, started again: ${again}`);
    const api = adminClient(controlPlane);
    const approving = approve(stack, controlPlane, api);
    try {
      await untilReadyAgain(api, machine, restarted.includes("kubelet"));
    } finally {
      await approving.stop();
    }
  }
  load.connectAs(administrator(stack));
  await sleep(settling);
}

/** The kubelet has spoken to kube-apiserver since: its lease is newer than its start. */
async function untilReadyAgain(api: Api, { name }: Machine, isRestarted: boolean): Promise<void> {
  const since = Date.now();
  await waitFor(
    `node ${name} to be ready again`,
    async () => {
      if (notReady(await readNode(api, name)) !== undefined) return undefined;
      if (!isRestarted) return true;
      const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`;
      const answer = await api("GET", path).catch(() => undefined);
      const lease = answer?.body as { spec?: { renewTime?: string } } | undefined;
      return Date.parse(lease?.spec?.renewTime ?? "") > since ? true : undefined;
    },
    { seconds: 120, every: 300 },
  );
}

/** Decides requests for serving certificates in place of the stack's approver, until stopped. */
function approve(stack: RenderedStack, { files }: Machine, admin: Api): { stop(): Promise<void> } {
  const approver = deployedApprover(stack);
  const text = files.find(({ path }) => path === paths.adminConf)?.content.toString("utf8");
  if (approver === undefined || text === undefined) return { stop: async () => {} };
  let isStopped = false;
  const loop = (async () => {
    while (!isStopped) {
      try {
        const api = await approverClient(admin, readKubeconfig(text), approver);
        while (!isStopped) {
          await decideRequests(api, approver);
          await sleep(300);
        }
      } catch {
        // kube-apiserver is being started again; the nodes that wait for a decision will show it otherwise.
        await sleep(300);
      }
    }
  })();
  return {
    stop: async () => {
      isStopped = true;
      await loop;
    },
  };
}

function controlPlanes({ machines }: RenderedStack): readonly Machine[] {
  return machines.filter(({ role }) => role === "control-plane");
}

function administrator(stack: RenderedStack): Connection {
  const [first] = controlPlanes(stack);
  const text = first && fileText(first, paths.adminConf);
  if (text === undefined) throw new Failure(`${stack.folder} has no ${paths.adminConf}.`);
  const { ca, cert, key, host, port } = readKubeconfig(text);
  return { host, port, ca, ...(cert && { cert }), ...(key && { key }) };
}

function rowOf(title: string, counts: Readonly<Record<Kind, Count>>): string {
  const sum = (field: keyof Count) => kinds.reduce((total, kind) => total + counts[kind][field], 0);
  const sent = kinds.map((kind) => counts[kind].sent).join(" | ");
  return `| ${title} | ${sent} | ${sum("repeated")} | ${sum("failed")} |`;
}

function seconds(start: number): string {
  return `${((Date.now() - start) / 1000).toFixed(0)} s`;
}
