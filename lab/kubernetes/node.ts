/**
 * Nodes as kube-apiserver has them.
 */
import type { Api } from "./api.ts";
import { flagValue } from "./command-lines.ts";

export type Node = {
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; message?: string }[];
    readonly addresses?: readonly { type: string; address: string }[];
  };
};

/** The node that a machine's kubelet registers as. Source: kubernetes `pkg/util/node/node.go` (GetHostname). */
export function nodeName(hostName: string, kubeletArgs: readonly string[]): string {
  return (flagValue(kubeletArgs, "hostname-override") ?? hostName).trim().toLowerCase();
}

/** The node; undefined when it has not registered or the apiserver does not answer. */
export async function readNode(api: Api, name: string): Promise<Node | undefined> {
  const answer = await api("GET", `/api/v1/nodes/${name}`).catch(() => undefined);
  return answer?.status === 200 ? (answer.body as Node) : undefined;
}

/** Why a node is not ready, in its own words; undefined when it is. */
export function notReady(node: Node | undefined): string | undefined {
  if (node === undefined) return "not registered yet";
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return undefined;
  return ready?.message?.slice(0, 120) || "registered";
}
