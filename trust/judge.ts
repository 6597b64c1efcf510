import type { ApiServerFacts, KubeletFacts } from "./facts.ts";
import type { Outcome, RequestKind, Verdict } from "./verdict.ts";
import { requestKinds } from "./verdict.ts";

export type JudgeOptions = {
  /** The moment that certificates must be valid at. Default: now. */
  readonly at?: Date;
};

/** Says what would happen between one kubelet and one kube-apiserver. Pure; never throws. */
export function judge(
  kubelet: KubeletFacts,
  apiserver: ApiServerFacts,
  options: JudgeOptions = {},
): Verdict {
  void options;
  const outcome: Outcome = {
    verdict: "undecidable",
    reason: `Nothing is decided yet between ${kubelet.label} and ${apiserver.label}.`,
    remedies: [],
    sources: [],
    missing: ["a verdict"],
  };
  const all = Object.fromEntries(requestKinds.map((kind) => [kind, outcome])) as Record<
    RequestKind,
    Outcome
  >;
  return { serving: outcome, client: all, requests: all, openToAnyone: [] };
}
