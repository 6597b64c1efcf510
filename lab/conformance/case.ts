/**
 * One case of a matrix: what the verdict said, what happened, and whether that is the same.
 */
import { type Cause, type Outcome, type VerdictWord, works } from "../../trust/words/verdict.ts";

export type Part = "serving" | "client" | "direct" | "callers" | "startup" | "doctor";

/** What a real program answered. */
export type Reality = {
  readonly outcome: "works" | "fails";
  readonly httpStatus?: number;
  readonly message: string;
};

/** The verdict, in the same words. */
export type Judgement = Reality & { readonly verdict: VerdictWord; readonly cause?: Cause };

export type Case = {
  readonly id: string;
  readonly part: Part;
  /** How the kubelet was set up, in words. */
  readonly kubelet?: string;
  /** How kube-apiserver was set up, in words. */
  readonly apiserver?: string;
  /** Who calls the kubelet past every kube-apiserver, in words. */
  readonly caller?: string;
  readonly request?: string;
  /** What was set up, as the verdict on all files names it; of the doctor's cases alone. */
  readonly setUp?: Cause;
  readonly judge: Judgement;
  readonly reality: Reality;
  readonly agrees: boolean;
};

/** A verdict in the words of an answer. */
export function judgementOf(outcome: Outcome): Judgement {
  const { verdict, cause } = outcome;
  if (works(outcome)) return { verdict, cause, outcome: "works", message: "" };
  if (outcome.verdict === "fails" || outcome.verdict === "doesNotStart") {
    const { httpStatus } = outcome;
    const message =
      outcome.verdict === "fails" ? outcome.symptom : (outcome.symptom ?? outcome.message);
    return {
      verdict,
      cause,
      outcome: "fails",
      message,
      ...(httpStatus !== undefined && { httpStatus }),
    };
  }
  return { verdict, cause, outcome: "fails", message: `undecidable: ${outcome.reason}` };
}

/** Puts both together. Works agrees with works; failures agree when status and message do. */
export function compare(
  about: Omit<Case, "judge" | "reality" | "agrees">,
  judge: Judgement,
  reality: Reality,
): Case {
  const agrees =
    judge.outcome === reality.outcome &&
    (reality.outcome === "works" ||
      (judge.httpStatus === reality.httpStatus &&
        comparable(judge.message) === comparable(reality.message)));
  return { ...about, judge, reality, agrees };
}

/** Takes out of a message what is unknown beforehand: the moment, the resolver's address, and the port that is dialled from. */
export function comparable(message: string): string {
  return message
    .replace(/current time \S+ is after/, "current time <now> is after")
    .replace(/current time \S+ is before \S+?(?=["\s]|$)/, "current time <now> is before <date>")
    .replace(/(read tcp )\S+->/, "$1<port>->")
    .replace(/(lookup \S+ on )\S+(: no such host)/, "$1<resolver>$2")
    .replace(/^[EIWF]\d{4} \S+ +\d+ /, "")
    .replace(/^run\.go:\d+\] /, "run.go] ")
    .replace(/\s*goroutine 1 \[running\]:\s*$/, "")
    .trim();
}
