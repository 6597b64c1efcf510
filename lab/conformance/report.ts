/**
 * What a run came to, for a terminal and for docs/conformance.md.
 */
import * as fs from "node:fs";
import type { Case, Part } from "./case.ts";

export type Summary = {
  readonly cases: readonly Case[];
  readonly agreements: number;
  /** Of the whole run; undefined when only its cases are at hand. */
  readonly seconds?: number;
};

const parts: readonly { readonly part: Part; readonly title: string }[] = [
  { part: "serving", title: "Serving side: kubelet x apiserver, logs" },
  { part: "client", title: "Client side: certificate x kubelet x request" },
  { part: "direct", title: "Past kube-apiserver: caller x kubelet x request" },
  { part: "callers", title: "Other callers: program x kubelet, metrics" },
  { part: "startup", title: "Start-up: flags, gates, files" },
  { part: "doctor", title: "The doctor: kubelet x apiserver x request" },
];

/** Reads the cases of a run. */
export function readCases(file: string): Case[] {
  return readLines<Case>(file);
}

/** Reads a file with one JSON value a line; none where there is no file. */
export function readLines<T>(file: string): T[] {
  if (!fs.existsSync(file)) return [];
  const lines = fs.readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** The summary in lines; each disagreement with both sides' words. */
export function describe({ cases, agreements, seconds }: Summary): string[] {
  const disagreements = cases.filter(({ agrees }) => !agrees);
  return [
    ...disagreements.flatMap(({ id, judge, reality, setUp }) => [
      `DISAGREE ${id}`,
      `  judge:   ${words(judge)}`,
      `  reality: ${words(reality)}`,
      ...(setUp === undefined ? [] : [`  set up: ${setUp}, named: ${judge.cause}`]),
    ]),
    ...parts
      .filter(({ part }) => cases.some((one) => one.part === part))
      .map(({ part, title }) => `${title}: ${count(cases, part)}`),
    `Agreements: ${agreements}/${cases.length}${seconds === undefined ? "" : `, in ${seconds.toFixed(0)} s`}`,
  ];
}

function count(cases: readonly Case[], part: Part): string {
  const all = cases.filter((one) => one.part === part);
  return `${all.filter(({ agrees }) => agrees).length}/${all.length}`;
}

function words({ outcome, httpStatus, message }: Case["reality"]): string {
  if (outcome === "works") return "works";
  return `fails${httpStatus === undefined ? "" : ` ${httpStatus}`}: ${message}`;
}
