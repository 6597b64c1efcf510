/**
 * Where a matrix runs: one machine with etcd and every kube-apiserver, and one machine for each kubelet.
 */

import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import type { Programs } from "../../toolchain/kubernetes/programs.ts";
import type { Lab } from "../host/identity.ts";
import { writeImage } from "../host/image.ts";
import { connect, layOut, type RunningMachine, startMachine, writeHosts } from "../host/machine.ts";
import type { ProcessIdentity } from "../host/processes.ts";
import { programOnMachine, type RunningProgram, startProgram } from "../host/program-run.ts";
import { startNameServer } from "../host/sandbox.ts";
import { type Api, apiClient } from "../kubernetes/api.ts";
import { startContainerd } from "../kubernetes/containerd.ts";
import { untilReady } from "../kubernetes/control-plane.ts";
import { type Issued, issue, issueAuthority, publicKeyPem } from "./pki.ts";
import type { Target } from "./probes.ts";

/** The CAs of a matrix. */
export type Authorities = {
  /** The cluster's own. */
  readonly cluster: Issued;
  /** Signed by the cluster's. */
  readonly intermediate: Issued;
  /** Signed by the cluster's, for {@link permittedName} alone. */
  readonly constrained: Issued;
  /** Has nothing to do with the cluster. */
  readonly other: Issued;
  /** Another key under the cluster CA's name. */
  readonly sameName: Issued;
};

export type World = {
  readonly lab: Lab;
  /** Kubernetes version of the programs, without the `v`. */
  readonly version: string;
  readonly init: ProcessIdentity;
  readonly programs: Programs;
  readonly authorities: Authorities;
  /** The machine of the control plane. */
  readonly hub: RunningMachine;
  /** Administrator at the hub's own kube-apiserver, which the kubelets use. */
  readonly admin: Api;
  readonly adminPair: Issued;
  /** kube-controller-manager, which signs what kubelets request. */
  readonly signer: RunningProgram;
  /** Names that kube-apiservers resolve. */
  readonly hosts: Map<string, string>;
  /** When they were last changed, in milliseconds. */
  hostsChangedAt: number;
};

/** A kube-apiserver of the matrix. */
export type RunningApiServer = { readonly program: RunningProgram; readonly api: Api };

/** The only DNS name that the constrained CA may sign for. */
const permittedName = "names-permitted";

export const hubAddress = "10.250.0.1";
const hubAddress6 = "fd00:250::1:1";
/** Port of the kubelets' own kube-apiserver. */
export const hubPort = 6443;
const pki = "/etc/kubernetes/pki";

/** Uids of kube-apiservers; the kernel counts inotify instances by uid. */
const firstUid = 70_000;

/** Starts the hub: etcd, one kube-apiserver for the kubelets, and the signer of their requests. */
export async function startWorld(
  lab: Lab,
  init: ProcessIdentity,
  programs: Programs,
  version: string,
): Promise<World> {
  const cluster = await issueAuthority("kubernetes");
  const authorities = {
    cluster,
    intermediate: await issueAuthority("kubelet-intermediate", { issuer: cluster }),
    constrained: await issueAuthority("kubelet-constrained", {
      issuer: cluster,
      permittedName,
    }),
    other: await issueAuthority("other-ca"),
    sameName: await issueAuthority("kubernetes"),
  };
  const adminPair = await issue({
    subject: "CN=admin,O=system:masters",
    issuer: cluster,
    usages: ["clientAuth"],
  });
  const hub = await startMachine(lab, init, programs, {
    name: "hub",
    addresses: [hubAddress, hubAddress6],
    files: await hubFiles(authorities, adminPair),
  });
  writeImage(imageOf(lab));
  await startNameServer(init);
  const hosts = new Map<string, string>();
  writeHosts(hub, hosts);
  await startProgram(hub, {
    name: "etcd",
    file: programOnMachine("etcd"),
    args: ["--data-dir=/var/lib/etcd", "--unsafe-no-fsync=true", "--log-level=warn"],
  });
  const base = {
    lab,
    version,
    init,
    programs,
    authorities,
    hub,
    adminPair,
    hosts,
    hostsChangedAt: 0,
  };
  const { api } = await startApiServer(base, "base", 0, []);
  const signer = await startProgram(hub, {
    name: "kube-controller-manager",
    file: programOnMachine("kube-controller-manager"),
    args: signerArguments,
  });
  return { ...base, admin: api, signer };
}

/** What the signer of the kubelets' requests is started with. */
export const signerArguments: readonly string[] = [
  "--controllers=certificatesigningrequest-signing-controller",
  "--kubeconfig=/etc/kubernetes/admin.conf",
  `--cluster-signing-cert-file=${pki}/ca.crt`,
  `--cluster-signing-key-file=${pki}/ca.key`,
  "--leader-elect=false",
  "--secure-port=0",
];

/** What every kube-apiserver of the matrix is started with; what is under test comes after. */
export function apiServerArguments(index: number, flags: readonly string[]): string[] {
  return [
    `--advertise-address=${hubAddress}`,
    "--authorization-mode=Node,RBAC",
    `--bind-address=${hubAddress}`,
    `--client-ca-file=${pki}/ca.crt`,
    // Pods of the matrix have no need of a ServiceAccount, and nobody makes one.
    "--disable-admission-plugins=ServiceAccount",
    "--endpoint-reconciler-type=none",
    "--etcd-servers=http://127.0.0.1:2379",
    `--secure-port=${hubPort + index}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${pki}/sa.pub`,
    `--service-account-signing-key-file=${pki}/sa.key`,
    "--service-cluster-ip-range=10.96.0.0/16",
    `--tls-cert-file=${pki}/apiserver.crt`,
    `--tls-private-key-file=${pki}/apiserver.key`,
    ...flags,
  ];
}

/** Starts a kube-apiserver and waits until it is ready; number 0 is the kubelets' own. */
export async function startApiServer(
  world: Pick<World, "hub" | "authorities" | "adminPair">,
  name: string,
  index: number,
  flags: readonly string[],
): Promise<RunningApiServer> {
  const program = await startProgram(world.hub, {
    name: `kube-apiserver-${name}`,
    file: programOnMachine("kube-apiserver"),
    args: apiServerArguments(index, flags),
    uid: uidOf(index),
  });
  const api = clientOf(world, index);
  await untilReady(api, program);
  return { program, api };
}

/** An administrator's client of one kube-apiserver. */
export function clientOf(
  { authorities, adminPair }: Pick<World, "authorities" | "adminPair">,
  index: number,
): Api {
  return apiClient({
    host: hubAddress,
    port: hubPort + index,
    ca: authorities.cluster.certPem,
    cert: adminPair.certPem,
    key: adminPair.keyPem,
  });
}

/** The user that a kube-apiserver runs as. */
export function uidOf(index: number): number {
  return firstUid + index;
}

/** Starts a machine for a kubelet, with its address and name known to the hub. */
export async function addMachine(
  world: World,
  plan: {
    readonly name: string;
    readonly hostName: string;
    readonly node: string;
    /** The first is the one that names stand for. */
    readonly addresses: readonly string[];
    /** Names under which kube-apiservers find it. */
    readonly resolvable: readonly string[];
    readonly files: Readonly<Record<string, string>>;
  },
): Promise<RunningMachine> {
  const { lab, init, programs, hub, hosts } = world;
  const machine = await startMachine(lab, init, programs, {
    name: plan.name,
    hostName: plan.hostName,
    addresses: plan.addresses,
    files: asFiles(plan.files),
  });
  // A kubelet looks its node's name up to find its own address.
  const [address = ""] = plan.addresses;
  const own = [plan.hostName, plan.node].map((name) => [name, address] as const);
  writeHosts(machine, new Map(own));
  for (const name of plan.resolvable) hosts.set(name, address);
  writeHosts(hub, hosts);
  world.hostsChangedAt = Date.now();
  await connect([hub, machine]);
  return machine;
}

/** Waits until every kube-apiserver knows the names: Go reads the hosts file again after five seconds (`net/hosts.go`). */
export async function untilNamesAreKnown({ hostsChangedAt }: World): Promise<void> {
  await sleep(Math.max(0, hostsChangedAt + 6000 - Date.now()));
}

/** Starts the container runtime of a kubelet's machine. */
export function addRuntime({ lab }: World, machine: RunningMachine): Promise<RunningProgram> {
  return startContainerd(machine, imageOf(lab), "10.85.0.0/24");
}

/** A kubeconfig for a node's kubelet, or for anybody else. */
export async function kubeconfigFor(
  { authorities }: Pick<World, "authorities">,
  subject: string,
): Promise<string> {
  const { certPem, keyPem } = await issue({
    subject,
    issuer: authorities.cluster,
    usages: ["clientAuth"],
  });
  return kubeconfigOf(authorities.cluster.certPem, certPem, keyPem);
}

/** Text files with the mode that lets a program with any uid read them: nothing here outlives the lab. */
export function asFiles(files: Readonly<Record<string, string>>) {
  return Object.entries(files).map(([file, text]) => ({
    path: file,
    mode: 0o644,
    content: Buffer.from(text),
  }));
}

/** Puts files on the hub. */
export function onHub({ hub }: World, files: Readonly<Record<string, string>>): void {
  layOut(hub, asFiles(files));
}

function imageOf(lab: Lab): string {
  return path.join(lab.folder, "image.tar");
}

async function hubFiles({ cluster }: Authorities, admin: Issued) {
  const serviceAccount = await issue({ subject: "CN=sa" });
  const server = await issue({
    subject: "CN=kube-apiserver",
    issuer: cluster,
    usages: ["serverAuth"],
    dnsNames: ["localhost"],
    ipAddresses: [hubAddress, "127.0.0.1"],
  });
  return asFiles({
    [`${pki}/ca.crt`]: cluster.certPem,
    [`${pki}/ca.key`]: cluster.keyPem,
    [`${pki}/sa.key`]: serviceAccount.keyPem,
    [`${pki}/sa.pub`]: await publicKeyPem(serviceAccount),
    [`${pki}/apiserver.crt`]: server.certPem,
    [`${pki}/apiserver.key`]: server.keyPem,
    "/etc/kubernetes/admin.conf": kubeconfigOf(cluster.certPem, admin.certPem, admin.keyPem),
  });
}

/** A kubeconfig for who has this pair; default at the kubelets' own kube-apiserver. */
export function kubeconfigOf(
  ca: string,
  cert: string,
  key: string,
  server = `https://${hubAddress}:${hubPort}`,
): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": base64(ca) } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
    users: [
      {
        name: "u",
        user: { "client-certificate-data": base64(cert), "client-key-data": base64(key) },
      },
    ],
  });
}

/** Whom to ask about a pod of a node: the kube-apiserver at a port of the hub, as its administrator. */
export function targetOf(
  { authorities, adminPair }: World,
  { port }: { readonly port: number },
  { node, pod }: { readonly node: string; readonly pod: string },
): Target {
  return { host: hubAddress, port, ca: authorities.cluster.certPem, admin: adminPair, node, pod };
}

/** Free inotify instances of root: what limits how many kubelets run at once. */
export function freeInotifyInstances(): number {
  const most = Number(fs.readFileSync("/proc/sys/fs/inotify/max_user_instances", "utf8"));
  let used = 0;
  for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (fs.statSync(`/proc/${pid}`).uid !== 0) continue;
      for (const descriptor of fs.readdirSync(`/proc/${pid}/fd`)) {
        if (fs.readlinkSync(`/proc/${pid}/fd/${descriptor}`) === "anon_inode:inotify") used += 1;
      }
    } catch {
      // It ended meanwhile.
    }
  }
  return most - used;
}
