/**
 * docs/conformance.md, from the cases of the last run of each Kubernetes version.
 */

import { etcdVersion } from "../../toolchain/kubernetes/programs.ts";
import { minorOf } from "./arguments.ts";
import { type Case, comparable } from "./case.ts";
import { addressTypes, stances } from "./stances.ts";
import { otherVariants, selfSignedVariants } from "./variants.ts";

/** Short names of symptoms, by a text that only they have. */
const symptoms: readonly (readonly [string, string])[] = [
  ["certificate signed by unknown authority", "unknown CA"],
  ["doesn't contain any IP SANs", "no IP SAN"],
  ["relies on legacy Common Name", "CN alone"],
  ["is not valid for any names", "no DNS SAN"],
  ["certificate is valid for", "other name"],
  ["has expired or is not yet valid", "validity"],
  ["incompatible key usage", "usage"],
  ["tls: internal error", "no certificate"],
  ["no such host", "no such host"],
];

/** The last long run of a Kubernetes version. */
export type VersionRun = {
  /** Without the `v`. */
  readonly version: string;
  /** Day of the run, e.g. `2026-11-24`. */
  readonly date: string;
  readonly cases: readonly Case[];
};

/** The page, from one run a version, the oldest first. */
export function document(runs: readonly VersionRun[]): string {
  const newest = runs.at(-1);
  if (newest === undefined) throw new Error("there is no run to write about");
  const { cases } = newest;
  return `# Conformance: the verdict against real programs

\`npm run lab -- conformance\` sets real programs up, case by case, lets \`judge\` say what will happen from the very
files and arguments they are given, then asks them, and compares word by word: the outcome, the HTTP status and the
message. It ends with the number of agreements and exits with 1 when there is a disagreement.
\`--kubernetes ${runs.map(({ version }) => minorOf(version)).join("|")}\` takes the programs of that version, each built from source the first time (about five
minutes of two cores), and judges by that version's tables and words; without it, the newest.
\`npm run lab -- conformance short\` is the choice that \`npm test\` runs, of the newest version: every serving mode under
every stance, and every symptom, once. \`npm run lab -- conformance document\` writes this page from the last runs.

It needs what the lab needs (see [lab.md](lab.md)), about 9 GB of memory and, on 2 cores, some minutes. Each case is one
JSON line in \`conformance-MINOR.jsonl\`: \`judge\` has the verdict, \`reality\` the answer. What is unknown beforehand is
left out of the comparison: the current time in a message about validity, and the resolver's address.

## Last runs

With etcd ${etcdVersion}, on Linux with 2 cores. A cell has the agreements and the cases.

${runsTable(runs)}

## What changed between the versions

${differences(runs)}

## Serving side

As of ${newest.version}. Each kubelet, with a real pod, is asked for its logs through each kube-apiserver. A cell says what
came of \`--kubelet-preferred-address-types\` ${addressTypes.map(({ flag }) => (flag === undefined ? "absent" : `\`${flag}\``)).join(", ")}, in
this order, or once when all agree. Columns are the content of \`--kubelet-certificate-authority\`.

${servingTable(cases)}

What stands for what: ${symptoms.map(([text, name]) => `*${name}*: \`${text}\``).join("; ")}.

## Client side

As of ${newest.version}.

${clientTable(cases)}

The number of request kinds that work, of the eight that are asked: logs, exec by WebSocket, exec by SPDY, metrics,
stats, pods, healthz, configz. Rows are kubelets, columns kube-apiservers:

${columnsOf(cases)}

## Past kube-apiserver

As of ${newest.version}, straight to the kubelets of the table above: how many of seven requests work (logs, exec by SPDY,
metrics, stats, pods, healthz, configz).

${directTable(cases)}

## Start-up

As of ${newest.version}: half-given and mismatched pairs, files that are missing, empty or no PEM, fields of the wrong type, and
settings that look wrong and start all the same.

${startupTable(cases)}

Beside these, each program is started with every flag and feature gate that one of the versions does not know, or that is
gone longer:

${unknownSettings(runs)}
`;
}

const parts = ["serving", "client", "direct", "startup"] as const;

function runsTable(runs: readonly VersionRun[]): string {
  const count = (cases: readonly Case[]) =>
    `${cases.filter(({ agrees }) => agrees).length}/${cases.length}`;
  return table(
    [
      "Kubernetes",
      "run on",
      "serving side",
      "client side",
      "past kube-apiserver",
      "start-up",
      "in all",
    ],
    runs.map(({ version, date, cases }) => [
      version,
      date,
      ...parts.map((part) => count(cases.filter((one) => one.part === part))),
      count(cases),
    ]),
  );
}

/** A flag or gate by itself: {@link unknownSettings} has them. */
function isSetting({ id }: Case): boolean {
  return /^startup\/[\w-]+\/(flag|gate) \w[\w-]*$/.test(id);
}

/** Cases that end otherwise in one version than in another. */
function differences(runs: readonly VersionRun[]): string {
  const answers = new Map<string, Map<string, Case>>();
  for (const { version, cases } of runs) {
    for (const one of cases.filter((each) => !isSetting(each))) {
      answers.set(one.id, (answers.get(one.id) ?? new Map()).set(version, one));
    }
  }
  const told = ({ reality }: Case) =>
    reality.outcome === "works" ? "works" : `\`${told160(withoutPlaces(reality.message))}\``;
  const rows = [...answers]
    .map(([id, byVersion]) => [
      id,
      ...runs.map(({ version }) => {
        const one = byVersion.get(version);
        return one === undefined ? "not run" : told(one);
      }),
    ])
    .filter(([, ...cells]) => new Set(cells).size > 1)
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return rows.length === 0
    ? `Of the cases that all versions have, each ends alike in ${listed(runs.map(({ version }) => version))}. What differs is the flags and gates that a version knows: see [Start-up](#start-up).`
    : `Flags and gates that only some know are under [Start-up](#start-up). Of all other cases these differ:\n\n${table(["case", ...runs.map(({ version }) => version)], rows)}`;
}

/** A message without what differs from run to run: the moment, and the line of Kubernetes' source. */
function withoutPlaces(message: string): string {
  return comparable(message).replace(/\w+\.go:\d+\]/g, "");
}

/** Names by the versions that refuse them. */
function unknownSettings(runs: readonly VersionRun[]): string {
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

function servingTable(cases: readonly Case[]): string {
  const rows = [...selfSignedVariants, ...otherVariants].map(({ name, says }) => [
    says,
    ...stances.map((stance) => {
      const cells = addressTypes.map((types) =>
        short(cases.find(({ id }) => id === `serving/${name}/${stance.name}@${types.name}`)),
      );
      return new Set(cells).size === 1 ? (cells[0] ?? "") : cells.join(", ");
    }),
  ]);
  return table(["kubelet", ...stances.map(({ says }) => says)], rows);
}

function clientTable(cases: readonly Case[]): string {
  const all = cases.filter(({ part }) => part === "client");
  const kubelets = unique(all.map(({ kubelet }) => kubelet ?? "")).sort();
  const clients = clientsOf(all);
  const rows = kubelets.map((kubelet) => [
    kubelet,
    ...clients.map((apiserver) => {
      const pair = all.filter((one) => one.kubelet === kubelet && one.apiserver === apiserver);
      return String(pair.filter(({ reality }) => reality.outcome === "works").length);
    }),
  ]);
  return table(["kubelet", ...clients.map((_, index) => String(index + 1))], rows);
}

function directTable(cases: readonly Case[]): string {
  const all = cases.filter(({ part }) => part === "direct");
  const callers = unique(all.map(({ caller }) => caller ?? ""));
  const rows = unique(all.map(({ kubelet }) => kubelet ?? ""))
    .sort()
    .map((kubelet) => [
      kubelet,
      ...callers.map((caller) => {
        const asked = all.filter((one) => one.kubelet === kubelet && one.caller === caller);
        return String(asked.filter(({ reality }) => reality.outcome === "works").length);
      }),
    ]);
  return table(["kubelet", ...callers], rows);
}

function columnsOf(cases: readonly Case[]): string {
  const clients = clientsOf(cases.filter(({ part }) => part === "client"));
  return clients.map((says, index) => `${index + 1}. ${says}`).join("\n");
}

function clientsOf(cases: readonly Case[]): string[] {
  return unique(cases.map(({ apiserver }) => apiserver ?? "")).sort();
}

function startupTable(cases: readonly Case[]): string {
  const rows = cases
    .filter((one) => one.part === "startup" && !isSetting(one))
    // They end in any order.
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, reality }) => {
      const [, program = "", ...name] = id.split("/");
      const said = reality.outcome === "works" ? "starts" : `\`${lastPart(reality.message)}\``;
      return [program, name.join("/"), said];
    });
  return table(["program", "case", "what it does"], rows);
}

function lastPart(message: string): string {
  return told160(/err="(.*)"$/.exec(message)?.[1] ?? message);
}

/** In a cell of a table. */
function told160(text: string): string {
  return text.replaceAll('\\"', '"').replaceAll("|", "\\|").slice(0, 160);
}

function short(one: Case | undefined): string {
  if (one === undefined) return "not run";
  if (one.reality.outcome === "works") return "works";
  return symptoms.find(([text]) => one.reality.message.includes(text))?.[1] ?? one.reality.message;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
