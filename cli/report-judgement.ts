/** A report on files: every pair as `judge` sees it. */
import type { AssembledKubelet, Assembly } from "../trust/cluster/assembly.ts";
import { needsOfApiServer, needsOfKubelet } from "../trust/judge/needs.ts";
import { describeSource } from "../trust/words/fact.ts";
import { groupBy } from "../trust/words/group-by.ts";
import { servingModeOf } from "../trust/words/serving-mode.ts";
import type { VerdictWord } from "../trust/words/verdict.ts";
import { withoutNode } from "../trust/words/without-node.ts";
import type { Call, Judgement, Pair } from "./judgement.ts";
import {
  bodyOf,
  headline,
  inOneLine,
  nameOf,
  notRead,
  openingLines,
  titleOf,
  whyAlone,
} from "./print.ts";
import { lifetimesOf } from "./report-lifetimes.ts";
import {
  type Arrow,
  fewOf,
  type Line,
  type Report,
  type Tone,
  worstFirst,
} from "./report-model.ts";

/** The report on a judgement, and on the assembly that it was made of. */
export function reportOfJudgement(judgement: Judgement, assembly: Assembly, at: Date): Report {
  const { isAccepted, pairs, unread, assumptions, calls } = judgement;
  const kubelets = new Set([...pairs.map(({ kubelet }) => kubelet), ...judgement.kubelets]);
  const apiServers = new Set([...pairs, ...judgement.apiServers].map(({ apiServer }) => apiServer));
  return {
    isAccepted,
    headline: headline(judgement),
    pictures: assembly.clusters.map((cluster) => ({
      cluster: [cluster.name ?? "cluster", `Kubernetes ${cluster.version}`].join(", "),
      arrows: arrowsOf(
        pairs.filter((pair) => pair.cluster === cluster),
        calls.filter(({ kubelet }) => cluster.kubelets.includes(kubelet)),
      ),
    })),
    lines: worstFirst([
      ...pairLines(pairs),
      ...callLines(judgement),
      ...openLines(judgement),
      ...lonelyLines(judgement),
    ]),
    read: [
      `${counted(kubelets.size, "kubelet")}, ${counted(apiServers.size, "kube-apiserver")} and ${counted(new Set(calls.map(({ caller }) => caller)).size, "other caller")}.`,
      ...new Set([...kubelets].map(({ origin }) => describeSource(origin.source))),
    ],
    notRead: notRead(unread),
    assumed: assumptions,
    lifetimes: lifetimesOf(assembly),
    at,
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function toneOf(verdict: VerdictWord): Tone {
  switch (verdict) {
    case "verified":
      return "good";
    case "skipped":
      return "meant";
    case "undecidable":
      return "unknown";
    default:
      return "bad";
  }
}

function toneOfPair({ isAccepted, verdict }: Pair): Tone {
  const tone = toneOf(verdict.serving.verdict);
  return isAccepted || tone === "unknown" ? tone : "bad";
}

function arrowsOf(pairs: readonly Pair[], calls: readonly Call[]): readonly Arrow[] {
  const arrows = [
    ...pairs.map((pair) => ({
      caller: pair.apiServer.facts.label,
      kubelet: pair.kubelet,
      tone: toneOfPair(pair),
      says: pair.isAccepted ? pair.verdict.serving.verdict : equalText(pair, inOneLine(pair)),
    })),
    ...calls.map(({ caller, kubelet, outcome }) => ({
      caller: caller.piece.label,
      kubelet,
      tone: toneOf(outcome.verdict),
      says: outcome.verdict,
    })),
  ];
  const groups = groupBy(arrows, ({ caller, tone, says, kubelet }) =>
    JSON.stringify([caller, tone, says, servingModeOf(kubelet.facts)]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { tone, says, kubelet } = first;
    const caller = shortLabel(first.caller);
    const names = [...new Set(group.map((one) => shortName(one.kubelet)))];
    return {
      caller,
      tone,
      says,
      pool: fewOf(names),
      kind: `${counted(names.length, "kubelet")}, ${servingModeOf(kubelet.facts) ?? "serving mode not known"}`,
    };
  });
}

function shortName(kubelet: AssembledKubelet): string {
  const { name } = kubelet.facts.node;
  return name.known ? name.value : shortLabel(kubelet.label);
}

/** A picture and a line have little room: the object alone, without the file that it was read from; details have both. */
function shortLabel(label: string): string {
  const [, program = "", object] = /^(\S+ of )?.*: ([^:]+)$/.exec(label) ?? [];
  if (object !== undefined) return `${program}${object}`;
  return label.replaceAll(/[^\s:()]*\/(?=[^\s/:()]+\.\w+)/g, "");
}

/** What is said of a pair, equal for all nodes of which the same is said. */
function equalText({ kubelet }: Pair, text: string): string {
  return withoutNode(kubelet.facts.node, [kubelet.label], text);
}

function pairLines(pairs: readonly Pair[]): Line[] {
  const told = pairs.map((pair) => ({ pair, says: inOneLine(pair), details: bodyOf(pair) }));
  const groups = groupBy(told, ({ pair, says, details }) =>
    equalText(pair, [pair.apiServer.facts.label, says, ...details].join("\n")),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return {
      subjects: group.map(
        ({ pair }) => `${shortName(pair.kubelet)} with ${shortLabel(pair.apiServer.facts.label)}`,
      ),
      tone: toneOfPair(first.pair),
      says: first.says,
      details: [titleOf(first.pair), ...first.details],
    };
  });
}

function callLines({ calls, stoppedCallers }: Judgement): Line[] {
  const groups = groupBy(calls, ({ caller, outcome }) =>
    JSON.stringify([caller.piece.label, outcome.verdict, outcome.reason]),
  );
  return [
    ...stoppedCallers.map(
      ({ piece }): Line => ({
        subjects: [piece.label],
        tone: "bad",
        says: `does not start: ${piece.refusal?.says}`,
        details: [`at ${describeSource(piece.origin.source)}`],
      }),
    ),
    ...[...groups.values()].flatMap((group): Line[] => {
      const [first] = group;
      if (first === undefined) return [];
      const { caller, outcome } = first;
      return [
        {
          subjects: group.map(
            ({ kubelet }) => `${shortName(kubelet)} with ${shortLabel(caller.piece.label)}`,
          ),
          tone: toneOf(outcome.verdict),
          says: `${outcome.verdict}: ${outcome.symptom ?? outcome.reason}`,
          details: [
            `${nameOf(first.kubelet)} with ${caller.piece.label}`,
            ...(outcome.symptom === undefined ? [] : [outcome.symptom]),
            outcome.reason,
            ...outcome.sources.map((source) => `at ${describeSource(source)}`),
            ...outcome.remedies.map((text, index) => `${index === 0 ? "remedy" : "or"}: ${text}`),
          ],
        },
      ];
    }),
  ];
}

/** Kubelets of which nothing more is known than that they are open. */
function openLines({ unread }: Judgement): Line[] {
  return unread.flatMap(({ origin, opens }): Line[] => {
    if (opens === undefined) return [];
    const [says = "", ...details] = openingLines(opens, origin.source);
    return [{ subjects: [shortLabel(origin.source.where)], tone: "bad", says, details }];
  });
}

/** Sides that are alone: nobody can say what becomes of them. */
function lonelyLines({ kubelets, apiServers }: Judgement): Line[] {
  const groups = groupBy(kubelets, ({ place, facts }) =>
    JSON.stringify([whyAlone(place), needsOfKubelet(facts)]),
  );
  return [
    ...[...groups.values()].flatMap((group): Line[] => {
      const [first] = group;
      if (first === undefined) return [];
      return [
        {
          subjects: group.map(nameOf),
          tone: "unknown",
          says: whyAlone(first.place),
          details: ["what it needs of kube-apiserver", ...needsOfKubelet(first.facts)],
        },
      ];
    }),
    ...apiServers.map(
      ({ apiServer }): Line => ({
        subjects: [apiServer.facts.label],
        tone: "unknown",
        says: "no kubelet of it is given",
        details: ["what it needs of each kubelet", ...needsOfApiServer(apiServer.facts)],
      }),
    ),
  ];
}
