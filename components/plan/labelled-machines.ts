import type { ClusterArgs } from "./cluster-args.ts";

/** Every machine of a cluster's arguments, with the field that describes it. */
export function labelledMachines({
  controlPlanes,
  nodePools,
  nodesOfOtherStacks = [],
}: ClusterArgs) {
  return [
    ...nodesOfOtherStacks.map((node, i) => ({ field: `nodesOfOtherStacks[${i}]`, machine: node })),
    ...controlPlanes.map((host, i) => ({ field: `controlPlanes[${i}]`, machine: host })),
    ...nodePools.flatMap(({ nodes }, p) =>
      nodes.map((node, i) => ({ field: `nodePools[${p}].nodes[${i}]`, machine: node })),
    ),
  ];
}
