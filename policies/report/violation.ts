/** Violations in words: one for each cause, in an order that does not change, in at most twelve lines. */

import { compare } from "../../trust/words/compare.ts";
import { describeSource } from "../../trust/words/fact.ts";
import { groupBy } from "../../trust/words/group-by.ts";
import { shown } from "../../trust/words/shown.ts";
import { describe } from "../stack/resource.ts";
import type { Finding } from "./finding.ts";
import { pageOf } from "./page.ts";

/** Hands a violation to the engine. Without a level of its own it has the policy's. */
export type Send = (violation: {
  readonly message: string;
  readonly urn?: string;
  readonly enforcementLevel?: "mandatory" | "advisory";
}) => void;

/** Longer lines are cut: a violation shows what to look at, not all there is. */
const maxLine = 600;
const maxLines = 12;
const maxRemedies = 4;
const maxExamples = 3;

/** More causes than this are counted, not told: nobody reads them, and a message has its limit. */
const maxViolations = 200;

/** Reports findings as violations. */
export function report(policy: string, findings: readonly Finding[], send: Send): void {
  const groups = [
    ...groupBy(findings, ({ cause, level }) => `${level ?? ""} ${cause}`).values(),
  ].map((group) =>
    [...group].sort(
      (a, b) => compare(a.subject, b.subject) || compare(a.resource.urn, b.resource.urn),
    ),
  );
  groups.sort((a, b) => compare(keyOf(a), keyOf(b)));
  for (const group of groups.slice(0, maxViolations)) {
    const [first] = group;
    if (first) {
      send({
        message: render(policy, group),
        urn: first.resource.urn,
        ...(first.level && { enforcementLevel: first.level }),
      });
    }
  }
  const rest = groups.slice(maxViolations);
  const [first] = rest.flat();
  if (first) {
    const message = `${rest.length} further causes are not shown. Mend those above, and run again.`;
    send({ message, urn: first.resource.urn });
  }
}

function keyOf(group: readonly Finding[]): string {
  const [first] = group;
  return `${first?.level ?? ""} ${first?.what} ${first?.cause}`;
}

/** The text of one violation. */
function render(policy: string, group: readonly Finding[]): string {
  const [first] = group;
  if (first === undefined) return "";
  const subjects = [...new Set(group.map(({ subject }) => subject))];
  const waived = group.find(({ expiredWaiver }) => expiredWaiver)?.expiredWaiver;
  const before = [
    headline(first, subjects),
    whereLine(group, subjects),
    ...(first.settings ?? []).slice(0, 2).map((line) => `  Set:   ${line}`),
    ...(first.symptom === undefined ? [] : [`  Users see: ${first.symptom}`]),
    ...(first.reason === undefined ? [] : [`  Why:   ${first.reason}`]),
    ...assumedLine(first.assumed ?? []),
  ];
  const after = [
    ...(waived ? [`  The waiver for this (${waived.reason}) expired on ${waived.until}.`] : []),
    `  More:  ${pageOf(policy)}`,
  ];
  const remedies = first.remedies
    .slice(0, Math.min(maxRemedies, maxLines - before.length - after.length))
    .map((text, index) => `  ${index === 0 ? "Fix:  " : "Or:   "} ${text}`);
  return [...before, ...remedies, ...after].map(oneLine).join("\n");
}

/** As many sentences as fit into a line; the others are counted. */
function assumedLine(sentences: readonly string[]): string[] {
  if (sentences.length === 0) return [];
  let line = "  Assumed:";
  for (const [index, sentence] of sentences.entries()) {
    const next = `${line} ${sentence}`;
    if (index > 0 && next.length > maxLine - 20) {
      return [`${line} And ${sentences.length - index} more.`];
    }
    line = next;
  }
  return [line];
}

function headline({ what, noun = "kubelet" }: Finding, subjects: readonly string[]): string {
  return subjects.length === 1
    ? `${subjects[0]}: ${what}`
    : `${subjects.length} ${noun}s, e.g. ${subjects.slice(0, maxExamples).join(", ")}: ${what}`;
}

function whereLine(group: readonly Finding[], subjects: readonly string[]): string {
  const [first] = group;
  const sources = [...new Set((first?.sources ?? []).map(describeSource))].slice(0, 3);
  const examples = [...new Set(group.map(({ resource }) => describe(resource)))];
  const shown = examples.slice(0, maxExamples).join(", ");
  const more = examples.length > maxExamples ? ` and ${examples.length - maxExamples} more` : "";
  const place = sources.length === 0 ? `${shown}${more}` : sources.join("; ");
  const others = sources.length > 0 && subjects.length > 1 ? ` (in all: ${shown}${more})` : "";
  return `  Where: ${place}${others}`;
}

function oneLine(text: string): string {
  const line = shown(text);
  return line.length > maxLine ? `${line.slice(0, maxLine - 3)}...` : line;
}

/** URN to report on when no single resource is to blame: the stack. */
export function rootOf(
  resources: readonly { readonly type: string; readonly urn: string }[],
): string | undefined {
  return resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.urn ?? resources[0]?.urn;
}
