/** What is known of the node behind a kubelet. */
import { canonicalIp, isUnspecified, sloppyIp } from "../go/ip.ts";
import { kindOfRefused } from "../programs/node.ts";
import type { NodePiece, ProgramPiece } from "../readers/piece.ts";
import { type Fact, known, mapFact, type Source, unknown } from "../words/fact.ts";
import type { NodeAddress, NodeFacts } from "../words/facts.ts";
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
    ...(piece.unknownIp !== undefined && { unknownIp: piece.unknownIp }),
  };
  const hostName =
    piece.hostName ?? options.hostName ?? unknown(`the host names of the machines ${machines}`);
  const name = nameOf(piece, hostName, version);
  const node = name.known ? nodes.get(name.value) : undefined;
  if (node)
    return { hostName, name, addresses: known(node.addresses, node.origin.source), ...told };
  const refused = refusedByFlags(piece, version);
  if (refused) return { hostName, name, ...refused, ...told };
  const stated =
    piece.addresses ??
    options.addresses ??
    addressesByFlags(piece, name, version) ??
    unknown(`the addresses of the machines ${machines}`);
  return { hostName, name, addresses: stated, ...told };
}

/**
 * What a kubelet reports without looking at its machine: `--node-ip`, else a name that is an IP address; with an
 * external cloud provider others may be reported.
 * Source: kubernetes `pkg/kubelet/nodestatus/setters.go` (NodeAddress).
 */
function addressesByFlags(
  { commandLine }: ProgramPiece,
  name: Fact<string>,
  version: string,
): Fact<readonly NodeAddress[]> | undefined {
  const cloud = flagText(commandLine, "cloud-provider", version);
  const ips = flagText(commandLine, "node-ip", version);
  if (!cloud.known || cloud.value === "external" || !ips.known) return undefined;
  const specified = addressesIn(ips.value).filter((ip) => !isUnspecified(ip));
  if (specified.length > 0) return internal(specified, ips.source);
  const own = name.known ? canonicalIp(name.value) : undefined;
  return own === undefined ? undefined : internal([own], name.source);
}

/** What cannot be read counts for nothing. Source: component-helpers `node/util/ips.go` (parseNodeIP). */
function addressesIn(text = ""): string[] {
  return text.split(",").flatMap((ip) => sloppyIp(ip.trim()) ?? []);
}

/** Where a kubelet refuses an address of `--node-ip`, it reports nothing, whatever is said of its node. */
function refusedByFlags(
  { commandLine }: ProgramPiece,
  version: string,
): Pick<NodeFacts, "addresses" | "refusedIp"> | undefined {
  const ips = flagText(commandLine, "node-ip", version);
  if (!ips.known) return undefined;
  for (const ip of addressesIn(ips.value)) {
    const kind = kindOfRefused(ip);
    if (kind !== undefined) return { addresses: known([], ips.source), refusedIp: { ip, kind } };
  }
  return undefined;
}

function internal(ips: readonly string[], source: Source | undefined) {
  return known<readonly NodeAddress[]>(
    ips.map((address) => ({ type: "InternalIP", address })),
    source,
  );
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
