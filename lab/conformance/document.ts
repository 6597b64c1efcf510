/**
 * docs/conformance.md, from the cases of the last run.
 */

import { etcdVersion, kubernetesVersion } from "../../toolchain/kubernetes/programs.ts";
import type { Case } from "./case.ts";
import { describe, type Summary } from "./report.ts";
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

/** The page. `date` is the day of the run, e.g. `2026-11-24`. */
export function document(summary: Summary, date: string): string {
  return `# Conformance: the verdict against real programs

\`npm run lab -- conformance\` sets real programs up, case by case, lets \`judge\` say what will happen from the very
files and arguments they are given, then asks them, and compares word by word: the outcome, the HTTP status and the
message. It ends with the number of agreements and exits with 1 when there is a disagreement.
\`npm run lab -- conformance short\` is the choice that \`npm test\` runs: every serving mode under every stance, and
every symptom, once. \`npm run lab -- conformance document\` writes this page from the last run.

It needs what the lab needs (see [lab.md](lab.md)), about 9 GB of memory and, on 2 cores, two minutes. Each case is one JSON
line in \`conformance.jsonl\`: \`judge\` has the verdict, \`reality\` the answer. What is unknown beforehand is
left out of the comparison: the current time in a message about validity, and the resolver's address.

## Last run

${date}, Kubernetes ${kubernetesVersion}, etcd ${etcdVersion}, Linux on 2 cores:

\`\`\`
${describe(summary).join("\n")}
\`\`\`

## Serving side

Each kubelet, with a real pod, is asked for its logs through each kube-apiserver. A cell says what came of
\`--kubelet-preferred-address-types\` ${addressTypes.map(({ flag }) => (flag === undefined ? "absent" : `\`${flag}\``)).join(", ")}, in
this order, or once when all agree. Columns are the content of \`--kubelet-certificate-authority\`.

${servingTable(summary.cases)}

What stands for what: ${symptoms.map(([text, name]) => `*${name}*: \`${text}\``).join("; ")}.

## Client side

${clientTable(summary.cases)}

The number of request kinds that work, of the eight that are asked: logs, exec by WebSocket, exec by SPDY, metrics,
stats, pods, healthz, configz. Rows are kubelets, columns kube-apiservers:

${columnsOf(summary.cases)}

## Start-up

Every flag and feature gate that \`trust/\` knows to be gone from ${kubernetesVersion}, half-given and mismatched pairs, files that
are missing, empty or no PEM, fields of the wrong type, and settings that look wrong and start all the same.

${startupTable(summary.cases)}
`;
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

function columnsOf(cases: readonly Case[]): string {
  const clients = clientsOf(cases.filter(({ part }) => part === "client"));
  return clients.map((says, index) => `${index + 1}. ${says}`).join("\n");
}

function clientsOf(cases: readonly Case[]): string[] {
  return unique(cases.map(({ apiserver }) => apiserver ?? "")).sort();
}

function startupTable(cases: readonly Case[]): string {
  const rows = cases
    .filter(({ part }) => part === "startup")
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
  const error = /err="(.*)"$/.exec(message)?.[1] ?? message;
  return error.replaceAll('\\"', '"').replaceAll("|", "\\|").slice(0, 160);
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
