/**
 * Which address of a node kube-apiserver dials.
 * Sources: kubernetes `pkg/util/node/node.go` (GetPreferredNodeAddress), `pkg/kubelet/nodestatus/setters.go`.
 */

import type { Host } from "../certificates/verify.ts";
import { canonicalIp } from "../go/ip.ts";
import {
  addressesOf,
  isIpAddress,
  isPlaceholder,
  unknownIp,
  unknownNodeName,
} from "../programs/node.ts";
import type { Fact, Source } from "../words/fact.ts";
import { known, unknown } from "../words/fact.ts";
import type { ApiServerKubeletAccess, NodeAddress, NodeFacts } from "../words/facts.ts";

export type Dial =
  | {
      readonly host: Host;
      /** Address type that was chosen, e.g. `InternalIP`. */
      readonly type: string;
      /** The IP address that a connection goes to, for messages of the dialler. */
      readonly ip: string;
    }
  /** No address is of a preferred type. */
  | { readonly noAddress: string };

/** Chooses the address; the first preferred type that the node has wins. */
export function dial(node: NodeFacts, access: ApiServerKubeletAccess): Fact<Dial> {
  const { preferredAddressTypes } = access;
  if (!preferredAddressTypes.known) {
    return preferredAddressTypes;
  }
  const addresses = addressesOf(node);
  for (const type of preferredAddressTypes.value) {
    const found = addresses.find((address) => address.type === type);
    if (found) {
      return known(
        { host: toHost(found), type, ip: ipOf(found, addresses) },
        preferredAddressTypes.source,
      );
    }
    // Only what every kubelet reports is certain while the addresses are unknown.
    if (!node.addresses.known && mayAppear(type, preferredAddressTypes.value)) {
      return unknown(`the node's addresses (is there an ${type}?)`, node.addresses.source);
    }
  }
  const list = addresses.map(({ type, address }) => `{${type} ${address}}`).join(" ");
  return known({ noAddress: `no preferred addresses found; known addresses: [${list}]` });
}

/** Address types that only a cloud provider reports. Where nothing else is left, they would decide. */
function mayAppear(type: string, preferred: readonly string[]): boolean {
  return (
    ["InternalDNS", "ExternalDNS", "ExternalIP"].includes(type) &&
    !preferred.some((other) => other === "InternalIP" || other === "Hostname")
  );
}

function toHost(chosen: NodeAddress): Host {
  const { address } = chosen;
  const placeholder = isPlaceholder(address);
  const isIp = isIpAddress(chosen);
  // A name that is unknown still equals itself: the kubelet certifies the name it reports.
  return { text: address, isIp, placeholder: placeholder && address !== unknownNodeName };
}

function ipOf(found: NodeAddress, addresses: readonly NodeAddress[]): string {
  if (canonicalIp(found.address) !== undefined) {
    return found.address;
  }
  return (
    addresses.find(({ type }) => type === "InternalIP")?.address ??
    addresses.find(({ address }) => canonicalIp(address) !== undefined)?.address ??
    unknownIp
  );
}

/** A complaint of the dialler about a name that does not resolve; undefined when it does. */
export function resolveError(
  { host }: { readonly host: Host },
  node: NodeFacts,
): string | undefined {
  return !host.isIp && node.unresolvableNames?.includes(host.text)
    ? `dial tcp: lookup ${host.text} on <resolver>: no such host`
    : undefined;
}

/** The sources that decided an address. */
export function dialSources(node: NodeFacts, access: ApiServerKubeletAccess): Source[] {
  return [access.preferredAddressTypes.source, node.addresses.source].filter(
    (source) => source !== undefined,
  );
}
