/**
 * Kubelets as the real kubeadm sets them up: `init` by its phases `kubeconfig kubelet` and `kubelet-start`, `join` by its
 * phase `kubelet-start`.
 */
import * as fs from "node:fs";
import { stringify } from "yaml";
import { Failure } from "../../toolchain/fail.mjs";
import { paths } from "../../trust/contract.ts";
import { hostPath, layOut, type RunningMachine } from "../host/machine.ts";
import { lastWords, programOnMachine, startProgram, untilEnded } from "../host/program-run.ts";
import { asFiles, hubAddress, hubPort, kubeconfigFor, type World } from "./world.ts";

/** What is handed to kubeadm beside the cluster. */
export type KubeadmDocuments = {
  /** Fields of a KubeletConfiguration: `init` is handed it, `join` finds it in the cluster. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Default `init`. */
  readonly by?: "init" | "join";
  /** `nodeRegistration.kubeletExtraArgs` by name. Default none. */
  readonly kubeletExtraArgs?: Readonly<Record<string, string>>;
};

const file = "/etc/kubernetes/kubeadm.yaml";
const discoveryFile = "/etc/kubernetes/discovery.conf";
const apiVersion = "kubeadm.k8s.io/v1beta4";

/** What kubeadm made of a kubelet. */
export type KubeadmKubelet = {
  /** The words that kubeadm's unit starts the kubelet with. */
  readonly words: readonly string[];
  /** What kubeadm was given: YAML. */
  readonly given: string;
  /** What `join` found in the cluster: YAML. */
  readonly found?: string;
};

/**
 * Lets kubeadm make a kubelet's files.
 *
 * @throws {Failure} with kubeadm's last words
 */
export async function makeByKubeadm(
  world: World,
  machine: RunningMachine,
  node: string,
  address: string,
  documents: KubeadmDocuments,
): Promise<KubeadmKubelet> {
  const texts =
    documents.by === "join"
      ? await join(world, machine, node, documents)
      : { given: await init(world, machine, node, address, documents) };
  return { words: wordsOf(machine), ...texts };
}

async function init(
  { authorities, version }: World,
  machine: RunningMachine,
  node: string,
  address: string,
  documents: KubeadmDocuments,
): Promise<string> {
  const text = textOf([
    {
      apiVersion,
      kind: "InitConfiguration",
      localAPIEndpoint: { advertiseAddress: address },
      nodeRegistration: registrationOf(node, documents),
    },
    clusterConfiguration(version),
    kubeletConfiguration(documents),
  ]);
  const { certPem, keyPem } = authorities.cluster;
  layOut(machine, asFiles({ [file]: text, [paths.ca]: certPem, [paths.caKey]: keyPem }));
  await phase(machine, "init", ["kubeconfig", "kubelet"]);
  await phase(machine, "init", ["kubelet-start"]);
  return text;
}

/** Ends when the last join that was begun has ended: what they find is the cluster's. */
let joining: Promise<unknown> = Promise.resolve();

function join(
  world: World,
  machine: RunningMachine,
  node: string,
  documents: KubeadmDocuments,
): Promise<Omit<KubeadmKubelet, "words">> {
  const joined = joining.then(() => joinNow(world, machine, node, documents));
  joining = joined.catch(() => {});
  return joined;
}

async function joinNow(
  world: World,
  machine: RunningMachine,
  node: string,
  documents: KubeadmDocuments,
): Promise<Omit<KubeadmKubelet, "words">> {
  const kubeconfig = await kubeconfigFor(world, "CN=joining,O=system:masters");
  const found = [
    configMap("kube-system", "kubeadm-config", {
      ClusterConfiguration: stringify(clusterConfiguration(world.version)),
    }),
    configMap("kube-system", "kubelet-config", {
      kubelet: stringify(kubeletConfiguration(documents)),
    }),
  ];
  // kubeadm asks for it first, and takes what it was handed when there is nothing in it.
  for (const one of [configMap("kube-public", "cluster-info", {}), ...found]) await put(world, one);
  const given = stringify({
    apiVersion,
    kind: "JoinConfiguration",
    discovery: { file: { kubeConfigPath: discoveryFile } },
    nodeRegistration: registrationOf(node, documents),
  });
  layOut(machine, asFiles({ [file]: given, [discoveryFile]: kubeconfig }));
  await phase(machine, "join", ["kubelet-start"]);
  return { given, found: textOf(found) };
}

function registrationOf(name: string, { kubeletExtraArgs = {} }: KubeadmDocuments) {
  const extra = Object.entries(kubeletExtraArgs);
  return {
    name,
    criSocket: "unix:///run/containerd/containerd.sock",
    kubeletExtraArgs: extra.map(([flag, value]) => ({ name: flag, value })),
  };
}

function clusterConfiguration(version: string) {
  return {
    apiVersion,
    kind: "ClusterConfiguration",
    kubernetesVersion: `v${version}`,
    controlPlaneEndpoint: `${hubAddress}:${hubPort}`,
  };
}

function kubeletConfiguration({ configuration }: KubeadmDocuments) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    ...configuration,
  };
}

function configMap(namespace: string, name: string, data: Readonly<Record<string, string>>) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, data };
}

async function put({ admin }: World, object: ReturnType<typeof configMap>): Promise<void> {
  const { namespace, name } = object.metadata;
  const all = `/api/v1/namespaces/${namespace}/configmaps`;
  const there = await admin("PUT", `${all}/${name}`, object);
  const { status } = there.status === 404 ? await admin("POST", all, object) : there;
  if (status >= 300) throw new Failure(`ConfigMap ${namespace}/${name}: HTTP ${status}`);
}

function textOf(documents: readonly object[]): string {
  return documents.map((document) => stringify(document)).join("---\n");
}

function wordsOf(machine: RunningMachine): string[] {
  const environment = fs.readFileSync(
    hostPath(machine, "/var/lib/kubelet/kubeadm-flags.env"),
    "utf8",
  );
  const flags = /^KUBELET_KUBEADM_ARGS="(.*)"$/m.exec(environment)?.[1] ?? "";
  return [
    "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf",
    `--kubeconfig=${paths.kubeletConf}`,
    `--config=${paths.kubeletConfiguration}`,
    ...flags.split(" ").filter((word) => word !== ""),
  ];
}

async function phase(machine: RunningMachine, command: "init" | "join", words: readonly string[]) {
  const program = await startProgram(machine, {
    name: ["kubeadm", command, ...words].join("-"),
    file: programOnMachine("kubeadm"),
    args: [command, "phase", ...words, `--config=${file}`],
  });
  const code = await untilEnded(program);
  if (code !== 0) {
    throw new Failure(`kubeadm ${command} phase ${words.join(" ")}: ${lastWords(program.log)}`);
  }
}
