/** A report as one Markdown text, for a comment on a pull request. */
import { day } from "./report-lifetimes.ts";
import {
  type Arrow,
  fewOf,
  type Lifetime,
  type Line,
  type Report,
  toneWords,
} from "./report-model.ts";
import { cut, html, markdown, mermaid } from "./report-text.ts";

/** GitHub refuses longer comments; GitLab takes a million. */
export const longestComment = 65_536;

/** Each step tells less; the first that fits is taken. */
const sizes = [
  { lines: 500, details: 200, arrows: 40 },
  { lines: 200, details: 40, arrows: 40 },
  { lines: 80, details: 10, arrows: 20 },
  { lines: 30, details: 3, arrows: 10 },
  { lines: 10, details: 0, arrows: 5 },
] as const;
type Size = (typeof sizes)[number];

/** The Markdown of a report, never longer than {@link longestComment}. */
export function toMarkdown(report: Report): string {
  const texts = sizes.map((size) => () => render(report, size));
  for (const text of texts) {
    const rendered = text();
    if (rendered.length <= longestComment) return rendered;
  }
  return [
    title(report),
    "",
    "The report is too long for a comment; the HTML has all of it.",
    "",
  ].join("\n");
}

function title({ isAccepted, headline }: Report): string {
  return `## ${isAccepted ? "✓" : "✗"} kubelet-trust: ${markdown(cut(headline, 300))}`;
}

function render(report: Report, size: Size): string {
  const { pictures, lines, read, notRead, assumed, lifetimes, at } = report;
  return [
    title(report),
    "",
    ...pictures.flatMap(({ cluster, arrows }) => picture(cluster, arrows, size.arrows)),
    ...table(lines, size.lines),
    ...lines.slice(0, size.details).flatMap(details),
    ...timeLine(lifetimes, at, size.lines),
    ...folded("Not read", notRead, size.lines),
    ...folded("Assumed", assumed, size.lines),
    ...folded("Read", read, Math.min(size.lines, 40)),
  ].join("\n");
}

function picture(cluster: string, arrows: readonly Arrow[], most: number): string[] {
  if (arrows.length === 0) return [];
  const told = arrows.slice(0, most);
  const callers = [...new Set(told.map(({ caller }) => caller))];
  return [
    "```mermaid",
    "flowchart LR",
    `  subgraph cluster ["${mermaid(cut(cluster, 80))}"]`,
    ...callers.map((caller, index) => `  c${index}["${mermaid(cut(caller, 60))}"]`),
    ...told.map(
      ({ pool, kind }, index) =>
        `  p${index}["${mermaid(cut(pool, 60))}<br/>${mermaid(cut(kind, 60))}"]`,
    ),
    ...told.map(({ caller, tone, says }, index) => {
      const arrow = tone === "bad" || tone === "unknown" ? "-.->" : "-->";
      return `  c${callers.indexOf(caller)} ${arrow}|"${toneWords[tone].sign} ${mermaid(cut(says, 70))}"| p${index}`;
    }),
    "  end",
    "```",
    ...more(arrows.length - told.length, "arrows"),
    "",
  ];
}

function table(lines: readonly Line[], most: number): string[] {
  if (lines.length === 0) return ["Nothing is said of any pair.", ""];
  return [
    "| | what | verdict |",
    "| --- | --- | --- |",
    ...lines
      .slice(0, most)
      .map(
        ({ subjects, tone, says }) =>
          `| ${toneWords[tone].sign} ${toneWords[tone].word} | ${markdown(cut(fewOf(subjects), 240))} | ${markdown(cut(says, 300))} |`,
      ),
    "",
    ...more(lines.length - most, "lines"),
  ];
}

function details({ subjects, details: all }: Line): string[] {
  if (all.length === 0) return [];
  return [
    `<details><summary>${markdown(cut(fewOf(subjects), 240))}</summary>`,
    "",
    `<pre>\n${all.map((line) => html(cut(line, 800))).join("\n")}\n</pre>`,
    "</details>",
    "",
  ];
}

function timeLine(lifetimes: readonly Lifetime[], at: Date, most: number): string[] {
  if (lifetimes.length === 0) return [];
  return [
    "<details><summary>Certificates</summary>",
    "",
    "| ends | in days | of its time | whose |",
    "| --- | ---: | --- | --- |",
    ...lifetimes.slice(0, most).map((lifetime) => {
      const { names, until } = lifetime;
      return `| ${day(until)} | ${daysLeft(until, at)} | ${bar(lifetime, at)} | ${markdown(cut(fewOf(names), 160))} |`;
    }),
    "",
    ...more(lifetimes.length - most, "certificates"),
    "</details>",
    "",
  ];
}

/** Whole days from `at` to `until`; less than zero once it has ended. */
export function daysLeft(until: Date, at: Date): number {
  return Math.floor((until.getTime() - at.getTime()) / 86_400_000);
}

/** How much of its time has gone, between 0 and 1. */
export function spent({ from, until }: Lifetime, at: Date): number {
  const part = (at.getTime() - from.getTime()) / (until.getTime() - from.getTime());
  return Number.isNaN(part) ? 1 : Math.min(1, Math.max(0, part));
}

function bar(lifetime: Lifetime, at: Date): string {
  const full = Math.round(spent(lifetime, at) * 10);
  return `${"█".repeat(full)}${"░".repeat(10 - full)}`;
}

function folded(name: string, sentences: readonly string[], most: number): string[] {
  if (sentences.length === 0) return [];
  return [
    `<details><summary>${name} (${sentences.length})</summary>`,
    "",
    ...sentences.slice(0, most).map((sentence) => `- ${markdown(cut(sentence, 400))}`),
    ...more(sentences.length - most, "more"),
    "",
    "</details>",
    "",
  ];
}

function more(count: number, what: string): string[] {
  return count > 0 ? ["", `${count} ${what} are not shown here; the HTML has all of them.`] : [];
}
