/** What is known of the node behind a kubelet. */

import { unknownNodeName } from "../programs/node.ts";
import type { NodePiece, ProgramPiece } from "../readers/piece.ts";
import { type Fact, known, mapFact, unknown } from "../words/fact.ts";
import type { NodeAddress, NodeFacts } from "../words/facts.ts";
import type { AssembleOptions } from "./assembly.ts";
import { flagText } from "./flags.ts";

/**
 * Name and addresses of a kubelet's node: what its piece says, else the Node object of its name, else what the door
 * knows. Whatever addresses are stated, a kubelet reports its name as Hostname too.
 * Source: kubernetes `pkg/kubelet/nodestatus/setters.go` (NodeAddress), and for clouds
 * `staging/src/k8s.io/cloud-provider/controllers/node/node_controller.go` (a Hostname that the cloud leaves out stays).
 */
export function nodeOf(
  piece: ProgramPiece,
  version: string,
  nodes: ReadonlyMap<string, NodePiece>,
  options: AssembleOptions,
  machines: string,
): NodeFacts {
  const { unresolvableNames, cgroupV1 } = options;
  const told = {
    ...(unresolvableNames && { unresolvableNames }),
    ...(cgroupV1 !== undefined && { cgroupV1 }),
  };
  const hostName =
    piece.hostName ?? options.hostName ?? unknown(`the host names of the machines ${machines}`);
  const name = nameOf(piece, hostName, version);
  const node = name.known ? nodes.get(name.value) : undefined;
  if (node)
    return { hostName, name, addresses: known(node.addresses, node.origin.source), ...told };
  const stated =
    piece.addresses ?? options.addresses ?? unknown(`the addresses of the machines ${machines}`);
  return {
    hostName,
    name,
    addresses: mapFact(stated, (list) => withHostname(list, name)),
    ...told,
  };
}

function nameOf(
  { commandLine }: ProgramPiece,
  hostName: Fact<string>,
  version: string,
): Fact<string> {
  const override = flagText(commandLine, "hostname-override", version);
  if (!override.known) return override;
  const text = override.value?.trim() ?? "";
  if (text !== "") return known(text.toLowerCase(), override.source);
  return hostName.known
    ? mapFact(hostName, (value) => value.trim().toLowerCase())
    : unknown(hostName.missing.replace(/^the host names/, "the node names"));
}

function withHostname(
  addresses: readonly NodeAddress[],
  name: Fact<string>,
): readonly NodeAddress[] {
  if (addresses.length === 0 || addresses.some(({ type }) => type === "Hostname")) return addresses;
  return [...addresses, { type: "Hostname", address: name.known ? name.value : unknownNodeName }];
}
