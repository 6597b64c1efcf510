/** What a cluster's evidence comes to: the verdicts of the judge, and what stands beside them. */
import { endingOf } from "../../trust/certificates/ending.ts";
import { assemble } from "../../trust/cluster/assemble.ts";
import type { AssembledKubelet } from "../../trust/cluster/assembly.ts";
import { newestOf } from "../../trust/cluster/seen-requests.ts";
import { servedByFacts } from "../../trust/judge/serving.ts";
import type { RequestPiece } from "../../trust/readers/piece.ts";
import { valueOr } from "../../trust/words/fact.ts";
import type { CertificateFacts, SeenCall } from "../../trust/words/facts.ts";
import { type Judgement, judgeAll, type Pair } from "../judgement.ts";
import type { ClusterEvidence, Unseen } from "./evidence.ts";

/** A node's request that has not come to a certificate. */
export type OpenRequest = {
  /** The CertificateSigningRequest. */
  readonly name: string;
  readonly node: string;
  readonly created: Date;
  readonly state: "pending" | "denied" | "neverIssued";
  /** Why, where that is known. */
  readonly because: string | undefined;
};

/** A certificate near its end, and the nodes whose kubelets present it. */
export type NearEnd = { readonly node: string; readonly label: string; readonly end: Date };

/** What was seen of one kubelet. */
export type SeenKubelet = {
  readonly node: string;
  /** What its port presented: a chain, leaf first, or that it has none. */
  readonly presented?: readonly CertificateFacts[];
  readonly called?: SeenCall;
};

/** A pair that cannot be decided, and what it would be with what the bundle likely holds. */
export type Likely = { readonly pair: Pair; readonly from: string };

export type Diagnosis = {
  readonly judgement: Judgement;
  readonly likely: readonly Likely[];
  readonly seen: readonly SeenKubelet[];
  readonly requests: readonly OpenRequest[];
  readonly nearEnd: readonly NearEnd[];
  readonly unseen: readonly Unseen[];
};

/** Judges a cluster. Pure. */
export function diagnose(evidence: ClusterEvidence, at: Date): Diagnosis {
  const { pieces, options, likely, unseen, assumed } = evidence;
  const assembly = assemble(pieces, { ...options, at });
  const judged = judgeAll(assembly, at);
  const judgement = { ...judged, assumptions: [...judged.assumptions, ...assumed] };
  const kubelets = [
    ...assembly.clusters.flatMap((cluster) => cluster.kubelets),
    ...assembly.unpaired,
  ];
  return {
    judgement,
    likely: likely ? likelyPairs(judgement, evidence, at) : [],
    seen: kubelets.map(seenOf),
    requests: openRequests(
      pieces.filter((piece) => piece.kind === "request"),
      kubelets,
    ),
    nearEnd: kubelets.flatMap((kubelet) => nearEndOf(kubelet, at)),
    unseen,
  };
}

/** Pairs that are undecidable, as they would be if the bundle held what it likely does. */
function likelyPairs(
  { pairs }: Judgement,
  { pieces, options, likely }: ClusterEvidence,
  at: Date,
): readonly Likely[] {
  const open = new Set(
    pairs.filter(({ verdict }) => verdict.serving.verdict === "undecidable").map(keyOf),
  );
  if (open.size === 0 || likely === undefined) return [];
  const assembly = assemble([...pieces, ...likely.pieces], { ...options, at });
  return judgeAll(assembly, at)
    .pairs.filter((pair) => open.has(keyOf(pair)))
    .map((pair) => ({ pair, from: likely.from }));
}

function keyOf({ kubelet, apiServer }: Pair): string {
  return `${kubelet.label}\n${apiServer.facts.label}`;
}

function seenOf({ label, facts }: AssembledKubelet): SeenKubelet {
  const { presented } = facts.serving;
  const { called } = facts;
  return {
    node: valueOr(facts.node.name, label),
    ...(presented && { presented: "chain" in presented ? presented.chain : [] }),
    ...(called && { called }),
  };
}

function openRequests(
  pieces: readonly RequestPiece[],
  kubelets: readonly AssembledKubelet[],
): readonly OpenRequest[] {
  const newest = newestOf(pieces);
  return kubelets.flatMap(({ label, facts }): OpenRequest[] => {
    const node = valueOr(facts.node.name, label);
    const piece = newest.get(node);
    const request = valueOr(facts.serving.request, undefined);
    if (piece === undefined || request === undefined || request.state === "issued") return [];
    const name = piece.origin.source.where.replace(/^CertificateSigningRequest /, "");
    return [{ name, node, created: piece.created, state: request.state, because: request.because }];
  });
}

function nearEndOf({ label, facts }: AssembledKubelet, at: Date): NearEnd[] {
  const served = servedByFacts(facts, at);
  const [leaf] = served.known && served.value.kind === "chain" ? served.value.chain : [];
  // What is taken for granted has a made-up time.
  if (leaf?.der === undefined) return [];
  const near = endingOf(leaf, at);
  return near ? [{ node: valueOr(facts.node.name, label), label: leaf.label, end: near.end }] : [];
}
