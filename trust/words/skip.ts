/** The annotations that say that not verifying kubelet serving certificates is meant. */
import { type Fact, known, type Source } from "./fact.ts";
import { placeholders } from "./placeholder.ts";
import { reasonAnnotation, verificationAnnotation } from "./vocabulary.ts";

/**
 * What annotations, an option of the command line or a policy's configuration say: a skip with its reason, or with
 * words that are none; `undefined` when no skip is said.
 */
export type Skip = { readonly reason: string } | { readonly noReason: string };

/** What annotations say. */
export function skipOf(
  annotations: Readonly<Record<string, string>>,
  source: Source,
): Fact<Skip | undefined> {
  const isSkip = annotations[verificationAnnotation]?.trim() === "skip";
  return known(isSkip ? skipFor(annotations[reasonAnnotation] ?? "") : undefined, {
    ...source,
    key: verificationAnnotation,
  });
}

/** A skip for a reason as it is written. */
export function skipFor(written: string): Skip {
  const reason = reasonIn(written);
  return reason === undefined ? { noReason: written } : { reason };
}

/** The reason of a skip that counts; `undefined` of any other, and of none. */
export function reasonOfSkip(skip: Skip | undefined): string | undefined {
  return skip && "reason" in skip ? skip.reason : undefined;
}

/** Why nothing is said to be meant, as a clause. */
export function notMeant(skip: Skip | undefined): string {
  if (skip === undefined || "reason" in skip) return "nothing says that this is meant";
  return skip.noReason.trim() === ""
    ? "the skip that is said has no reason, and does not count"
    : `the skip that is said does not count, since ${noReason(skip.noReason)}`;
}

/** That a text is no reason, and what one needs; a clause. */
export function noReason(text: string): string {
  return `${JSON.stringify(text.slice(0, longestShown))} is no reason: one has at least ${fewestWords} different words, and ${fewestLetters} different letters`;
}

/**
 * What stands for words in texts for people, where it would mean something else in a file: `$X`, `#{X}`, `[[ .X ]]`,
 * `((X))`, `%X%` and `<what to write here>`.
 */
const stands = /\$\w+|#\{[^{}]*\}|\[\[[^[\]]*\]\]|\(\([^()]*\)\)|%\w+%|<[^<>]*>/g;

/** Longest part, in characters, of what is no reason that is shown. */
const longestShown = 60;
const fewestWords = 2;
const fewestLetters = 4;

/** Longest part of a text, in characters, in which words are looked for. */
const longestRead = 10_000;

// No language is named: words are told apart where spaces do not.
const words = new Intl.Segmenter(undefined, { granularity: "word" });

/**
 * A reason for people to read, trimmed; `undefined` when there is none. It has at least two different words with four
 * different letters that can be seen: "n/a", "todo" and "test test" say nothing, nor do placeholders, identifiers,
 * digits, punctuation and zero-width characters.
 */
export function reasonIn(text: string | undefined): string | undefined {
  const seen = (text ?? "")
    .slice(0, longestRead)
    .replaceAll(placeholders, " ")
    .replaceAll(stands, " ")
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toLowerCase();
  const said = new Set<string>();
  const letters = new Set<string>();
  for (const { segment } of words.segment(seen)) {
    const own = segment.match(/\p{L}/gu);
    // A word of letters and digits is a number, or a name: an identifier is no reason.
    if (own === null || /\p{N}/u.test(segment)) continue;
    said.add(own.join(""));
    for (const letter of own) letters.add(letter);
    if (said.size >= fewestWords && letters.size >= fewestLetters) return text?.trim();
  }
  return undefined;
}
