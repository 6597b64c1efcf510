/** A verdict for people, and as JSON. */
import { describeSource } from "../trust/words/fact.ts";
import {
  type Outcome,
  type RequestKind,
  requestKinds,
  type Verdict,
  works,
} from "../trust/words/verdict.ts";
import type { Evidence } from "./evidence.ts";

/** The kinds that must work for a pair to be accepted. */
const needed: readonly RequestKind[] = ["logs", "exec", "metrics"];

/** It works, and whatever is not verified is meant. */
export function isAccepted(verdict: Verdict): boolean {
  return [
    verdict.serving,
    ...needed.flatMap((kind) => [verdict.client[kind], verdict.requests[kind]]),
  ].every((outcome) => outcome.verdict === "verified" || outcome.verdict === "skipped");
}

/** The JSON of docs/judge.md. */
export function toJson(verdict: Verdict, { version, assumptions }: Evidence): string {
  const document = {
    schema: "kubelet-trust/verdict/v1",
    accepted: isAccepted(verdict),
    kubernetesVersion: version,
    assumptions,
    ...verdict,
  };
  return JSON.stringify(document, undefined, 2);
}

/** The verdict in lines for people. */
export function toText(verdict: Verdict, { version, assumptions }: Evidence): string {
  const lines = [
    `Kubernetes ${version}: ${isAccepted(verdict) ? "accepted" : "rejected"}`,
    "",
    ...describe("serving side", verdict.serving),
    ...clientLines(verdict),
    "",
    "what a user sees",
    ...requestKinds.map((kind) => `  ${kind.padEnd(14)}${seen(verdict.requests[kind])}`),
  ];
  if (verdict.openToAnyone.length > 0) {
    lines.push("", `open to anyone without a credential: ${verdict.openToAnyone.join(", ")}`);
  }
  if (assumptions.length > 0) {
    lines.push("", "assumed", ...assumptions.map((one) => `  ${one}`));
  }
  return lines.join("\n");
}

/** Kinds that work alike, or fail alike, share a paragraph. */
function clientLines({ client }: Verdict): string[] {
  const groups = new Map<string, { kinds: RequestKind[]; outcome: Outcome }>();
  for (const kind of requestKinds) {
    const outcome = client[kind];
    const key = works(outcome) ? outcome.verdict : `${outcome.verdict} ${outcome.reason}`;
    const group = groups.get(key) ?? { kinds: [], outcome };
    group.kinds.push(kind);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ kinds, outcome }) =>
    describe(
      kinds.length === requestKinds.length ? "client side" : `client side (${kinds.join(", ")})`,
      outcome,
    ),
  );
}

function describe(title: string, outcome: Outcome): string[] {
  return [
    `${title}: ${outcome.verdict}`,
    ...(outcome.verdict === "fails" ? [`  ${outcome.symptom}`] : []),
    `  ${outcome.reason}`,
    ...outcome.sources.map((source) => `  at ${describeSource(source)}`),
    ...outcome.remedies.map(({ text }, index) => `  ${index === 0 ? "remedy" : "or"}: ${text}`),
  ];
}

function seen(outcome: Outcome): string {
  if (works(outcome)) {
    return "works";
  }
  switch (outcome.verdict) {
    case "fails":
    case "doesNotStart":
      return [outcome.httpStatus, outcome.symptom ?? "kube-apiserver does not start"]
        .filter((part) => part !== undefined)
        .join(" ")
        .replaceAll("\n", " ");
    default:
      return `undecidable without ${outcome.verdict === "undecidable" ? outcome.missing.join("; ") : ""}`;
  }
}
