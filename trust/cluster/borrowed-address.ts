/**
 * Whether an approver's rules let a node have a serving certificate for an address that is not its own. Nothing else
 * would stop it: the signer and admission look at names and usages alone.
 * Source: kubernetes `pkg/controller/certificates/signer/signer.go`, `pkg/apis/certificates/v1/helpers.go`
 * (ValidateKubeletServingCSR).
 */
import { canonicalIp } from "../go/ip.ts";
import { requestedCertificate } from "../programs/kubelet/requested-certificate.ts";
import { addressesOf, isIpAddress, isPlaceholder } from "../programs/node.ts";
import { known, valueOr } from "../words/fact.ts";
import type { NodeFacts, Refuses } from "../words/facts.ts";
import { anySigner } from "./requests.ts";

/** A certificate that the rules let a node have. */
export type BorrowedAddress = {
  /** The node that may have it; `undefined` for any. */
  readonly node?: string;
  readonly address: string;
  /** The node whose address it is; `undefined` for an address that no node has. */
  readonly owner?: string;
};

/** For documentation (RFC 5737, RFC 3849): rules that allow it allow whatever is asked for. */
const nobodys = "192.0.2.1";

/**
 * The first address that the rules give away; `undefined` where they give none, or none is known. A request without a
 * DNS name is all that has to be tried: names are only checked where there are some, so whatever is let through with
 * one is let through without.
 */
export function borrowedAddress(
  rules: Refuses,
  nodes: readonly NodeFacts[],
): BorrowedAddress | undefined {
  if (approves(rules, "node", nobodys)) return { address: nobodys };
  const names = nodes.flatMap(({ name }) => (name.known ? [name.value] : []));
  for (const node of nodes) {
    const owner = valueOr(node.name, undefined);
    // Control planes come first, and hold more than this anyway.
    const other = names.filter((name) => name !== owner).at(-1);
    if (owner === undefined || other === undefined) continue;
    const address = ipAddresses(node).find((one) => approves(rules, other, one));
    if (address !== undefined) return { node: other, address, owner };
  }
  return undefined;
}

function approves(rules: Refuses, name: string, address: string): boolean {
  const node = { hostName: known(name), name: known(name), addresses: known([]) };
  const request = requestedCertificate(node, anySigner);
  const answer = rules({ ...request, dnsNames: known([]), ipAddresses: known([address]) });
  return answer === undefined || answer.state === "issued";
}

function ipAddresses(node: NodeFacts): string[] {
  return addressesOf(node)
    .filter((one) => isIpAddress(one) && !isPlaceholder(one.address))
    .map(({ address }) => canonicalIp(address) ?? address);
}
