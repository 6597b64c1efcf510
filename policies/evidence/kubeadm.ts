/** kubeadm's ClusterConfiguration, InitConfiguration and JoinConfiguration under any key of a ConfigMap or Secret. */

import { readKubeadm } from "../../trust/readers/kubeadm.ts";
import { asObject } from "../../trust/readers/yaml.ts";
import { known, unknown } from "../../trust/words/fact.ts";
import { skipOf } from "../../trust/words/skip.ts";
import { describe, field, type Resource } from "../stack/resource.ts";
import type { FoundApiServer, FoundKubelet, FoundSigner, Reader } from "./evidence.ts";
import { entriesOf, membershipOf, ofKind } from "./kubernetes.ts";

/** Reads what kubeadm makes of its configuration. */
export const readKubeadmConfigurations: Reader = (stack, claimed) => {
  const apiServers: FoundApiServer[] = [];
  const kubelets: FoundKubelet[] = [];
  const signers: FoundSigner[] = [];
  for (const resource of ofKind(stack, "ConfigMap", "Secret")) {
    if (claimed.has(resource.urn)) continue;
    const membership = membershipOf(stack, resource);
    for (const { text, source } of entriesOf(resource)) {
      if (!text.known || !/kubeadm\.k8s\.io/.test(text.value)) continue;
      const read = readKubeadm(text.value, source);
      const label = describe(resource);
      const found = {
        resource,
        membership,
        ...(read.kubernetesVersion !== undefined && { version: read.kubernetesVersion }),
      };
      if (read.apiServer) {
        apiServers.push({
          ...found,
          source: read.apiServer.source,
          label: `kube-apiserver of ${label}`,
          commandLine: read.apiServer,
          skip: skipOf(annotationsOf(resource), source),
          byKubeadm: true,
        });
      }
      if (read.controllerManager) {
        signers.push({
          ...found,
          source: read.controllerManager.source,
          commandLine: read.controllerManager,
        });
      }
      for (const { commandLine, nodeName, by } of read.kubelets) {
        const name =
          nodeName === undefined
            ? unknown("the host name of the machine that kubeadm runs on")
            : known(nodeName, source);
        kubelets.push({
          ...found,
          source: commandLine.source,
          label: nodeName ?? `${label} (kubeadm ${by})`,
          commandLine,
          node: {
            hostName: name,
            name,
            addresses: unknown("the addresses of the machine that kubeadm runs on"),
          },
          ...(by === "init" &&
            read.kubeletConfiguration && { configuration: read.kubeletConfiguration }),
        });
      }
    }
  }
  return { apiServers, kubelets, signers };
};

function annotationsOf(resource: Resource): Record<string, string> {
  const annotations = field(resource, "metadata", "annotations");
  return Object.fromEntries(
    Object.entries(asObject(annotations.known ? annotations.value : undefined) ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
