/** The annotations that say that not verifying kubelet serving certificates is meant. */
import { type Fact, known, type Source } from "./fact.ts";
import { reasonAnnotation, verificationAnnotation } from "./vocabulary.ts";

/** What annotations, or an option of the command line, say: a skip with its reason; `undefined` when none is said. */
export type Skip = { readonly reason: string };

/** A skip that is said with a reason; without one it is not said. */
export function skipOf(
  annotations: Readonly<Record<string, string>>,
  source: Source,
): Fact<Skip | undefined> {
  const isSkip = annotations[verificationAnnotation]?.trim() === "skip";
  const reason = reasonIn(annotations[reasonAnnotation]);
  return known(isSkip && reason !== undefined ? { reason } : undefined, {
    ...source,
    key: verificationAnnotation,
  });
}

/** What stands for a value that something else fills in later: `${X}`, `$(X)`, `{{ .X }}`, `<% x %>`. */
const placeholders = /\$\{[^{}]*\}|\$\([^()]*\)|\{\{[^{}]*\}\}|<%[^<>]*%>/g;

/**
 * A reason for people to read, trimmed; `undefined` when there is none. It needs letters that can be seen: a
 * placeholder, digits, punctuation and zero-width characters say nothing.
 */
export function reasonIn(text: string | undefined): string | undefined {
  const seen = (text ?? "")
    .replaceAll(placeholders, "")
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "");
  return /\p{L}/u.test(seen) ? text?.trim() : undefined;
}
