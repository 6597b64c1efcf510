/** What a format is: every reader of a text or of an object has this shape. */
import type { Origin, Piece } from "./piece.ts";
import type { Word } from "./word.ts";
import type { Json, JsonObject, YamlDocument } from "./yaml.ts";

/** A text, or bytes that may be one, and where it comes from. */
export type Given = {
  readonly content: string | Uint8Array;
  readonly origin: Origin;
};

/** An object that is read already, e.g. a resource of a stack; its unknown values are placeholders. */
export type GivenObject = {
  readonly object: Json;
  readonly origin: Origin;
  /** Of the document that the object was read from, so that flags have lines. */
  readonly lineOf?: YamlDocument["lineOf"];
  /** The whole text that it was read from, where that is a file which some message would quote. */
  readonly text?: string;
};

/** What a reader found: pieces, and what is inside and has a format of its own. */
export type Reading = {
  readonly pieces: readonly Piece[];
  readonly inner: readonly (Given | GivenObject)[];
  /** What means something together with others that stand beside it, and is put together at the end. */
  readonly parts?: readonly Part[];
  /** Nothing was found, and nothing is hidden: what it says of kubelets sets nothing. */
  readonly isHarmless?: boolean;
};

/** A unit, a drop-in or an environment file; kubeadm's command, whose `--config` may be another file. */
export type Part =
  | { readonly kind: "unit" | "environment"; readonly text: string; readonly origin: Origin }
  | { readonly kind: "kubeadm"; readonly words: readonly Word[]; readonly origin: Origin };

/** What docs/reading.md says of a format. */
export type Described = {
  readonly name: string;
  /** Known by name alone, and said to be not read. Default: it is read. */
  readonly status?: "recognised";
  /** How a person knows it, and what is taken out of it. */
  readonly about: string;
};

/** A format of texts: one file, one test, one line in the list of formats. */
export type Format = Described & {
  readonly recognises: (text: string, origin: Origin) => boolean;
  /** Never throws. */
  readonly read: (text: string, origin: Origin) => Reading;
};

/** A format of objects, whether they came from YAML, from JSON or from a stack. */
export type ObjectFormat = Described & {
  readonly recognises: (object: JsonObject, origin: Origin) => boolean;
  /**
   * Never throws.
   *
   * @param text the whole file that the object was read from, where it was one
   */
  readonly read: (
    object: JsonObject,
    origin: Origin,
    lineOf: YamlDocument["lineOf"],
    text?: string,
  ) => Reading;
};

/** Nothing found. */
export const nothing: Reading = { pieces: [], inner: [] };
