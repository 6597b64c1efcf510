/** The addresses that a node reports. */
import { canonicalIp, isLoopback } from "../go/ip.ts";
import { valueOr } from "../words/fact.ts";
import type { NodeAddress, NodeFacts } from "../words/facts.ts";

/** Stands for a host name that is unknown. The same text stands in the certificate and in the address. */
export const unknownNodeName = "<node name>";

/** Stands for an IP address that is unknown. */
export const unknownIp = "<node IP>";

/** Stands for an unknown IP address that is told from others by who gives it. */
export function unknownIpFrom(givers: string): string {
  return `<node IP from ${givers}>`;
}

/**
 * Addresses that a kubelet takes for no address of its node: it then reports none, nor its name.
 * Sources: kubernetes `pkg/kubelet/kubelet_node_status.go` (validateNodeIP), `pkg/kubelet/nodestatus/setters.go`.
 */
export function kindOfRefused(ip: string): string | undefined {
  if (isLoopback(ip)) return "a loopback address";
  if (/^(?:22[4-9]|23\d)\.|^ff/.test(ip)) return "a multicast address";
  return /^169\.254\.|^fe[89ab]/.test(ip) ? "a link-local address" : undefined;
}

/**
 * The addresses of a node: those that are known, else an IP; and always its name, which kubelets and cloud controllers
 * report as Hostname beside whatever else they report.
 * Sources: kubernetes `pkg/kubelet/nodestatus/setters.go` (NodeAddress); for clouds
 * `staging/src/k8s.io/cloud-provider/controllers/node/node_controller.go` (a Hostname that the cloud leaves out stays).
 */
export function addressesOf(node: NodeFacts): readonly NodeAddress[] {
  if (node.refusedIp) return [];
  const unseen = { type: "InternalIP", address: node.unknownIp ?? unknownIp } as const;
  const given = valueOr(node.addresses, [unseen]);
  return given.some(({ type }) => type === "Hostname")
    ? given
    : [...given, { type: "Hostname", address: valueOr(node.name, unknownNodeName) }];
}

/** Whether an address is an IP address, be its value known or not. */
export function isIpAddress({ type, address }: NodeAddress): boolean {
  return isPlaceholder(address) ? type.endsWith("IP") : canonicalIp(address) !== undefined;
}

/** Whether an address stands for one that is unknown. */
export function isPlaceholder(address: string): boolean {
  return address.startsWith("<node IP") || address === unknownNodeName;
}
