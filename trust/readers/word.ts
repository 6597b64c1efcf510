/** Words of a command line, with those that are not known among them. */
import type { Source } from "../words/fact.ts";
import { placeholderIn } from "./placeholders.ts";

/** One word of a command line. */
export type Word =
  | {
      readonly kind: "text";
      readonly text: string;
      /** The text holds a placeholder (`${VAR}`, `{{ .X }}`) whose value is not known. */
      readonly placeholder?: string;
      readonly source?: Source;
    }
  /** Stands for any number of words, e.g. an unset `$KUBELET_EXTRA_ARGS`. */
  | { readonly kind: "unknownWords"; readonly missing: string; readonly source?: Source };

/** Makes words of plain texts; a placeholder in a text is noticed. */
export function toWords(argv: readonly (string | Word)[], source: Source): Word[] {
  return argv.map((word) => (typeof word === "string" ? toWord(word, source) : word));
}

function toWord(text: string, source: Source): Word {
  const placeholder = placeholderIn(text);
  return placeholder === undefined
    ? { kind: "text", text, source }
    : { kind: "text", text, placeholder, source };
}

/** The text of a word; empty when it is unknown or there is none. */
export function textOf(word: Word | undefined): string {
  return word?.kind === "text" ? word.text : "";
}
