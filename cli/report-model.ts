/** What a report tells, whatever it was made from and whatever it becomes. */

/** How a verdict is taken: it is good, meant though unverified, worth a look, rejected, or not known. */
export type Tone = "good" | "meant" | "advice" | "bad" | "unknown";

/** A caller, and the kubelets of which it gets the same. */
export type Arrow = {
  readonly caller: string;
  /** The pool, or the kubelets' names. */
  readonly pool: string;
  /** What kind of kubelets they are, e.g. their serving mode and number. */
  readonly kind: string;
  readonly tone: Tone;
  /** The verdict in a few words. */
  readonly says: string;
};

/** The picture of one cluster. */
export type Picture = {
  readonly cluster: string;
  readonly arrows: readonly Arrow[];
};

/** One thing that is said of one or more pairs. */
export type Line = {
  /** The pairs, kubelets or resources, each by its name; never empty. */
  readonly subjects: readonly string[];
  readonly tone: Tone;
  /** The verdict in a line. */
  readonly says: string;
  /** The verdict in full, a line each. */
  readonly details: readonly string[];
};

/** Certificates that are valid for the same time. */
export type Lifetime = {
  readonly names: readonly string[];
  readonly from: Date;
  readonly until: Date;
};

/** A report. */
export type Report = {
  /** Nothing is rejected, and everything that was to be judged was. */
  readonly isAccepted: boolean;
  readonly headline: string;
  readonly pictures: readonly Picture[];
  /** The worst first. */
  readonly lines: readonly Line[];
  /** What was read, a sentence each. */
  readonly read: readonly string[];
  readonly notRead: readonly string[];
  readonly assumed: readonly string[];
  /** The first to end first. */
  readonly lifetimes: readonly Lifetime[];
  /** The moment that it speaks of. */
  readonly at: Date;
};

/** Each tone in a word and in a sign, so that nothing is said by colour alone. */
export const toneWords: Readonly<Record<Tone, { readonly word: string; readonly sign: string }>> = {
  good: { word: "verified", sign: "✓" },
  meant: { word: "unverified, and meant", sign: "~" },
  advice: { word: "advice", sign: "!" },
  bad: { word: "rejected", sign: "✗" },
  unknown: { word: "not known", sign: "?" },
};

/** Names in a line: the first three, and how many more there are. */
export function fewOf(names: readonly string[]): string {
  const more = names.length - 3;
  return `${names.slice(0, 3).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The worst first. */
export function worstFirst<T extends { readonly tone: Tone }>(items: readonly T[]): T[] {
  const order: readonly Tone[] = ["bad", "unknown", "advice", "meant", "good"];
  return [...items].sort((a, b) => order.indexOf(a.tone) - order.indexOf(b.tone));
}
