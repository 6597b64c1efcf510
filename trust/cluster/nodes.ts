/** What is known of the node behind a kubelet. */

import type { NodePiece, ProgramPiece } from "../readers/piece.ts";
import { type Fact, known, mapFact, unknown } from "../words/fact.ts";
import type { NodeFacts } from "../words/facts.ts";
import type { AssembleOptions } from "./assembly.ts";
import { flagText } from "./flags.ts";

/**
 * Name and addresses of a kubelet's node: what its piece says, else the Node object of its name, else what the door
 * knows. That a kubelet reports its name beside them is for `addressesOf` (`trust/programs/node.ts`).
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
  return { hostName, name, addresses: stated, ...told };
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
