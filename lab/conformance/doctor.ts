/**
 * `kubelet-trust doctor` run against a matrix while it runs: through each kube-apiserver, as an administrator who has
 * that kube-apiserver's bundle and client certificate at hand. What it says of each kubelet is compared with what
 * kube-apiserver answered, and the cause that it names with what was set up.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Cause, Outcome, RequestKind } from "../../trust/words/verdict.ts";
import { hostPath } from "../host/machine.ts";
import { waitFor } from "../host/patience.ts";
import { type Case, compare, judgementOf, type Reality } from "./case.ts";
import { causeOfGhost, type Ghost, haunt } from "./ghosts.ts";
import type { KubeletNode } from "./kubelet-node.ts";
import type { OpenPort } from "./odd-ports.ts";
import { container, probe } from "./probes.ts";
import type { MatrixServer, OnCase, Say, Wave } from "./serving.ts";
import { hubAddress, kubeconfigOf, signerArguments, targetOf, type World } from "./world.ts";

/**
 * What only a machine's files tell where the kubelet tells nothing, and what it looks like from outside: that is what the
 * doctor names.
 */
const seenAs: Partial<Record<Cause, Cause>> = {
  "listens-elsewhere": "nothing-answers",
  "server-off": "nothing-answers",
  "half-pair": "no-certificate",
  "no-node-ip": "no-certificate",
  // Its kubelet has asked again, and the reason names the denial.
  "csr-denied": "csr-pending",
  "no-client-ca": "client-unknown-authority",
};

/** Runs the doctor through each of these kube-apiservers, on all kubelets that run and at ports that are odd. */
export async function askDoctor(
  world: World,
  { nodes, servers, cases }: Wave,
  { ids, ports }: { readonly ids: readonly string[]; readonly ports: readonly OpenPort[] },
  onCase: OnCase,
  say: Say,
): Promise<void> {
  const chosen = servers.filter(({ id }) => ids.includes(id));
  if (chosen.length === 0) return;
  const ghosts = await haunt(world, nodes, ports);
  for (const server of chosen) {
    await showControlPlane(world, server);
    const told = await runDoctor(world, server, ghosts);
    for (const node of nodes) {
      for (const one of cases.filter(isOf(node, server))) {
        onCase(compared(one, node, told));
      }
    }
    for (const ghost of ghosts) onCase(await ghostly(world, ghost, server, told));
  }
  // Kubelets of other waves are not there any more.
  for (const name of [...nodes.map(({ node }) => node), ...ghosts.map((one) => one.name)]) {
    await world.admin("DELETE", `/api/v1/nodes/${name}`);
  }
  say(`the doctor ran ${chosen.length} times on ${nodes.length} kubelets`);
}

/** A node without a kubelet, asked for its metrics: no pod of it is needed. */
async function ghostly(
  world: World,
  ghost: Ghost,
  server: MatrixServer,
  told: readonly ToldPair[],
): Promise<Case> {
  const { name, says } = ghost;
  const request = "metrics";
  const asked = probe(targetOf(world, server, { node: name, pod: "" }), request);
  // kube-apiserver waits without end, and has no words for it: the doctor's are those of its own patience.
  const reality = await (ghost.cause === "hangs" ? asked.catch(() => silence) : asked);
  const outcome = toldOf(told, name, request);
  const about = { part: "doctor", kubelet: says, apiserver: server.id, request } as const;
  const id = `doctor/ghost/${name}/${server.id}/${request}`;
  const { agrees, ...one } = compare({ ...about, id }, judgementOf(outcome), reality);
  const setUp = causeOfGhost(ghost, server);
  return { ...one, setUp, agrees: agrees && outcome.cause === setUp };
}

/** What the doctor says where kube-apiserver says nothing for longer than it waits. */
const silence: Reality = { outcome: "fails", message: "no answer within 11 s" };

function isOf({ variant }: KubeletNode, server: MatrixServer): (one: Case) => boolean {
  const { name } = variant;
  const { id: caller } = server;
  return ({ id, part }) =>
    `${id}/`.startsWith(`${part}/${name}/${caller}/`) &&
    (part === "serving" || (part === "client" && isOneThing(name, caller)));
}

/**
 * One thing is wrong at a time, since of two the doctor may name either: every client certificate at the kubelet with
 * which nothing is wrong, at the others the one with which nothing is, and none at those that let anyone in.
 */
function isOneThing(kubelet: string, client: string): boolean {
  return (
    kubelet === "auth-webhook" ||
    client === "kubeadm" ||
    (client === "none" && ["auth-anonymous", "auth-open"].includes(kubelet))
  );
}

/** A pair as the doctor's document has it. */
type ToldPair = {
  readonly node: string;
  readonly requests: Readonly<Record<RequestKind, Outcome>>;
};

function compared(one: Case, { node, pod }: KubeletNode, told: readonly ToldPair[]): Case {
  const { part, request, reality, judge: known, ...about } = one;
  const outcome = toldOf(told, node, request as RequestKind);
  const { agrees, ...doctor } = compare(
    { ...about, id: `doctor/${one.id}`, part: "doctor", request: request ?? "" },
    judgementOf(outcome),
    // The doctor is asked about no pod.
    { ...reality, message: ofAnyPod(reality.message, pod) },
  );
  const isWorking = reality.outcome === "works";
  // What works has no cause to be named, and may be left open.
  const isRight = isWorking
    ? agrees || outcome.verdict === "undecidable"
    : agrees && outcome.cause === causeFromOutside(known.cause);
  return { ...doctor, setUp: known.cause ?? "unknown", agrees: isRight };
}

function toldOf(told: readonly ToldPair[], node: string, request: RequestKind): Outcome {
  const outcome = told.find((pair) => pair.node === node)?.requests[request];
  if (outcome === undefined) throw new Error(`the doctor says nothing of ${request} on ${node}`);
  return outcome;
}

function causeFromOutside(cause: Cause | undefined): Cause | undefined {
  return cause && (seenAs[cause] ?? cause);
}

function ofAnyPod(message: string, pod: string): string {
  return message
    .replace(`/default/${pod}/${container}"`, '/<namespace>/<pod>/<container>"')
    .replace(`pods/log ${pod})`, "pods/log <pod>)");
}

const pods = "/api/v1/namespaces/kube-system/pods";

/** Puts the static pods of a control plane into the API, as kubelets of control planes do: this kube-apiserver's alone. */
async function showControlPlane({ admin, version }: World, server: MatrixServer): Promise<void> {
  const programs = {
    "kube-apiserver": server.setUp.args,
    "kube-controller-manager": signerArguments,
  };
  for (const [name, args] of Object.entries(programs)) {
    const pod = `${name}-hub`;
    await admin("DELETE", `${pods}/${pod}?gracePeriodSeconds=0`);
    await waitFor(`pod ${pod} to be shown`, async () => {
      const { status } = await admin("POST", pods, staticPod(name, pod, args, version));
      return status < 300 ? true : undefined;
    });
  }
}

function staticPod(name: string, pod: string, args: readonly string[], version: string) {
  const folder = "/etc/kubernetes";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: pod, labels: { component: name, tier: "control-plane" } },
    spec: {
      nodeName: "hub",
      hostNetwork: true,
      containers: [
        {
          name,
          image: `registry.k8s.io/${name}:v${version}`,
          command: [name, ...args],
          volumeMounts: [{ name: "files", mountPath: folder, readOnly: true }],
        },
      ],
      volumes: [{ name: "files", hostPath: { path: folder } }],
    },
  };
}

/** Runs the command as its users do, and reads its document. */
async function runDoctor(
  world: World,
  { port, setUp }: MatrixServer,
  ghosts: readonly Ghost[],
): Promise<readonly ToldPair[]> {
  const { authorities, adminPair, hub, lab } = world;
  const kubeconfig = path.join(lab.folder, "doctor.conf");
  const server = `https://${hubAddress}:${port}`;
  const text = kubeconfigOf(
    authorities.cluster.certPem,
    adminPair.certPem,
    adminPair.keyPem,
    server,
  );
  fs.writeFileSync(kubeconfig, text, { mode: 0o600 });
  const file = (flag: string, option: string) => {
    const given = setUp.args.find((word) => word.startsWith(`${flag}=`));
    if (given === undefined) return [];
    const held = hostPath(hub, given.slice(flag.length + 1));
    // An empty bundle cannot be handed in.
    return fs.readFileSync(held, "utf8") === "" ? [] : [option, held];
  };
  const args = [
    ...["doctor", "--json", "--timeout", "120", "--kubeconfig", kubeconfig],
    ...file("--kubelet-certificate-authority", "--certificate-authority"),
    ...file("--kubelet-client-certificate", "--client-certificate"),
  ];
  for (let tries = 1; ; tries++) {
    const { code, stdout, stderr } = await run(args);
    if (code > 1) throw new Error(`the doctor does not run: ${stderr}`);
    const told = JSON.parse(stdout) as Told;
    if (!isLate(told, ghosts) || tries === mostTries) return told.pairs;
  }
}

/** Times that the doctor is run where it did not see everything in time. */
const mostTries = 5;

type Told = {
  readonly pairs: readonly ToldPair[];
  readonly seen: readonly { readonly node: string; readonly configz?: object }[];
  readonly notSeen: readonly { readonly what: string; readonly because: string }[];
};

/** On a busy machine some answers take longer than the doctor waits, and that is all that it says of them. */
function isLate({ seen, notSeen }: Told, ghosts: readonly Ghost[]): boolean {
  const hanging = ghosts.filter(({ cause }) => cause === "hangs").map(({ name }) => name);
  const isMeant = (text: string) => hanging.some((name) => text.includes(name));
  return (
    seen.some(({ node, configz = {} }) => "silence" in configz && !isMeant(node)) ||
    notSeen.some(
      ({ what, because }) => /no answer within|the time was up/.test(because) && !isMeant(what),
    )
  );
}

const program = path.join(import.meta.dirname, "..", "..", "cli", "kubelet-trust.ts");

function run(
  args: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 2, stdout, stderr }));
  });
}
