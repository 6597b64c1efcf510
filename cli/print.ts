/** A judgement for people. */
import type { AssembledKubelet } from "../trust/cluster/assembly.ts";
import type { Anyway } from "../trust/judge/anyway.ts";
import { causeOf } from "../trust/judge/cause.ts";
import { needsOfApiServer, needsOfKubelet } from "../trust/judge/needs.ts";
import { doubtOf, isOpenToUsers, openedByAuthorizer } from "../trust/judge/open.ts";
import { describeSource, type Source } from "../trust/words/fact.ts";
import { groupBy } from "../trust/words/group-by.ts";
import type { Opening } from "../trust/words/opening.ts";
import type { StopsStart } from "../trust/words/refusal.ts";
import { shown } from "../trust/words/shown.ts";
import {
  type Outcome,
  type RequestKind,
  requestKinds,
  type Verdict,
  works,
} from "../trust/words/verdict.ts";
import type { Judgement, Pair } from "./judgement.ts";
import { needsAside } from "./one-sided.ts";

/** The judgement in lines for people. */
export function toText(judgement: Judgement): string {
  const { pairs, kubelets, apiServers, unread, assumptions } = judgement;
  const several = pairs.length > 1;
  const lines = [
    headline(judgement),
    ...(several ? ["", ...pairs.map((pair) => `  ${titleOf(pair)}: ${inOneLine(pair)}`)] : []),
    ...detailsOf(pairs, several),
    ...callerLines(judgement),
    ...kubelets.flatMap((kubelet) => [
      "",
      `${nameOf(kubelet)}: ${whyAlone(kubelet.place)}`,
      ...stopped("kubelet", kubelet.refusals),
      ...certainOf(kubelet.anyway),
      "what it needs of kube-apiserver",
      ...needsOfKubelet(kubelet.facts).map(indented),
    ]),
    ...apiServers.flatMap(({ apiServer }) => [
      "",
      `${apiServer.facts.label}: no kubelet of it is given`,
      ...stopped("kube-apiserver", apiServer.refusals),
      "what it needs of each kubelet",
      ...needsOfApiServer(apiServer.facts).map(indented),
    ]),
    ...needsAside(judgement.oneSided).flatMap(({ label, needs }) => [
      "",
      `${label}: no kube-apiserver of its cluster is given`,
      "what it needs of the others",
      ...needs.map(indented),
    ]),
    ...section(
      "kubelets that something else starts",
      unread.flatMap(({ origin, opens }) => (opens ? openingLines(opens, origin.source) : [])),
    ),
    ...section("not read", notRead(unread)),
    ...section("assumed", assumptions),
  ];
  return lines.map(shown).join("\n");
}

/** What settings open, and what closes it. */
export function openingLines({ to, what, by, remedies }: Opening, source: Source): string[] {
  return [
    `open to ${to}: ${what} (${by.join(", ")})`,
    `  at ${describeSource(source)}`,
    ...remedies.map((text) => `  remedy: ${text}`),
  ];
}

/** What was not understood, a line each. */
export function notRead(unread: Judgement["unread"]): string[] {
  return unread
    .filter(({ opens }) => opens === undefined)
    .map(
      ({ missing, deciding, origin }) =>
        `${missing}${deciding ? ", which may decide" : ""} (${describeSource(origin.source)})`,
    );
}

/** The verdict on everything, in a line. */
export function headline({ pairs, isAccepted, apiServers, kubelets }: Judgement): string {
  const versions = [
    ...new Set([
      ...pairs.map(({ cluster }) => cluster.version),
      ...apiServers.map(({ version }) => version),
    ]),
  ];
  const title = versions.length === 0 ? "" : `Kubernetes ${versions.join(", ")}: `;
  const rejected = pairs.filter((pair) => !pair.isAccepted).length;
  const count = pairs.length > 1 && rejected > 0 ? `, ${rejected} of ${pairs.length} pairs` : "";
  if (isAccepted) return `${title}accepted`;
  const isCertain = kubelets.some(({ anyway }) => anyway.serving || openTo(anyway).length > 0);
  if (pairs.length === 0) {
    return `${title}${isCertain ? "rejected" : "undecidable"}, one side is not given`;
  }
  return `${title}rejected${count}`;
}

/** What no kube-apiserver can make up for. */
function certainOf(anyway: Anyway): string[] {
  const { serving } = anyway;
  const open = openTo(anyway);
  return [
    ...(serving ? describe("whatever kube-apiserver calls it", serving) : []),
    ...(open.length > 0 ? [`open to anyone without a credential: ${open.join(", ")}`] : []),
  ];
}

/** `/healthz` is no secret. */
function openTo({ openToAnyone }: Anyway): readonly RequestKind[] {
  return openToAnyone.filter((kind) => kind !== "healthz");
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map(indented)];
}

function indented(line: string): string {
  return `  ${line}`;
}

/** A pair by its names. */
export function titleOf({ kubelet, apiServer }: Pair): string {
  return `${nameOf(kubelet)} with ${apiServer.facts.label}`;
}

/** The node's name where it is known, else what the kubelet was read from. */
export function nameOf({ facts, label }: AssembledKubelet): string {
  const { name } = facts.node;
  return name.known && name.value !== label ? `${name.value} (${label})` : label;
}

/** Why a kubelet has no kube-apiserver. */
export function whyAlone(place: Judgement["kubelets"][number]["place"]): string {
  if (place.in === "elsewhere") return "no kube-apiserver that calls it is given";
  return place.missing === undefined
    ? `any of these may call it: ${place.clusters.join(", ")}`
    : `which kube-apiserver calls it is undecidable without ${place.missing}`;
}

/** A pair's verdict in a line. */
export function inOneLine({ kubelet, apiServer, verdict, isAccepted }: Pair): string {
  const [refusal] = [...kubelet.refusals, ...apiServer.refusals];
  if (refusal) return `does not start: ${firstLine(refusal.message)}`;
  if (isAccepted) return `accepted, ${verdict.serving.verdict}`;
  const [worst] = [verdict.serving, ...requestKinds.map((kind) => verdict.requests[kind])].filter(
    (outcome) => !works(outcome),
  );
  if (worst) return `${worst.verdict}: ${problemOf(worst)}`;
  if (verdict.serving.verdict === "silentlySkipped") {
    return "silentlySkipped: it works, and nobody verifies it";
  }
  const [doubt] = verdict.openInDoubt;
  return doubt ? `undecidable: ${doubtOf(doubt)}` : "open to others";
}

function problemOf(outcome: Outcome): string {
  if (outcome.verdict === "fails") return outcome.symptom;
  return outcome.reason;
}

/** The details of each pair; equal ones are told once. */
function detailsOf(pairs: readonly Pair[], several: boolean): string[] {
  const bodies = groupBy(pairs, (pair) => bodyOf(pair).map(shown).join("\n"));
  return [...bodies].flatMap(([body, same]) => [
    "",
    ...(several ? same.map(titleOf) : []),
    ...body.split("\n"),
  ]);
}

/** A pair's verdict in full. */
export function bodyOf(pair: Pair): string[] {
  const { kubelet, apiServer, verdict, asIfStarted } = pair;
  const refusals = [
    ...stopped("kubelet", kubelet.refusals),
    ...stopped("kube-apiserver", apiServer.refusals),
  ];
  return [
    ...refusals,
    ...(refusals.length > 0 ? ["once that is mended:"] : []),
    ...describe("serving side", asIfStarted.serving),
    ...clientLines(asIfStarted),
    "",
    "what a user sees",
    ...seenLines(verdict),
    ...open(pair),
  ];
}

/** Other programs that call kubelets; what is equal for several kubelets is told once. */
function callerLines({ calls, stoppedCallers }: Judgement): string[] {
  const told = groupBy(calls, ({ caller, outcome }) =>
    [
      `${caller.piece.label}: ${outcome.verdict}`,
      ...(outcome.symptom === undefined ? [] : [`  ${outcome.symptom}`]),
      `  ${outcome.reason}`,
      ...outcome.sources.map((source) => `  at ${describeSource(source)}`),
      ...outcome.remedies.map((text, index) => `  ${index === 0 ? "remedy" : "or"}: ${text}`),
    ]
      .map(shown)
      .join("\n"),
  );
  return [
    ...stoppedCallers.flatMap(({ piece }) => [
      "",
      `${piece.label} does not start: ${piece.refusal?.says}`,
      `  at ${describeSource(piece.origin.source)}`,
      `  remedy: ${piece.refusal?.remedy}`,
    ]),
    ...[...told.keys()].flatMap((text) => ["", ...text.split("\n")]),
  ];
}

function open({ verdict, kubelet: { facts }, apiServer }: Pair): string[] {
  const { openToAnyone } = verdict;
  return [
    ...(openToAnyone.length > 0
      ? ["", `open to anyone without a credential: ${openToAnyone.join(", ")}`]
      : []),
    ...openedByAuthorizer(verdict, facts, apiServer.facts).flatMap(({ who, what, by, remedy }) => [
      "",
      `open to ${who}: ${what} (${by})`,
      `  remedy: ${remedy}`,
    ]),
    ...verdict.openInDoubt.flatMap((doubt) => [
      "",
      doubtOf(doubt),
      `  undecidable without ${doubt.missing.join("; ")}`,
    ]),
    ...(isOpenToUsers(facts)
      ? [
          "",
          `open to ${facts.authentication.anonymous.known && facts.authentication.anonymous.value ? "anyone" : "whoever is authenticated"}: everything (authorization.mode: AlwaysAllow)`,
        ]
      : []),
  ];
}

/** Every reason that keeps a program from starting. */
function stopped(program: string, refusals: readonly StopsStart[]): string[] {
  return refusals.flatMap(({ message, source, remedies }) => [
    `${program} does not start: ${firstLine(message)}`,
    ...(source ? [`  at ${describeSource(source)}`] : []),
    ...remedies.map(({ text }, index) => `  ${index === 0 ? "remedy" : "or"}: ${text}`),
  ]);
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

/** Kinds that work alike, or fail for one cause, share a paragraph. */
function clientLines({ client }: Verdict): string[] {
  const groups = groupBy(requestKinds, (kind) => causeOf(client[kind]));
  return [...groups.values()].flatMap((kinds) => {
    const [first] = kinds;
    if (first === undefined) return [];
    const title =
      kinds.length === requestKinds.length ? "client side" : `client side (${kinds.join(", ")})`;
    return describe(title, client[first]);
  });
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

/** What a user sees, kinds that see the same in one line. */
function seenLines({ requests }: Verdict): string[] {
  const groups = groupBy(requestKinds, (kind): string => seen(requests[kind]));
  return [...groups].flatMap(([text, kinds]) =>
    kinds.length === requestKinds.length
      ? [`  everything: ${text}`]
      : [`  ${kinds.join(", ")}: ${text}`],
  );
}

function seen(outcome: Outcome): string {
  if (works(outcome)) return "works";
  switch (outcome.verdict) {
    case "fails":
    case "doesNotStart":
      return [outcome.httpStatus, outcome.symptom ?? "kube-apiserver does not start"]
        .filter((part) => part !== undefined)
        .join(" ");
    default:
      return `undecidable without ${outcome.verdict === "undecidable" ? outcome.missing.join("; ") : ""}`;
  }
}
