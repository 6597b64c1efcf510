/** Kubelets as the real `kubeadm init` sets them up: phases `kubeconfig kubelet` and `kubelet-start`. */
import * as fs from "node:fs";
import { stringify } from "yaml";
import { Failure } from "../../toolchain/fail.mjs";
import { paths } from "../../trust/contract.ts";
import { hostPath, layOut, type RunningMachine } from "../host/machine.ts";
import { lastWords, programOnMachine, startProgram, untilEnded } from "../host/program-run.ts";
import { asFiles, hubAddress, hubPort, type World } from "./world.ts";

/** What is handed to kubeadm beside the cluster. */
export type KubeadmDocuments = {
  /** Fields of a KubeletConfiguration. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** `nodeRegistration.kubeletExtraArgs` by name. Default none. */
  readonly kubeletExtraArgs?: Readonly<Record<string, string>>;
};

const file = "/etc/kubernetes/kubeadm.yaml";

/** The text of `kubeadm init --config`. */
export function kubeadmText(
  { version }: Pick<World, "version">,
  node: string,
  address: string,
  { configuration, kubeletExtraArgs = {} }: KubeadmDocuments,
): string {
  const apiVersion = "kubeadm.k8s.io/v1beta4";
  const documents = [
    {
      apiVersion,
      kind: "InitConfiguration",
      localAPIEndpoint: { advertiseAddress: address },
      nodeRegistration: {
        name: node,
        criSocket: "unix:///run/containerd/containerd.sock",
        kubeletExtraArgs: Object.entries(kubeletExtraArgs).map(([name, value]) => ({
          name,
          value,
        })),
      },
    },
    {
      apiVersion,
      kind: "ClusterConfiguration",
      kubernetesVersion: `v${version}`,
      controlPlaneEndpoint: `${hubAddress}:${hubPort}`,
    },
    {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      ...configuration,
    },
  ];
  return documents.map((document) => stringify(document)).join("---\n");
}

/**
 * Lets kubeadm make the kubelet's files.
 *
 * @returns the words that kubeadm's unit starts the kubelet with
 * @throws {Failure} with kubeadm's last words
 */
export async function initKubelet(
  { authorities }: Pick<World, "authorities">,
  machine: RunningMachine,
  text: string,
): Promise<string[]> {
  const { certPem, keyPem } = authorities.cluster;
  layOut(machine, asFiles({ [file]: text, [paths.ca]: certPem, [paths.caKey]: keyPem }));
  await phase(machine, "kubeconfig", ["kubeconfig", "kubelet"]);
  await phase(machine, "kubelet-start", ["kubelet-start"]);
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

async function phase(machine: RunningMachine, name: string, words: readonly string[]) {
  const program = await startProgram(machine, {
    name: `kubeadm-${name}`,
    file: programOnMachine("kubeadm"),
    args: ["init", "phase", ...words, `--config=${file}`],
  });
  const code = await untilEnded(program);
  if (code !== 0) {
    throw new Failure(`kubeadm init phase ${words.join(" ")}: ${lastWords(program.log)}`);
  }
}
