/**
 * Whether the objects of a cluster of our components go where the cluster is. A component passes its provider on to
 * what it makes; a transform can send an approver, or a binding, to another cluster, where it is of no use.
 */
import { hostFilesSecretType, tokens } from "../../trust/contract.ts";
import type { UnreadPiece } from "../../trust/readers/piece.ts";
import { groupBy } from "../../trust/words/group-by.ts";
import { describe, type Resource, type Stack, text } from "../stack/resource.ts";
import { differing } from "./differing.ts";
import type { Reader } from "./evidence.ts";
import { kindOf, originOf } from "./kubernetes.ts";
import { isUnregistered } from "./unregistered.ts";

/** Says which objects of a cluster go to another one than most do. */
export const readOtherProviders: Reader = (stack) => {
  const objects = stack.resources.flatMap((object) => {
    const owner = originOf(stack, object).owner?.id;
    return owner === undefined || !goesToCluster(stack, object) ? [] : [{ object, owner }];
  });
  return {
    pieces: [...groupBy(objects, ({ owner }) => owner).values()].flatMap((own) =>
      elsewhere(
        stack,
        own.map(({ object }) => object),
      ),
    ),
  };
};

/** Whether a component of ours makes the object, and not for a machine, whose files go to no cluster. */
function goesToCluster(stack: Stack, object: Resource): boolean {
  if (kindOf(object) === undefined || isUnregistered(object)) return false;
  if (text(object, "type") === hostFilesSecretType) return false;
  const [maker] = stack.ancestorsOf(object);
  const ours: readonly string[] = Object.values(tokens);
  return maker !== undefined && ours.includes(maker.type);
}

function elsewhere(stack: Stack, objects: readonly Resource[]): UnreadPiece[] {
  const places = [...groupBy(objects, (object) => originOf(stack, object).scope).values()];
  const [, ...others] = places.sort((a, b) => b.length - a.length);
  return others
    .flat()
    .map((object) =>
      differing(
        stack,
        object,
        `why ${describe(object)} goes to another provider than the other objects of its cluster`,
      ),
    );
}
