/** Tables of docs/conformance.md about one version: what real programs answered. */
import type { Case } from "./case.ts";
import { isSetting } from "./document-versions.ts";
import { cell, table } from "./markdown.ts";
import { addressTypes, stances } from "./stances.ts";
import { otherVariants, selfSignedVariants } from "./variants.ts";

/** Short names of symptoms, by a text that only they have. */
export const symptoms: readonly (readonly [string, string])[] = [
  ["certificate signed by unknown authority", "unknown CA"],
  ["doesn't contain any IP SANs", "no IP SAN"],
  ["relies on legacy Common Name", "CN alone"],
  ["is not valid for any names", "no DNS SAN"],
  ["certificate is valid for", "other name"],
  ["has expired or is not yet valid", "validity"],
  ["incompatible key usage", "usage"],
  ["tls: internal error", "no certificate"],
  ["no such host", "no such host"],
  ["not authorized to sign for this name", "name constraint"],
  ["is not permitted by any constraint", "name constraint"],
  ["connection refused", "refused"],
  ["401 Unauthorized", "401"],
  ["403 Forbidden", "403"],
  ["no preferred addresses found", "no address"],
  ["no address matched types", "no address"],
  ["cannot use both", "does not start"],
];

const variants = [...selfSignedVariants, ...otherVariants];

/** Kubelets by the bundles that they are verified with. */
export function servingTable(cases: readonly Case[]): string {
  const rows = variants.map(({ name, says }) => [
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

/** How many requests each kubelet grants each kube-apiserver. */
export function clientTable(cases: readonly Case[]): string {
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

/** How many requests each kubelet grants who calls it directly. */
export function directTable(cases: readonly Case[]): string {
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

/** What metrics-server and Prometheus say of each kubelet. */
export function callersTable(cases: readonly Case[]): string {
  const all = cases.filter(({ part }) => part === "callers");
  const callers = unique(all.map(({ caller }) => caller ?? ""));
  // They end in any order.
  const asked = variants.filter(({ says }) => all.some(({ kubelet }) => kubelet === says));
  const rows = asked.map(({ says: kubelet }) => [
    kubelet,
    ...callers.map((caller) =>
      short(all.find((one) => one.kubelet === kubelet && one.caller === caller)),
    ),
  ]);
  return table(["kubelet", ...callers], rows);
}

/** What the columns of {@link clientTable} are. */
export function columnsOf(cases: readonly Case[]): string {
  const clients = clientsOf(cases.filter(({ part }) => part === "client"));
  return clients.map((says, index) => `${index + 1}. ${says}`).join("\n");
}

function clientsOf(cases: readonly Case[]): string[] {
  return unique(cases.map(({ apiserver }) => apiserver ?? "")).sort();
}

/** What each program makes of each setting. */
export function startupTable(cases: readonly Case[]): string {
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
  return cell(/err="(.*)"$/.exec(message)?.[1] ?? /err=<\n\s*(.*)/s.exec(message)?.[1] ?? message);
}

function short(one: Case | undefined): string {
  if (one === undefined) return "not run";
  if (one.reality.outcome === "works") return "works";
  return (
    symptoms.find(([text]) => one.reality.message.includes(text))?.[1] ?? cell(one.reality.message)
  );
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
