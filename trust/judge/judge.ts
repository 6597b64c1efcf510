/** The verdict: what would happen between one kubelet and one kube-apiserver. */
import { valueOr } from "../words/fact.ts";
import type { ApiServerFacts, KubeletFacts } from "../words/facts.ts";
import type { Outcome, RequestKind, Verdict } from "../words/verdict.ts";
import { requestKinds, works } from "../words/verdict.ts";
import { type ClientJudgement, type ClientResult, judgeClient } from "./client.ts";
import { authenticationRemedies } from "./client-remedies.ts";
import { clientSituation } from "./client-situation.ts";
import { type OpenPorts, openTo, readOnlyRemedies } from "./direct.ts";
import { openInDoubt } from "./open-in-doubt.ts";
import type { JudgeOptions } from "./options.ts";
import { withSymptom } from "./outcome.ts";
import { clientAsSeen, supposedKubelet } from "./seen-client.ts";

import { joinHostPort, judgeServing, type ServingResult } from "./serving.ts";
import { anyPod, connectionSeen, type PodReference } from "./symptoms.ts";

/**
 * Says what would happen between one kubelet and one kube-apiserver. Pure; never throws.
 *
 * @param options the moment that certificates must be valid at (default: now), and the pod that symptoms name
 *
 * @example
 * const files: HostFiles = (path) => unknown(`the content of ${path}`);
 * const [kubelet, apiserver] = readShell(
 *   "kubelet --kubeconfig=/kubeconfig\nkube-apiserver --kubelet-certificate-authority=/ca.crt",
 *   { where: "start.sh" },
 * ).commandLines;
 * const { serving } = judge(
 *   kubeletFacts({
 *     label: "node-1",
 *     version: known("1.37.2"),
 *     commandLine: kubelet,
 *     node: {
 *       hostName: known("node-1"),
 *       name: known("node-1"),
 *       addresses: known([{ type: "InternalIP", address: "10.0.0.11" }]),
 *     },
 *     request: unknown("what becomes of the certificate request"),
 *     files,
 *   }),
 *   apiServerFacts({
 *     label: "kube-apiserver",
 *     version: known("1.37.2"),
 *     commandLine: apiserver,
 *     skip: known(undefined),
 *     rbac: known({ roles: [], bindings: [] }),
 *     files,
 *   }),
 * );
 * // undecidable: the content of /ca.crt
 */
export function judge(
  kubelet: KubeletFacts,
  apiserver: ApiServerFacts,
  options: JudgeOptions = {},
): Verdict {
  const at = options.at ?? new Date();
  const pod = options.pod ?? anyPod;
  const serving = judgeServing(kubelet, apiserver, at);
  const client = judgeClient(kubelet, apiserver, apiserver, { at, pod });
  const open = openTo(kubelet, apiserver, at);
  const { called } = kubelet;
  const supposed =
    called && "status" in called && called.status >= 400
      ? judgeClient(
          supposedKubelet(kubelet, called, client.call?.credential),
          apiserver,
          apiserver,
          { at, pod },
        )
      : undefined;
  const seen = { ...client, ...(supposed && { supposed }) };
  const of = (kind: RequestKind) =>
    called ? clientAsSeen(client.of(kind), kind, called, seen, { kubelet, pod }) : client.of(kind);
  const results = byKind((kind) => unlessOpen({ ...client, of }, kind, open.toAnyone.get(kind)));
  return {
    serving: serving.outcome,
    client: byKind((kind) => results[kind].outcome),
    requests: byKind((kind) => request(kind, serving, results[kind], kubelet, pod)),
    openToAnyone: requestKinds.filter((kind) => open.toAnyone.has(kind)),
    openToAuthenticated: open.toAuthenticated,
    openToServiceAccounts: open.toServiceAccounts,
    openThroughApiServer: open.throughApiServer,
    openInDoubt: openInDoubt(kubelet, apiserver, open),
  };
}

/** A credential counts for nothing where anyone gets in without one. */
function unlessOpen(
  { of, call }: ClientJudgement,
  kind: RequestKind,
  ports: OpenPorts | undefined,
): ClientResult {
  const result = of(kind);
  const { outcome } = result;
  if (ports === undefined || call === undefined || !works(outcome)) return result;
  const where = [
    ...(ports.secure ? ["without a credential"] : []),
    ...(ports.readOnly ? ["at the read-only port"] : []),
  ];
  return {
    outcome: {
      verdict: "silentlySkipped",
      cause: "open-to-anyone",
      reason: `${outcome.reason} Anyone who reaches it gets the same ${where.join(" and ")}.`,
      remedies: ports.secure
        ? authenticationRemedies({ ...clientSituation(call), isReadOnlyOpen: ports.readOnly })
        : readOnlyRemedies,
      sources: outcome.sources,
    },
  };
}

function byKind<T>(make: (kind: RequestKind) => T): Record<RequestKind, T> {
  return Object.fromEntries(requestKinds.map((kind) => [kind, make(kind)])) as Record<
    RequestKind,
    T
  >;
}

/** Both sides together: the serving side speaks first, as it does in the handshake. */
function request(
  kind: RequestKind,
  serving: ServingResult,
  client: ClientResult,
  kubelet: KubeletFacts,
  pod: PodReference,
): Outcome {
  const port = valueOr(kubelet.authentication.port, 10250);
  const host = serving.dial?.host.text ?? "<node>";
  const seen = (error: string) => connectionSeen(kind, error, host, port, pod);
  if (serving.outcome.verdict === "fails") {
    if (serving.silent) return serving.outcome;
    const { symptom, httpStatus } = serving.bare
      ? { symptom: serving.outcome.symptom, httpStatus: 500 }
      : seen(serving.outcome.symptom);
    return withSymptom(serving.outcome, symptom, httpStatus);
  }
  if (serving.outcome.verdict === "doesNotStart" && serving.outcome.program === "kubelet") {
    const ip = serving.dial?.ip ?? "<node IP>";
    const { symptom, httpStatus } = seen(
      `dial tcp ${joinHostPort(ip, port)}: connect: connection refused`,
    );
    return withSymptom(serving.outcome, symptom, httpStatus);
  }
  if (!works(serving.outcome)) {
    return serving.outcome;
  }
  if (client.connection !== undefined) {
    const { symptom, httpStatus } = seen(client.connection);
    return withSymptom(client.outcome, symptom, httpStatus);
  }
  // What works is as good as its weaker side.
  return works(client.outcome) && client.outcome.verdict === "verified"
    ? serving.outcome
    : client.outcome;
}
