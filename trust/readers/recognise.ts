/** What a text is, said once for every door, and the pieces that are in it. */
import type { Origin, Piece } from "./piece.ts";

/** A text, or bytes that may be one, and where it comes from. */
export type Given = {
  readonly content: string | Uint8Array;
  readonly origin: Origin;
};

/** What a reader found: pieces, and texts inside that have formats of their own. */
export type Reading = { readonly pieces: readonly Piece[]; readonly inner: readonly Given[] };

/** A format: one file, one test, one line in the list of formats. */
export type Format = {
  /** As docs/reading.md calls it. */
  readonly name: string;
  /** `recognised` formats are known by name, and said to be not read. */
  readonly status: "read" | "recognised";
  readonly recognises: (text: string, origin: Origin) => boolean;
  /** Never throws. */
  readonly read: (text: string, origin: Origin) => Reading;
};
