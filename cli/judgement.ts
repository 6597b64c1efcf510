/** What comes of the evidence: a verdict for each kubelet and each kube-apiserver that could call it. */
import { asGiven } from "../trust/cluster/as-given.ts";
import type {
  AssembledApiServer,
  AssembledCaller,
  AssembledCluster,
  AssembledKubelet,
  Assembly,
  OneSided,
  UnpairedKubelet,
} from "../trust/cluster/assembly.ts";
import { type Anyway, judgeAnyway } from "../trust/judge/anyway.ts";
import { type CallerOutcome, judgeCaller } from "../trust/judge/caller.ts";
import { judgeCallerToken } from "../trust/judge/caller-token.ts";
import { judge } from "../trust/judge/judge.ts";
import { isOpenToUsers, openedByAuthorizer } from "../trust/judge/open.ts";
import type { UnreadPiece } from "../trust/readers/piece.ts";
import type { RequestKind, Verdict, VerdictWord } from "../trust/words/verdict.ts";

/** A kubelet, a kube-apiserver, and what would happen. */
export type Pair = {
  readonly cluster: AssembledCluster;
  readonly kubelet: AssembledKubelet;
  readonly apiServer: AssembledApiServer;
  readonly verdict: Verdict;
  /** What would be once everything that keeps a program from starting is mended. */
  readonly asIfStarted: Verdict;
  readonly isAccepted: boolean;
};

/** Another program that calls a kubelet, and what would happen. */
export type Call = {
  readonly caller: AssembledCaller;
  readonly kubelet: AssembledKubelet;
  readonly outcome: CallerOutcome;
};

export type Judgement = {
  /** The worst first. */
  readonly pairs: readonly Pair[];
  /** Kubelets whose kube-apiserver was not given, and what is certain of them all the same. */
  readonly kubelets: readonly (UnpairedKubelet & { readonly anyway: Anyway })[];
  /** kube-apiservers whose kubelets were not given. */
  readonly apiServers: readonly {
    readonly apiServer: AssembledApiServer;
    readonly version: string;
  }[];
  /** What stands around them, where no kube-apiserver of its cluster was given. */
  readonly oneSided: readonly OneSided[];
  /** Other callers that do not start. */
  readonly stoppedCallers: readonly Pick<AssembledCaller, "piece">[];
  /** What other programs than kube-apiserver get; those that do not start make no calls. */
  readonly calls: readonly Call[];
  readonly unread: readonly UnreadPiece[];
  readonly assumptions: readonly string[];
  readonly isAccepted: boolean;
};

/** Judges each pair. */
export function judgeAll(assembly: Assembly, at: Date | undefined): Judgement {
  const pairs = assembly.clusters
    .flatMap((cluster) =>
      cluster.kubelets.flatMap((kubelet) =>
        cluster.apiServers.map((apiServer) => judgePair(cluster, kubelet, apiServer, at)),
      ),
    )
    .sort((a, b) => Number(a.isAccepted) - Number(b.isAccepted));
  const lonely = assembly.clusters
    .filter(({ kubelets }) => kubelets.length === 0)
    .flatMap(({ apiServers, version }) => apiServers.map((apiServer) => ({ apiServer, version })));
  const calls = assembly.clusters.flatMap((cluster) => callsOf(cluster, at));
  const callers = assembly.clusters.flatMap((cluster) => cluster.callers);
  const unread = [...assembly.clusters.flatMap((cluster) => cluster.unread), ...assembly.unread];
  return {
    pairs,
    kubelets: assembly.unpaired.map((kubelet) => ({
      ...kubelet,
      anyway: judgeAnyway(kubelet.facts, at),
    })),
    apiServers: lonely,
    oneSided: assembly.oneSided,
    calls,
    stoppedCallers: [
      ...callers,
      ...assembly.oneSided.flatMap((one) => one.callers.map((piece) => ({ piece }))),
    ].filter(({ piece }) => piece.refusal !== undefined),
    unread,
    assumptions: [
      ...new Set([
        ...assembly.clusters.flatMap(({ assumptions }) => assumptions),
        ...assembly.assumptions,
      ]),
    ],
    isAccepted:
      pairs.length > 0 &&
      pairs.every(({ isAccepted }) => isAccepted) &&
      assembly.unpaired.length === 0 &&
      lonely.length === 0 &&
      calls.every(({ outcome }) => isMeant(outcome.verdict)) &&
      callers.every(({ piece }) => piece.refusal === undefined) &&
      !unread.some(({ deciding }) => deciding),
  };
}

function callsOf(
  { callers, kubelets, apiServers, files }: AssembledCluster,
  at: Date | undefined,
): readonly Call[] {
  return callers
    .filter(({ piece }) => piece.refusal === undefined)
    .flatMap((caller) =>
      kubelets.flatMap((kubelet) =>
        [
          judgeCaller(kubelet.facts, caller, files, at ?? new Date()),
          judgeCallerToken(
            kubelet.facts,
            caller,
            apiServers.map(({ facts }) => facts),
            at ?? new Date(),
          ),
        ].flatMap((outcome) => (outcome ? [{ caller, kubelet, outcome }] : [])),
      ),
    );
}

function isMeant(verdict: VerdictWord): boolean {
  return verdict === "verified" || verdict === "skipped";
}

function judgePair(
  cluster: AssembledCluster,
  kubelet: AssembledKubelet,
  apiServer: AssembledApiServer,
  at: Date | undefined,
): Pair {
  const options = at ? { at } : {};
  const asIfStarted = judge(kubelet.facts, apiServer.facts, options);
  const verdict = judge(asGiven(kubelet), asGiven(apiServer), options);
  const isAccepted =
    kubelet.refusals.length === 0 &&
    apiServer.refusals.length === 0 &&
    isFine(verdict) &&
    verdict.openInDoubt.length === 0 &&
    !isOpenToUsers(kubelet.facts) &&
    openedByAuthorizer(verdict, kubelet.facts, apiServer.facts).length === 0;
  return { cluster, kubelet, apiServer, verdict, asIfStarted, isAccepted };
}

/** The kinds that must work for a pair to be accepted. */
const needed: readonly RequestKind[] = ["logs", "exec", "metrics"];

/** It works, what is not verified is meant, and no one gets in without a credential. */
function isFine({ serving, client, requests, openToAnyone }: Verdict): boolean {
  return (
    [serving, ...needed.flatMap((kind) => [client[kind], requests[kind]])].every(({ verdict }) =>
      isMeant(verdict),
    ) && openToAnyone.every((kind) => kind === "healthz")
  );
}
