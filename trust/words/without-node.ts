/** What is told of one node, made equal for all nodes of which the same is told. */
import type { NodeFacts } from "./facts.ts";

/** A text without what differs from node to node; `names` are other words for this one, e.g. its resource. */
export function withoutNode(node: NodeFacts, names: readonly string[], text: string): string {
  const all = [
    ...names,
    ...(node.name.known ? [node.name.value] : []),
    ...(node.hostName.known ? [node.hostName.value] : []),
    ...(node.unknownIp === undefined ? [] : [node.unknownIp]),
    ...(node.addresses.known ? node.addresses.value.map(({ address }) => address) : []),
  ].filter((name) => name.length > 1);
  return [...new Set(all)]
    .sort((a, b) => b.length - a.length)
    .reduce((result, name) => result.replaceAll(name, "<node>"), text);
}
