/** Makers of outcomes, and the way several of them combine. */
import type { Fact, Source } from "../words/fact.ts";
import type { Start } from "../words/refusal.ts";
import type { DoesNotStart, Fails, Outcome, Remedy, Undecidable } from "../words/verdict.ts";

export function fails(
  symptom: string,
  reason: string,
  remedies: readonly Remedy[],
  sources: readonly Source[] = [],
  httpStatus?: number,
): Fails {
  return {
    verdict: "fails",
    symptom,
    reason,
    remedies,
    sources,
    ...(httpStatus !== undefined && { httpStatus }),
  };
}

/** Nobody can decide: says what is missing, and how to supply it. */
export function undecidable(
  missing: readonly string[],
  sources: readonly (Source | undefined)[] = [],
): Undecidable {
  const list = missing.join("; ");
  return {
    verdict: "undecidable",
    missing,
    reason: `Undecidable without ${list}.`,
    remedies: [],
    sources: sources.filter((source) => source !== undefined),
  };
}

/** The outcome of a program that refuses to start; undefined when it starts. */
export function doesNotStart(
  program: DoesNotStart["program"],
  start: Fact<Start>,
): DoesNotStart | Undecidable | undefined {
  if (!start.known) {
    return undecidable([start.missing], [start.source]);
  }
  if (start.value.starts) {
    return undefined;
  }
  const { message, source, remedies } = start.value;
  return {
    verdict: "doesNotStart",
    program,
    message,
    reason: `${program} exits at once: ${firstLine(message)}`,
    remedies,
    sources: source === undefined ? [] : [source],
  };
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

/** The same outcome with what a user of this kind of request sees. */
export function withSymptom(outcome: Outcome, symptom: string, httpStatus: number): Outcome {
  return outcome.verdict === "fails" || outcome.verdict === "doesNotStart"
    ? { ...outcome, symptom, httpStatus }
    : outcome;
}
