/**
 * Grafana Alloy (once the Agent's flow mode) as a caller of kubelets: `prometheus.scrape` of what `discovery.kubernetes`
 * finds with role `node`, by way of `discovery.relabel` or not.
 * Source: Grafana Alloy, reference of `prometheus.scrape`, `discovery.kubernetes` and `discovery.relabel`.
 */
import { known, unknown } from "../words/fact.ts";
import type { Format } from "./format.ts";
import type { CallerPiece, Origin } from "./piece.ts";
import { isUnknown } from "./placeholders.ts";

/** A block with a label: `prometheus.scrape "kubelet" { ... }`. */
type Block = {
  readonly component: string;
  readonly label: string;
  readonly body: string;
  readonly line: number;
};

export const alloy: Format = {
  name: "Grafana Alloy's configuration",
  about:
    "`prometheus.scrape` of targets that `discovery.kubernetes` finds with role `node`, over https: `tls_config` with `insecure_skip_verify` and `ca_file`, `bearer_token_file`; what goes through kube-apiserver's proxy calls no kubelet",
  recognises: (text) => /^[ \t]*(?:prometheus\.scrape|discovery\.kubernetes)[ \t]+"/m.test(text),
  read: (text, origin) => {
    const blocks = blocksOf(text);
    const ofNodes = nodeTargets(blocks);
    const pieces = blocks
      .filter(
        ({ component, body }) =>
          component === "prometheus.scrape" &&
          attribute(body, "scheme") === '"https"' &&
          namesIn(body).some((name) => ofNodes.has(name)),
      )
      .map((block) => caller(block, origin));
    return { pieces, inner: [], isHarmless: true };
  },
};

function blocksOf(text: string): Block[] {
  const found: Block[] = [];
  const opening = /^[ \t]*([a-z_]+(?:\.[a-z_]+)+)[ \t]+"([^"\n]*)"[ \t]*\{/gm;
  let line = 1;
  let counted = 0;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const start = opening.lastIndex;
    const end = endOf(text, start);
    line += text.slice(counted, match.index).split("\n").length - 1;
    counted = match.index;
    const [, component = "", label = ""] = match;
    found.push({ component, label, body: withoutComments(text.slice(start, end)), line });
    opening.lastIndex = end;
  }
  return found;
}

/** Where the block ends that is open here: texts and comments aside. */
function endOf(text: string, from: number): number {
  const token = /"(?:\\.|[^"\\\n])*"|`[^`]*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[{}]/g;
  token.lastIndex = from;
  let depth = 1;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === "{") depth += 1;
    if (match[0] === "}") depth -= 1;
    if (depth === 0) return match.index;
  }
  return text.length;
}

function withoutComments(body: string): string {
  return body.replace(/("(?:\\.|[^"\\\n])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, "$1");
}

/** What is written for an attribute, at whatever depth. */
function attribute(body: string, name: string): string | undefined {
  return new RegExp(`(?:^|[\\n{])[ \\t]*${name}[ \\t]*=[ \\t]*([^\\n]+?)[ \\t]*(?=\\n|\\}|$)`).exec(
    body,
  )?.[1];
}

/** Components whose targets a block takes: `discovery.kubernetes.nodes`. */
function namesIn(body: string): string[] {
  return [...body.matchAll(/\bdiscovery\.(?:kubernetes|relabel)\.\w+/g)].map(([name]) => name);
}

/** Components that give nodes out, directly or out of others. */
function nodeTargets(blocks: readonly Block[]): ReadonlySet<string> {
  const takers = new Map<string, string[]>();
  for (const { component, label, body } of blocks) {
    if (component !== "discovery.relabel" || /kubernetes\.default|\/proxy\//.test(body)) continue;
    for (const name of namesIn(body)) {
      const others = takers.get(name);
      if (others) others.push(`discovery.relabel.${label}`);
      else takers.set(name, [`discovery.relabel.${label}`]);
    }
  }
  const given = new Set<string>();
  const next = blocks
    .filter(
      ({ component, body }) =>
        component === "discovery.kubernetes" && attribute(body, "role") === '"node"',
    )
    .map(({ label }) => `discovery.kubernetes.${label}`);
  for (let name = next.pop(); name !== undefined; name = next.pop()) {
    if (given.has(name)) continue;
    given.add(name);
    next.push(...(takers.get(name) ?? []));
  }
  return given;
}

function caller({ label: name, body, line }: Block, origin: Origin): CallerPiece {
  const label = origin.secret
    ? `prometheus.scrape in ${origin.source.where}`
    : `prometheus.scrape "${name}"`;
  const token = textOf(attribute(body, "bearer_token_file") ?? attribute(body, "credentials_file"));
  const hasOther = /\b(?:bearer_token|credentials|basic_auth|oauth2|cert_file|cert_pem)\b/.test(
    body,
  );
  return {
    kind: "caller",
    program: "grafana-alloy",
    label,
    origin: { ...origin, source: { ...origin.source, line } },
    verification: verificationOf(body, label),
    ...(token !== undefined && !isUnknown(token) && { credential: { tokenFile: token } }),
    ...(token === undefined && !hasOther && { credential: "none" as const }),
  };
}

function verificationOf(body: string, label: string): CallerPiece["verification"] {
  const skip = attribute(body, "insecure_skip_verify");
  if (skip === "true") return known({ skip: true, key: "insecure_skip_verify" });
  if (skip !== undefined && skip !== "false") return unknown(`insecure_skip_verify of ${label}`);
  if (attribute(body, "ca_pem") !== undefined) {
    return unknown(`the certificates with which ${label} verifies`);
  }
  const written = attribute(body, "ca_file");
  const file = textOf(written);
  return (written !== undefined && file === undefined) || isUnknown(file ?? "")
    ? unknown(`ca_file of ${label}`)
    : known({ skip: false, caFile: file ?? "", key: "ca_file" });
}

/** A text as it is written; no other expression. */
function textOf(written: string | undefined): string | undefined {
  return /^"([^"]*)"$/.exec(written ?? "")?.[1];
}
