/** A diagnosis for people. */
import { X509Certificate } from "node:crypto";
import type { CertificateFacts } from "../../trust/words/facts.ts";
import { groupBy } from "../../trust/words/group-by.ts";
import { shown } from "../../trust/words/shown.ts";
import { works } from "../../trust/words/verdict.ts";
import { inOneLine, toText } from "../print.ts";
import type { Diagnosis, OpenRequest, SeenKubelet } from "./diagnosis.ts";

/** Names that are told of a group. */
const mostNames = 3;

/** The judgement as `judge` prints it, then what was seen, what is open, near its end, and out of sight. */
export function toLines(diagnosis: Diagnosis, title: string): string {
  const { judgement, likely, seen, requests, nearEnd, unseen } = diagnosis;
  return [
    shown(title),
    toText(judgement),
    ...section("likely", likelyLines(likely)),
    ...section("seen at the kubelets' ports", portLines(seen)),
    ...section("seen of kube-apiserver's calls (configz)", callLines(seen)),
    ...section("requests for serving certificates", requestLines(requests)),
    ...section(
      "certificates near their end",
      nearEnd.map(({ node, label, end }) => `${node}: ${label} ends ${dayOf(end)}`),
    ),
    ...section(
      "could not be seen",
      unseen.map(({ what, because }) => `${what}: ${because}`),
    ),
  ].join("\n");
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => shown(`  ${line}`))];
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** `worker-0, worker-1 and 998 more` */
function named(nodes: readonly string[]): string {
  const more = nodes.length - mostNames;
  const names = nodes.slice(0, mostNames).join(", ");
  return more > 0 ? `${names} and ${more} more` : names;
}

function grouped<T extends { readonly node: string }>(
  all: readonly T[],
  textOf: (one: T) => string,
): string[] {
  return [...groupBy(all, textOf)].map(
    ([text, same]) => `${named(same.map(({ node }) => node))}: ${text}`,
  );
}

/** What would be, if the bundle held what it likely does: never a verdict. */
function likelyLines(likely: Diagnosis["likely"]): string[] {
  return grouped(
    likely.map(({ pair, from }) => ({
      node: pair.kubelet.label,
      text: `if the bundle holds what ${from} does: ${
        works(pair.verdict.serving) ? pair.verdict.serving.verdict : inOneLine(pair)
      }`,
    })),
    ({ text }) => text,
  );
}

function portLines(seen: readonly SeenKubelet[]): string[] {
  return grouped(
    seen.filter(({ presented }) => presented !== undefined),
    ({ node, presented = [] }) => {
      const [leaf] = presented;
      if (leaf === undefined) return "no certificate (tls: internal error)";
      const issuer = issuerOf(leaf);
      return issuer === undefined || /@\d+$/.test(issuer)
        ? `signed by the kubelet itself, for ${namesOf(leaf).replaceAll(node, "the node's name")}`
        : `issued by ${issuer}`;
    },
  );
}

function namesOf({ dnsNames, ipAddresses }: CertificateFacts): string {
  const names = [dnsNames, ipAddresses].flatMap((fact) => (fact.known ? [...fact.value] : []));
  return names.join(", ") || "no name";
}

/** The issuer's common name, or its whole name where it has none. */
export function issuerOf({ der }: CertificateFacts): string | undefined {
  if (der === undefined) return undefined;
  const { issuer } = new X509Certificate(der);
  return /^CN=(.*)$/m.exec(issuer)?.[1] ?? issuer.replaceAll("\n", ", ");
}

function callLines(seen: readonly SeenKubelet[]): string[] {
  return grouped(
    seen.filter(({ called }) => called !== undefined),
    ({ called }) => {
      if (called === undefined) return "";
      if ("error" in called) return called.error;
      if ("silence" in called) return called.silence;
      return called.status < 400 ? "answered" : `${called.status} ${called.body ?? ""}`;
    },
  );
}

const states: Readonly<Record<OpenRequest["state"], string>> = {
  pending: "Pending",
  denied: "Denied",
  neverIssued: "Approved, and not signed",
};

function requestLines(requests: readonly OpenRequest[]): string[] {
  return requests.map(
    ({ name, node, created, state, because }) =>
      `${name} of ${node}, ${states[state]} since ${created.toISOString()}: ${because ?? unexplained[state]}`,
  );
}

const unexplained: Readonly<Record<OpenRequest["state"], string>> = {
  pending:
    "no approver of kubernetes.io/kubelet-serving is there; approve it yourself (kubectl certificate approve)",
  denied: "nobody says why",
  neverIssued: "no signer takes it up (kube-controller-manager's --cluster-signing flags)",
};
