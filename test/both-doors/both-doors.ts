/** One stack for both doors: the pack sees its resources, `judge` its files, and something more is beside it. */

import { main } from "../../cli/main.ts";
import { configMap, resource, type Sent, violationsOf } from "../policies/fake.ts";
import { apiServerPod, kubeletConfiguration, kubeletUnit } from "../policies/stacks/parts.ts";
import { inFolder, writeFiles } from "../support/folders.ts";

export type { Sent } from "../policies/fake.ts";

/** A KubeletConfiguration that lets anyone do anything. */
export const open =
  "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication: {anonymous: {enabled: true}}\nauthorization: {mode: AlwaysAllow}\n";
/** What is said of it. */
export const anyone = /gets in without a credential|AlwaysAllow|anyone/;
/** The same as flags. */
export const flags = "--anonymous-auth=true --authorization-mode=AlwaysAllow";

const approver = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "approver", namespace: "kube-system" },
  spec: {
    template: {
      spec: {
        containers: [{ name: "a", image: "ghcr.io/postfinance/kubelet-csr-approver:v1.2.14" }],
      },
    },
  },
};
/** A cluster in which nothing is wrong, beside which the shapes stand. */
const good: Readonly<Record<string, string>> = {
  "kube-apiserver.yaml": apiServerPod("verify"),
  "worker/kubelet.service": kubeletUnit(),
  "worker/kubelet-config.yaml": kubeletConfiguration("bootstrap"),
  "approver.json": JSON.stringify(approver),
};
/** Its resources. */
export const goodResources = [
  configMap("control-plane", { "kube-apiserver.yaml": apiServerPod("verify") }),
  configMap("nodes", {
    "kubelet.service": kubeletUnit(),
    "kubelet-config.yaml": kubeletConfiguration("bootstrap"),
  }),
  resource("kubernetes:apps/v1:Deployment", "approver", approver),
];

/** What the pack says of the cluster with more resources. */
export function packSays(...more: Parameters<typeof violationsOf>[0]): Sent[] {
  return violationsOf([...goodResources, ...more]).filter(
    ({ policy }) => policy !== "approver-binds-addresses",
  );
}

/** What the pack rejects, in one text. */
export function rejectedByPack(...more: Parameters<typeof violationsOf>[0]): string {
  return packSays(...more)
    .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
    .map(({ message }) => message)
    .join("\n");
}

/** What `judge` says of the cluster with more files. */
export function judged(files: Readonly<Record<string, string | Uint8Array>>) {
  return inFolder((folder) => {
    writeFiles(folder, { ...good, ...files });
    return main([folder]);
  });
}
