/** The tables of docs/verdicts.md: every typical combination, judged. */

import { coherence } from "../trust/judge/coherence.ts";
import { judge } from "../trust/judge/judge.ts";
import { newestKnownVersion } from "../trust/kubernetes/version.ts";
import type { RbacFacts } from "../trust/words/facts.ts";
import { type Outcome, type RequestKind, works } from "../trust/words/verdict.ts";
import { apiServerStances, servingModes } from "../trust/words/vocabulary.ts";
import {
  at,
  bundles,
  type Combination,
  clientCombination,
  clients,
  dialled,
  doors,
  factsOf,
  grants,
  kubelets,
  requests,
  servingCombination,
} from "./verdicts-combinations.ts";

/** The whole page. The same every time: nothing in it depends on the clock. */
export function verdictsDocument(): string {
  return [
    "# Verdicts",
    "",
    "What kube-apiserver and a kubelet do to each other, as `judge` says it. Written by `npm run verdicts`;",
    "a test checks that it is current. The node of these tables is `node-1` with InternalIP `10.0.0.11`;",
    `Kubernetes is ${newestKnownVersion}.`,
    "",
    "## Serving mode and stance",
    "",
    "What `Cluster` allows, and what a user would see where it refuses.",
    "",
    table(["serving mode", ...apiServerStances], servingModes.map(coherenceRow)),
    "",
    "## Serving side",
    "",
    "By kubelet, by bundle of `--kubelet-certificate-authority`, and by what",
    "`--kubelet-preferred-address-types` makes kube-apiserver dial. `works` with an absent flag means: unverified.",
    "",
    ...dialled.flatMap(({ title, types }) => [
      `### ${title}`,
      "",
      table(
        ["kubelet", ...bundles.map(({ title: name }) => name)],
        kubelets.map((kubelet) => [
          kubelet.title,
          ...bundles.map((bundle) =>
            cell(servingOutcome(servingCombination(kubelet, bundle, types))),
          ),
        ]),
      ),
      "",
    ]),
    "## Client side",
    "",
    "By kube-apiserver's client certificate and by the kubelet's `clientCAFile`, `anonymous` and",
    "`authorization.mode`, for `kubectl logs`.",
    "",
    table(
      ["client certificate", ...doors.map(({ title }) => title)],
      clients.map((client) => [
        client.title,
        ...doors.map((door) => cell(clientOutcome(clientCombination(client, door), "logs"))),
      ]),
    ),
    "",
    "## Requests",
    "",
    "By what RBAC grants the client certificate's user, under `authorization.mode: Webhook`.",
    "",
    table(
      ["request", ...grants.map(({ title }) => title)],
      requests.map((kind) => [
        kind,
        ...grants.map((grant) => cell(grantOutcome(grant.rbac, kind))),
      ]),
    ),
    "",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(outcome: Outcome): string {
  if (works(outcome)) {
    return outcome.verdict === "verified" ? "verified" : "works";
  }
  if (outcome.verdict === "doesNotStart") {
    return "kubelet does not start";
  }
  const text = outcome.verdict === "fails" ? outcome.symptom : outcome.reason;
  return `\`${text.replace("tls: failed to verify certificate: ", "").replaceAll("\n", " ").replaceAll("|", "\\|")}\``;
}

function coherenceRow(mode: (typeof servingModes)[number]): string[] {
  return [
    mode,
    ...apiServerStances.map((stance) => {
      const answer = coherence(mode, stance);
      return answer.coherent
        ? "allowed"
        : `\`${answer.symptom.replace("tls: failed to verify certificate: ", "")}\``;
    }),
  ];
}

function servingOutcome(combination: Combination): Outcome {
  const { kubelet, apiserver } = factsOf(combination);
  return judge(kubelet, apiserver, { at }).serving;
}

const pod = { namespace: "default", name: "hello", container: "hello" };

function clientOutcome(combination: Combination, kind: RequestKind): Outcome {
  const { kubelet, apiserver } = factsOf(combination);
  return judge(kubelet, apiserver, { at, pod }).client[kind];
}

function grantOutcome(rbac: RbacFacts, kind: RequestKind): Outcome {
  const [, withoutOrganization = { title: "" }] = clients;
  const [door = { title: "", flags: [] }] = doors;
  return clientOutcome(clientCombination(withoutOrganization, door, rbac), kind);
}
