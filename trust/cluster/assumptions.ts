/** What was taken for granted, said once each, in the order in which it was; and what is there and counts for nothing. */
import { unread } from "../readers/origins.ts";
import type { Origin, UnreadPiece } from "../readers/piece.ts";
import type { Opening } from "../words/opening.ts";

/** A KubeletConfiguration that no kubelet has. */
export type Unused = {
  readonly origin: Origin;
  /** A sentence that says why. */
  readonly why: string;
  /** What it opens for certain of whatever kubelet has it after all. */
  readonly opens?: Opening;
};

export type Assumptions = {
  readonly add: (sentence: string) => void;
  /** That it is not used is an assumption too. */
  readonly addUnused: (unused: Unused) => void;
  readonly all: () => readonly string[];
  readonly unused: () => readonly Unused[];
};

/** An empty list. */
export function assumptions(): Assumptions {
  const sentences = new Set<string>();
  const unused = new Map<string, Unused>();
  return {
    add: (sentence) => sentences.add(sentence),
    addUnused: (one) => {
      sentences.add(one.why);
      unused.set(one.why, one);
    },
    all: () => [...sentences],
    unused: () => [...unused.values()],
  };
}

/** What is used by no kubelet that is known, and opens those that have it: it is not passed over. */
export function openings(unused: readonly Unused[]): readonly UnreadPiece[] {
  return unused.flatMap(({ origin, why, opens }) =>
    opens ? [{ ...unread(origin, why.replace(/\.$/, ""), true), opens }] : [],
  );
}
