/** Tables of docs/conformance.md in which versions of Kubernetes stand side by side. */
import { minorOf } from "./arguments.ts";
import { type Case, comparable } from "./case.ts";
import { cell, table } from "./markdown.ts";

/** The last long run of a Kubernetes version. */
export type VersionRun = {
  /** Without the `v`. */
  readonly version: string;
  /** Day of the run, e.g. `2026-11-24`. */
  readonly date: string;
  readonly cases: readonly Case[];
};

const parts = ["serving", "client", "direct", "callers", "startup"] as const;

/** How many cases each version has, and how many agree; versions without a run are told so. */
export function runsTable(runs: readonly VersionRun[], versions: readonly string[]): string {
  const count = (cases: readonly Case[]) =>
    `${cases.filter(({ agrees }) => agrees).length}/${cases.length}`;
  return table(
    [
      "Kubernetes",
      "run on",
      "serving side",
      "client side",
      "past kube-apiserver",
      "other callers",
      "start-up",
      "in all",
    ],
    versions.map((version) => {
      const run = runs.find((one) => one.version === version);
      if (run === undefined) return [version, "not run", ...parts.map(() => ""), ""];
      const { date, cases } = run;
      return [
        version,
        date,
        ...parts.map((part) => {
          const own = cases.filter((one) => one.part === part);
          return own.length === 0 ? "not run" : count(own);
        }),
        count(cases),
      ];
    }),
  );
}

/** A flag or gate by itself: {@link unknownSettings} has them. */
export function isSetting({ id }: Case): boolean {
  return /^startup\/[\w-]+\/(flag|gate) \w[\w-]*$/.test(id);
}

/** Cases of all versions that end otherwise in one than in another; those that differ alike stand together. */
export function differences(runs: readonly VersionRun[]): string {
  const answers = new Map<string, string[]>();
  for (const { cases } of runs) {
    for (const one of cases.filter((each) => !isSetting(each))) {
      answers.set(one.id, [...(answers.get(one.id) ?? []), told(one)]);
    }
  }
  const alike = new Map<string, { readonly ids: string[]; readonly cells: readonly string[] }>();
  for (const [id, cells] of answers) {
    if (cells.length < runs.length || new Set(cells).size === 1) continue;
    const [part = "", subject = ""] = id.split("/");
    // Of a start the program matters, of a call what is asked for.
    const key = [part, part === "startup" ? subject : id.split("/").at(-1), ...cells].join("\n");
    const group = alike.get(key) ?? { ids: [], cells };
    group.ids.push(id);
    alike.set(key, group);
  }
  const rows = [...alike.values()]
    .map(({ ids, cells }) => {
      const [first = "", ...others] = ids.sort();
      const more = others.length === 0 ? "" : `, and ${others.length} more`;
      return [`${first}${more}`, ...cells];
    })
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return rows.length === 0
    ? `Of the cases that all versions have, each ends alike in ${listed(runs.map(({ version }) => version))}. What differs is the flags and gates that a version knows: see [Start-up](#start-up).`
    : `Flags and gates that only some know are under [Start-up](#start-up). Of all other cases these differ:\n\n${table(["case", ...runs.map(({ version }) => version)], rows)}`;
}

function told({ reality }: Case): string {
  return reality.outcome === "works" ? "works" : `\`${cell(withoutPlaces(reality.message))}\``;
}

/**
 * A message without what differs from run to run, or from one user of the matrix to another: the moment, a node's
 * address, the line of Kubernetes' source, a name that the matrix made up.
 */
function withoutPlaces(message: string): string {
  return comparable(message)
    .replace(/\buser=(?!system:)[\w-]+/, "user=...")
    .replace(/\w+\.go(:\d+)?\] ?/g, "")
    .replace(/10\.250\.\d+\.\d+|fd00:250::[\da-f:]*[\da-f]/g, "<address>");
}

/** Names by the versions that refuse them. */
export function unknownSettings(runs: readonly VersionRun[]): string {
  const refusing = new Map<string, string[]>();
  for (const { version, cases } of runs) {
    for (const { id, reality } of cases.filter(isSetting)) {
      if (reality.outcome === "works") continue;
      const [, program = "", name = ""] = id.split("/");
      const [what = "", setting = ""] = name.split(" ");
      const key = `${program} ${what}s`;
      const at = `${key}\n${setting}`;
      refusing.set(at, [...(refusing.get(at) ?? []), minorOf(version)]);
    }
  }
  const rows = new Map<string, string[]>();
  for (const [at, versions] of refusing) {
    const [key = "", setting = ""] = at.split("\n");
    const row = `${key}\n${versions.join(", ")}`;
    rows.set(row, [...(rows.get(row) ?? []), setting]);
  }
  return table(
    ["what", "refused by", "names"],
    [...rows]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([row, names]) => {
        const [key = "", versions = ""] = row.split("\n");
        return [key, versions, names.sort().join(", ")];
      }),
  );
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
