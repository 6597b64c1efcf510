/** From facts of a program that starts back to those of the program as it stands. */
import { type Fact, known } from "../words/fact.ts";
import type { Start, StopsStart } from "../words/refusal.ts";

/** The facts with what keeps the program from starting, which assembled facts leave out. */
export function asGiven<Facts extends { readonly start: Fact<Start> }>({
  facts,
  refusals: [first, ...others],
}: {
  readonly facts: Facts;
  readonly refusals: readonly StopsStart[];
}): Facts {
  return first ? { ...facts, start: known({ ...first, starts: false, others }) } : facts;
}
