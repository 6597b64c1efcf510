/** A judgement as JSON (docs/judge.md). */
import { needsOfApiServer, needsOfKubelet } from "../trust/judge/needs.ts";
import { isOpenToUsers } from "../trust/judge/open.ts";
import { shownJson, withoutSecrets } from "../trust/words/shown.ts";
import type { Judgement, Pair } from "./judgement.ts";
import { needsAside } from "./one-sided.ts";

/** The first pair is told at the top, as if it were the only one; all of them under `pairs`. */
export function toJson(judgement: Judgement): string {
  const { pairs, kubelets, apiServers, calls, stoppedCallers, unread, assumptions, isAccepted } =
    judgement;
  const [first] = pairs;
  const document = {
    schema: "kubelet-trust/verdict/v1",
    accepted: isAccepted,
    ...(first && { kubernetesVersion: first.cluster.version }),
    assumptions,
    ...first?.verdict,
    pairs: pairs.map(pairOf),
    unpaired: [
      ...kubelets.map(({ label, facts, refusals, anyway }) => ({
        kubelet: label,
        refusals,
        ...anyway,
        needs: needsOfKubelet(facts),
      })),
      ...apiServers.map(({ apiServer: { facts, refusals } }) => ({
        apiserver: facts.label,
        refusals,
        needs: needsOfApiServer(facts),
      })),
      ...needsAside(judgement.oneSided).map(({ label, needs }) => ({ beside: label, needs })),
    ],
    callers: [
      ...stoppedCallers.map(({ piece }) => ({ caller: piece.label, refusal: piece.refusal?.says })),
      ...calls.map(({ caller, kubelet, outcome }) => ({
        caller: caller.piece.label,
        kubelet: kubelet.label,
        ...outcome,
      })),
    ],
    notRead: unread.map(({ missing, deciding, opens, origin }) => ({
      missing,
      deciding,
      ...(opens && { opens }),
      source: origin.source,
    })),
  };
  return jsonText(document);
}

/** A document as JSON, with no secret in its texts. */
export function jsonText(document: object): string {
  const text = JSON.stringify(
    document,
    (_, value: unknown) => (typeof value === "string" ? withoutSecrets(value) : value),
    2,
  );
  return shownJson(text);
}

function pairOf({ cluster, kubelet, apiServer, verdict, asIfStarted, isAccepted }: Pair) {
  const { name } = kubelet.facts.node;
  const refusals = { kubelet: kubelet.refusals, apiserver: apiServer.refusals };
  const stops = kubelet.refusals.length + apiServer.refusals.length > 0;
  return {
    kubelet: kubelet.label,
    ...(name.known && { node: name.value }),
    apiserver: apiServer.facts.label,
    accepted: isAccepted,
    kubernetesVersion: cluster.version,
    ...verdict,
    openToUsers: isOpenToUsers(kubelet.facts),
    refusals,
    ...(stops && { asIfStarted }),
  };
}
