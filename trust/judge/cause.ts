/** What makes outcomes of several kinds of request one cause. */
import type { Outcome } from "../words/verdict.ts";

/**
 * Equal for outcomes that work alike, lack the same, or fail for one cause: they differ in their words alone.
 */
export function causeOf(outcome: Outcome): string {
  const { verdict } = outcome;
  switch (outcome.verdict) {
    case "undecidable":
      return [verdict, ...outcome.missing].join("\n");
    case "fails":
    case "doesNotStart":
      return `${verdict} ${outcome.cause}`;
    default:
      return verdict;
  }
}
