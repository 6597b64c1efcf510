/** Where a person finds a piece: by the object, as `describe` calls it, and its line in the text under a key. */
import type { Piece } from "../../trust/readers/piece.ts";
import { describe, type Resource } from "../stack/resource.ts";

/**
 * A piece of a text right under a key of an object, told by the object alone: lines are counted in that text. What is
 * deeper inside keeps the whole way to it.
 */
export function toldByObject(piece: Piece, resource: Resource): Piece {
  const { key } = piece.origin;
  if (key === undefined) return piece;
  const object = describe(resource);
  const inside = `${object} (${key})`;
  const told = moved(piece, inside, object, 0) as Piece;
  if (told.kind !== "unread") return told;
  return { ...told, missing: told.missing.replaceAll(inside, `data["${key}"] of ${object}`) };
}

/** Deeper than any source lies in a piece. */
const maxDepth = 8;

/** A copy with `where` changed in every source. Values that were read are left alone. */
function moved(value: unknown, from: string, to: string, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth > maxDepth) return value;
  if (Array.isArray(value)) return value.map((item) => moved(item, from, to, depth + 1));
  if (ArrayBuffer.isView(value) || value instanceof Date) return value;
  const { where } = value as { where?: unknown };
  const copy = Object.entries(value).map(([name, item]): [string, unknown] => [
    name,
    name === "value" ? item : moved(item, from, to, depth + 1),
  ]);
  return { ...Object.fromEntries(copy), ...(where === from && { where: to }) };
}
