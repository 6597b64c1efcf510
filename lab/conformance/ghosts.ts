/** Nodes of a matrix behind which no kubelet stands: of a machine that is gone, with a port that is wrong or odd. */
import type { Cause } from "../../trust/words/verdict.ts";
import { waitFor } from "../host/patience.ts";
import type { KubeletNode } from "./kubelet-node.ts";
import type { OpenPort } from "./odd-ports.ts";
import type { MatrixServer } from "./serving.ts";
import type { World } from "./world.ts";

export type Ghost = Pick<OpenPort, "name" | "says" | "cause">;

/** An address of the lab that no machine has. */
const nobody = "10.250.77.77";
/** A port at which no kubelet of the matrix listens. */
const wrongPort = 10_251;

/** Registers them; none where no kubelet runs. */
export async function haunt(
  { admin }: World,
  [some]: readonly KubeletNode[],
  odd: readonly OpenPort[],
): Promise<readonly Ghost[]> {
  if (some === undefined) return [];
  const cause = "nothing-answers";
  const { address: itsOwn } = some;
  const ghosts: readonly OpenPort[] = [
    {
      name: "gone",
      says: "no machine has the node's address",
      cause,
      address: nobody,
      port: 10_250,
    },
    {
      name: "wrong-port",
      says: "another port in the node's status",
      cause,
      address: itsOwn,
      port: wrongPort,
    },
    ...odd,
  ];
  for (const { name, address, port } of ghosts) {
    const node = { apiVersion: "v1", kind: "Node", metadata: { name } };
    const addresses = [
      { type: "InternalIP", address },
      { type: "Hostname", address: name },
    ];
    const status = { addresses, daemonEndpoints: { kubeletEndpoint: { Port: port } } };
    await waitFor(`node ${name} to be registered`, async () => {
      await admin("POST", "/api/v1/nodes", node);
      const { status: code } = await admin("PUT", `/api/v1/nodes/${name}/status`, {
        ...node,
        status,
      });
      return code < 300 ? true : undefined;
    });
  }
  return ghosts;
}

/** Why a kube-apiserver gets no answer of one: no name of a node that never ran is resolved. */
export function causeOfGhost({ cause }: Ghost, { setUp }: MatrixServer): Cause {
  const flag = "--kubelet-preferred-address-types=";
  // kube-apiserver's own default begins with Hostname.
  const [first] = (
    setUp.args.find((word) => word.startsWith(flag))?.slice(flag.length) ?? "Hostname"
  ).split(",");
  switch (first) {
    case "Hostname":
      return "unresolvable-name";
    case "InternalIP":
      return cause;
    default:
      return "no-preferred-address";
  }
}
