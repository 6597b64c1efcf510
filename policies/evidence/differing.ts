/** What is there, and is not what its component registered. */
import { unread } from "../../trust/readers/origins.ts";
import type { UnreadPiece } from "../../trust/readers/piece.ts";
import type { Resource, Stack } from "../stack/resource.ts";
import { originOf } from "./kubernetes.ts";

/**
 * Neither what is deployed nor what was registered is taken for the truth in silence.
 *
 * @param missing completes "undecidable without ..."
 */
export function differing(stack: Stack, resource: Resource, missing: string): UnreadPiece {
  return { ...unread(originOf(stack, resource), missing, true), changed: true };
}
