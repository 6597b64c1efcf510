/** The nodes of a cluster, and what the ports of their kubelets present. */
import type { NodePiece, Origin } from "../../trust/readers/piece.ts";
import { readObject } from "../../trust/readers/recognise.ts";
import { asText, type JsonObject, valueAt } from "../../trust/readers/yaml.ts";
import { known } from "../../trust/words/fact.ts";
import { UsageError } from "../arguments.ts";
import type { Client } from "./connect.ts";
import { type Handshake, shakeHands } from "./handshake.ts";
import { listAll } from "./list.ts";
import { inTurns } from "./patience.ts";
import type { Progress } from "./progress.ts";

/** Default port of kubelets (KubeletConfiguration v1beta1, `port`). */
const kubeletPort = 10250;

/** Nodes that are asked at once. */
export const nodesAtOnce = 200;

/** Where an object of the cluster was found: its server holds the cluster together. */
export function originIn({ server }: Pick<Client, "server">, title: string): Origin {
  return {
    source: { where: title },
    holder: title,
    cluster: known(undefined),
    scope: server,
    annotations: {},
  };
}

/**
 * The nodes, by name.
 *
 * @throws UsageError when they may not be listed, or there are none
 */
export async function nodesOf(client: Client): Promise<readonly NodePiece[]> {
  const listed = await listAll(client, "/api/v1/nodes");
  if ("unseen" in listed) {
    throw new UsageError(
      `the nodes of ${client.context} cannot be listed (${listed.unseen}): ${remedyOf(listed.status)}`,
    );
  }
  if (listed.items.length === 0) {
    throw new UsageError(
      `the cluster of ${client.context} has no node: see whether the context is the right one (--context)`,
    );
  }
  return listed.items
    .flatMap((object: JsonObject) => {
      const name = asText(valueAt(object, ["metadata", "name"])) ?? "";
      return readObject(object, originIn(client, `Node ${name}`));
    })
    .filter((piece) => piece.kind === "node")
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What helps where nodes cannot be listed. */
function remedyOf(status: number | undefined): string {
  switch (status) {
    case 401:
      return "log in anew, or give another --context";
    case 403:
      return "use credentials that may list nodes (docs/doctor.md has a ClusterRole)";
    case undefined:
      return "see whether kube-apiserver is well (kubectl get --raw /readyz), or give it more time (--timeout)";
    default:
      return "see whether the kubeconfig's server is a kube-apiserver, and well (kubectl get --raw /readyz)";
  }
}

/** A node with what its kubelet's port presents. */
export type Seen = { readonly node: NodePiece; readonly handshake: Handshake };

/**
 * Looks at the ports of all nodes, many at once.
 *
 * @param seconds to wait for an answer; default 5
 */
export async function lookAtPorts(
  nodes: readonly NodePiece[],
  until: AbortSignal,
  progress: Progress,
  seconds?: number,
): Promise<readonly Seen[]> {
  let done = 0;
  return inTurns(nodes, nodesAtOnce, async (node) => {
    const handshake = await lookAtPort(node, until, seconds);
    done += 1;
    progress.at(`looked at the port of ${done} of ${nodes.length} kubelets`);
    return { node, handshake };
  });
}

/** Looks at one port: at the node's IP addresses, else at its names. */
function lookAtPort(
  node: NodePiece,
  until: AbortSignal,
  seconds: number | undefined,
): Promise<Handshake> {
  const ips = node.addresses.filter(({ type }) => type.endsWith("IP"));
  const chosen = ips.length > 0 ? ips : node.addresses;
  const addresses = [...new Set(chosen.map(({ address }) => address))];
  return shakeHands(addresses, node.port ?? kubeletPort, undefined, until, seconds);
}
