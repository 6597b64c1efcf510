/** Objects of distributions that are not read: whether they say anything that could be of kubelets. */
import { unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { placeholderIn } from "./placeholders.ts";
import { speaks } from "./speaks.ts";
import { textsWithin } from "./texts-within.ts";
import type { JsonObject } from "./yaml.ts";

/**
 * What is said of one: it decides where it speaks of kubelets, in whatever encoding, or is not known yet. Where it does
 * neither, what the distribution does of its own accord is its own to agree on.
 */
export function untold(object: JsonObject, origin: Origin, missing: string): Piece {
  const { apiVersion: _, kind: __, metadata: ___, status: ____, ...said } = object;
  const text = JSON.stringify(said);
  const decides =
    placeholderIn(text) !== undefined ||
    textsWithin(text).some((one) => speaks(one) !== "of other things");
  return { ...unread(origin, missing, decides), startsKubelet: true };
}
