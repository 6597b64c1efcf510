/**
 * Which address of a node kube-apiserver dials.
 * Sources: kubernetes `pkg/util/node/node.go` (GetPreferredNodeAddress), `pkg/kubelet/nodestatus/setters.go`.
 */

import type { Host } from "../certificates/verify.ts";
import { canonicalIp } from "../go/ip.ts";
import { unknownNodeName } from "../programs/kubelet/serving-certificate.ts";
import type { Fact, Source } from "../words/fact.ts";
import { known, unknown, valueOr } from "../words/fact.ts";
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

const unknownIp = "<node IP>";

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

/** The addresses, or what a kubelet without a cloud provider reports: its IP and its name. */
export function addressesOf(node: NodeFacts): readonly NodeAddress[] {
  return valueOr(node.addresses, [
    { type: "InternalIP", address: unknownIp },
    { type: "Hostname", address: valueOr(node.name, unknownNodeName) },
  ] as const);
}

/** Types that only clouds and components report: where nothing else is left, they would decide. */
function mayAppear(type: string, preferred: readonly string[]): boolean {
  return (
    ["InternalDNS", "ExternalDNS", "ExternalIP"].includes(type) &&
    !preferred.some((other) => other === "InternalIP" || other === "Hostname")
  );
}

/** Whether an address is an IP address, be its value known or not. */
export function isIpAddress({ type, address }: NodeAddress): boolean {
  return isPlaceholder(address) ? type.endsWith("IP") : canonicalIp(address) !== undefined;
}

function isPlaceholder(address: string): boolean {
  return address === unknownIp || address === unknownNodeName;
}

function toHost(chosen: NodeAddress): Host {
  const { address } = chosen;
  const placeholder = isPlaceholder(address);
  const isIp = isIpAddress(chosen);
  // A name that nobody knows still equals itself: the kubelet certifies the name it reports.
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
