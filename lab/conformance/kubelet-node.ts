/**
 * One kubelet of a matrix, from its description to a pod that runs on it.
 */
import * as fs from "node:fs";
import { stringify } from "yaml";
import type { NodeAddress } from "../../trust/words/facts.ts";
import { machineCgroup } from "../host/cgroups.ts";
import { hostPath, type RunningMachine } from "../host/machine.ts";
import { accepts, waitFor } from "../host/patience.ts";
import { killAll, processesOf } from "../host/processes.ts";
import type { RunningProgram } from "../host/program-run.ts";
import { kubeletPort } from "../host/served.ts";
import type { Api } from "../kubernetes/api.ts";
import type { SigningRequest } from "../kubernetes/approver.ts";
import { orItsEnd } from "../kubernetes/control-plane.ts";
import { startHello } from "../kubernetes/hello.ts";
import { prepareKubelet, startKubelet } from "../kubernetes/kubelet.ts";
import { nodeName, readNode } from "../kubernetes/node.ts";
import type { KubeletSetUp } from "./facts.ts";
import { hostOf } from "./host.ts";
import { makeByKubeadm } from "./kubeadm.ts";
import { at, type KubeletVariant } from "./variants.ts";
import { addMachine, addRuntime, kubeconfigFor, type World } from "./world.ts";

export type KubeletNode = {
  readonly variant: KubeletVariant;
  readonly node: string;
  readonly address: string;
  readonly setUp: KubeletSetUp;
  readonly machine: RunningMachine;
  readonly programs: readonly RunningProgram[];
  readonly pod: string;
};

export const configPath = "/var/lib/kubelet/config.yaml";
export const kubeconfigPath = "/etc/kubernetes/kubelet.conf";

/** What every kubelet of the matrix has in its file; a variant's fields are merged over it. */
export function baseConfiguration(): Record<string, unknown> {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      x509: { clientCAFile: "/etc/kubernetes/pki/ca.crt" },
      // A cached answer would outlast the case it was given for.
      webhook: { cacheTTL: "1s" },
    },
    authorization: { webhook: { cacheAuthorizedTTL: "1s", cacheUnauthorizedTTL: "1s" } },
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
  };
}

/** The flags of a variant's kubelet. */
function variantArguments({ flags = [] }: KubeletVariant, address: string): string[] {
  return [`--config=${configPath}`, `--kubeconfig=${kubeconfigPath}`, ...at(address, flags)];
}

/** Sets up the machine: everything but the kubelet itself. */
async function setUpKubelet(
  world: World,
  variant: KubeletVariant,
  address: string,
): Promise<{
  machine: RunningMachine;
  setUp: KubeletSetUp;
  runtime: RunningProgram;
  node: string;
  /** What the kubelet is started with, before the lab adds anything. */
  words: readonly string[];
}> {
  const hostName = variant.hostName ?? variant.name;
  const args = variantArguments(variant, address);
  const node = nodeName(hostName, args);
  const own = variant.addresses?.(address) ?? [address];
  const addresses: NodeAddress[] = [
    ...own.map((one) => ({ type: "InternalIP" as const, address: one })),
    { type: "Hostname", address: node },
  ];
  const resolvable = variant.resolvable ?? true;
  const machine = await addMachine(world, {
    name: variant.name,
    hostName,
    node,
    // Its machine has the address that it is given, whatever its status says.
    addresses: [address, ...own.filter((one) => one !== address)],
    resolvable: resolvable ? [node] : [],
    files: {
      "/etc/kubernetes/pki/ca.crt": world.authorities.cluster.certPem,
      [kubeconfigPath]: await kubeconfigFor(
        world,
        variant.subject ?? `CN=system:node:${node},O=system:nodes`,
      ),
      [configPath]: stringify(
        merged(baseConfiguration(), at(address, variant.configuration ?? {})),
      ),
      ...(await variant.files?.({ authorities: world.authorities, name: node, address })),
    },
  });
  const runtime = await addRuntime(world, machine);
  const made =
    variant.kubeadm && (await makeByKubeadm(world, machine, node, address, variant.kubeadm));
  const words = made?.words ?? args;
  const setUp: KubeletSetUp = {
    host: hostOf(machine),
    hostName,
    args: prepareKubelet(machine, words),
    ...(made !== undefined && { kubeadm: made }),
    addresses,
    unresolvable: resolvable ? [] : [node],
    request: variant.request === "unasked" ? "issued" : (variant.request ?? "pending"),
  };
  return { machine, setUp, runtime, node, words };
}

/** Sets up a kubelet, starts it, and waits until its pod runs and its request is decided. */
export async function startNode(
  world: World,
  variant: KubeletVariant,
  address: string,
): Promise<KubeletNode> {
  const { machine, setUp, runtime, node, words } = await setUpKubelet(world, variant, address);
  const kubelet = await startKubelet(machine, words);
  await orItsEnd(kubelet, () => untilRegistered(world.admin, node));
  const { request = "pending" } = variant;
  if (request === "issued" || request === "neverIssued" || request === "denied") {
    await decide(world.admin, node, request === "denied" ? "Denied" : "Approved");
  }
  if (variant.request === "issued") {
    const file = "/var/lib/kubelet/pki/kubelet-server-current.pem";
    await waitFor(`the certificate of ${node}`, () =>
      fs.existsSync(hostPath(machine, file)) ? true : undefined,
    );
  }
  const pod = await startHello(world.admin, node, true);
  if (variant.isReachable ?? true) {
    await orItsEnd(kubelet, () =>
      waitFor(`the kubelet of ${node} to listen`, () => accepts(address, portOf(variant))),
    );
  }
  return { variant, node, address, setUp, machine, programs: [kubelet, runtime], pod };
}

/** The port that a kubelet serves on. */
export function portOf({ port = kubeletPort }: KubeletVariant): number {
  return port;
}

/** Ends a kubelet with everything on its machine, the machine included. */
export async function stopNode({ machine }: { machine: RunningMachine }): Promise<void> {
  await killAll(processesOf(machine, machineCgroup(machine.lab, machine.name)));
}

async function untilRegistered(api: Api, node: string): Promise<void> {
  await waitFor(`node ${node} to register`, async () =>
    (await readNode(api, node)) === undefined ? undefined : true,
  );
}

/** Decides the node's request as an administrator. */
async function decide(api: Api, node: string, type: "Approved" | "Denied"): Promise<void> {
  const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  await waitFor(`the request of ${node}`, async () => {
    const { items } = (await api("GET", requests)).body as { items: SigningRequest[] };
    const request = items.find(
      ({ spec }) =>
        spec.username === `system:node:${node}` && spec.signerName.endsWith("/kubelet-serving"),
    );
    if (request === undefined) return undefined;
    const condition = {
      type,
      status: "True",
      reason: "Conformance",
      message: "decided by the matrix",
    };
    const { status } = await api("PUT", `${requests}/${request.metadata.name}/approval`, {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      ...request,
      status: { conditions: [condition] },
    });
    return status < 300 ? true : undefined;
  });
}

/** Merges objects field by field, as a drop-in is merged. */
export function merged(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = result[key];
    if (value === undefined) delete result[key];
    else result[key] = isObject(old) && isObject(value) ? merged(old, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
