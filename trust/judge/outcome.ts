/** Makers of outcomes, and the way several of them combine. */
import type { Fact, Source } from "../words/fact.ts";
import type { Start } from "../words/refusal.ts";
import type { Remedy } from "../words/remedy.ts";
import type { Cause, DoesNotStart, Fails, Outcome, Undecidable } from "../words/verdict.ts";

/** What a failure is made of, beside its symptom. */
export type Failure = {
  readonly cause: Cause;
  readonly reason: string;
  readonly remedies: readonly Remedy[];
  readonly sources?: readonly (Source | undefined)[];
  readonly httpStatus?: number;
};

export function fails(
  symptom: string,
  { cause, reason, remedies, sources = [], httpStatus }: Failure,
): Fails {
  return {
    verdict: "fails",
    cause,
    symptom,
    reason,
    remedies,
    sources: present(sources),
    ...(httpStatus !== undefined && { httpStatus }),
  };
}

/** The sources that are there. */
export function present(sources: readonly (Source | undefined)[]): Source[] {
  return sources.filter((source) => source !== undefined);
}

/** Not to be decided: says what is missing. */
export function undecidable(
  missing: readonly string[],
  sources: readonly (Source | undefined)[] = [],
): Undecidable {
  return {
    verdict: "undecidable",
    cause: "unknown",
    missing,
    reason: `Undecidable without ${missing.join("; ")}.`,
    remedies: [],
    sources: present(sources),
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
  const { starts: _, others, ...first } = start.value;
  const refusals = [first, ...others];
  return {
    verdict: "doesNotStart",
    cause: program === "kubelet" ? "kubelet-does-not-start" : "caller-does-not-start",
    program,
    message: first.message,
    refusals,
    reason: [
      `${program} exits at once: ${firstLine(first.message)}`,
      ...others.map(({ message }) => `once that is mended: ${firstLine(message)}`),
    ].join("; "),
    remedies: refusals.flatMap(({ remedies }) => remedies),
    sources: present(refusals.map(({ source }) => source)),
  };
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

/** The same outcome with what a user of this kind of request sees. */
export function withSymptom(outcome: Outcome, symptom: string, httpStatus?: number): Outcome {
  return outcome.verdict === "fails" || outcome.verdict === "doesNotStart"
    ? { ...outcome, symptom, ...(httpStatus !== undefined && { httpStatus }) }
    : outcome;
}
