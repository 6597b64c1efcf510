/** kubelet-client-authentication: the kubelet must let kube-apiserver in, and nobody else. */

import { causeOf } from "../../trust/judge/cause.ts";
import { doubtOf, isOpenToUsers, openedByAuthorizer } from "../../trust/judge/open.ts";
import { groupBy } from "../../trust/words/group-by.ts";
import type { Opening } from "../../trust/words/opening.ts";
import type { Outcome, RequestKind, Verdict } from "../../trust/words/verdict.ts";
import { judgingProperties } from "../config.ts";
import type { Gap } from "../evidence/index.ts";
import type { Spec } from "../policy.ts";
import { authenticationSettings, credentialSettings, withoutNode } from "../report/cause.ts";
import type { Finding } from "../report/finding.ts";
import type { Analysis, ApiServer, Judged, Unpaired } from "../stack/analysis.ts";
import { callersShutOut } from "./callers.ts";

export const kubeletClientAuthentication: Spec = {
  name: "kubelet-client-authentication",
  displayName: "kubelets let kube-apiserver in, and nobody else",
  description:
    "kube-apiserver must have a client certificate that kubelets accept and RBAC allows, and strangers must have nothing.",
  enforcementLevel: "mandatory",
  severity: "critical",
  remediationSteps:
    "Set --kubelet-client-certificate and --kubelet-client-key of kube-apiserver to a clientAuth certificate of a CA in the kubelets' authentication.x509.clientCAFile, bind its user to system:kubelet-api-admin, and keep authentication.anonymous.enabled: false with authorization.mode: Webhook.",
  tags: ["kubelet", "authentication", "rbac"],
  properties: judgingProperties,
  find: (analysis, _config, now) => [
    ...analysis.judged.flatMap((judged) =>
      judged.verdicts.flatMap(({ apiServer, verdict }) => [
        ...shutOut(judged, apiServer, verdict.client),
        ...openToStrangers(judged, apiServer.facts.label, verdict.openToAnyone),
        ...openToAllUsers(judged, verdict.openToAnyone),
        ...openedByOthers(judged, apiServer, verdict),
        ...perhapsOpen(judged, verdict),
      ]),
    ),
    ...analysis.judged.flatMap((judged) => callersShutOut(judged, now)),
    ...analysis.unpaired
      .map(alone)
      .flatMap((kubelet) => [
        ...openToStrangers(kubelet, "kube-apiserver", kubelet.anyway.openToAnyone),
        ...openToAllUsers(kubelet, kubelet.anyway.openToAnyone),
      ]),
    ...analysis.evidence.gaps.flatMap((gap) =>
      gap.opens ? [opened(gap, gap.opens, analysis)] : [],
    ),
  ],
};

/** A kubelet in a cluster, or one of which the cluster is not known. */
type Kubelet = Pick<Judged, "found" | "facts"> & {
  readonly cluster: Pick<Judged["cluster"], "key" | "name">;
};

function alone(unpaired: Unpaired): Unpaired & Kubelet {
  const { place } = unpaired;
  const name = place.in === "elsewhere" ? place.cluster : undefined;
  return { ...unpaired, cluster: { key: `unpaired ${name ?? ""}`, name } };
}

/** What users and their tools ask of kubelets through kube-apiserver, in the order in which they would notice. */
const askedFor: readonly RequestKind[] = [
  "logs",
  "exec",
  "attach",
  "portForward",
  "proxy",
  "metrics",
  "stats",
];

function shutOut(
  judged: Judged,
  apiServer: ApiServer,
  client: Readonly<Record<RequestKind, Outcome>>,
): Finding[] {
  const failing = askedFor.filter((kind) =>
    ["fails", "undecidable"].includes(client[kind].verdict),
  );
  return [...groupBy(failing, (kind) => causeOf(client[kind]))].flatMap(([, kinds]) => {
    const [first] = kinds;
    return first === undefined ? [] : [refused(judged, apiServer, kinds, client[first])];
  });
}

function refused(
  judged: Judged,
  apiServer: ApiServer,
  kinds: readonly RequestKind[],
  outcome: Outcome,
): Finding {
  const settings = [authenticationSettings(judged.facts), credentialSettings(apiServer.facts)];
  const what =
    outcome.verdict === "undecidable"
      ? `nobody can tell whether it will let kube-apiserver in (${kinds.join(", ")}).`
      : `it will not let kube-apiserver in (${kinds.join(", ")}).`;
  return {
    ...subject(judged),
    cause: withoutNode(judged, [what, outcome.reason, judged.cluster.key, ...settings].join("\n")),
    what,
    settings,
    sources: outcome.sources.length > 0 ? outcome.sources : [judged.found.source],
    symptom: outcome.verdict === "fails" ? outcome.symptom : undefined,
    reason: outcome.reason,
    assumed: judged.cluster.assumptions,
    remedies:
      outcome.verdict === "undecidable"
        ? [supplying(outcome.missing)]
        : outcome.remedies.map(({ side, text }) => `(${side}) ${text}`),
  };
}

function supplying(missing: readonly string[]): string {
  return `Supply ${missing.join("; ")}: as a plain value or a resource of this stack, or in the policy's configuration (files, apiServers).`;
}

function openToStrangers(
  judged: Kubelet,
  apiServer: string,
  kinds: readonly RequestKind[],
): Finding[] {
  const { anonymous, authorizationMode, readOnlyPort } = judged.facts.authentication;
  // /healthz on the read-only port and to anybody is no secret.
  const open = kinds.filter((kind) => kind !== "healthz");
  if (open.length === 0) return [];
  const settings = [authenticationSettings(judged.facts)];
  const what = `anyone who reaches it gets in without a credential (${open.join(", ")}).`;
  const isAnonymous = anonymous.known && anonymous.value;
  const allowsAll = authorizationMode.known && authorizationMode.value === "AlwaysAllow";
  const isReadOnlyOpen = readOnlyPort.known && readOnlyPort.value > 0;
  const ways = [
    ...(isAnonymous ? ["anonymous requests are let in and allowed"] : []),
    ...(isReadOnlyOpen ? ["the read-only port is open"] : []),
  ].join(", and ");
  const mended = [
    ...(isAnonymous ? ["authentication.anonymous.enabled: false"] : []),
    ...(isAnonymous && allowsAll ? ["authorization.mode: Webhook"] : []),
    ...(isReadOnlyOpen ? ["readOnlyPort: 0"] : []),
  ]
    .join(", ")
    .replace(/, ([^,]+)$/, " and $1");
  const door = isAnonymous
    ? "curl -k https://<node>:10250/pods"
    : `curl http://<node>:${readOnlyPort.known ? readOnlyPort.value : 10255}/pods`;
  return [
    {
      ...subject(judged),
      cause: withoutNode(judged, [what, judged.cluster.key, ...settings].join("\n")),
      what,
      settings,
      sources: [
        ...(isAnonymous ? [anonymous.source, authorizationMode.source] : []),
        ...(isReadOnlyOpen ? [readOnlyPort.source] : []),
      ].filter((source) => source !== undefined),
      symptom: `no error: that is the trouble. ${door} answers anyone.`,
      reason: `${ways.charAt(0).toUpperCase()}${ways.slice(1)}, whatever certificate ${apiServer} has.`,
      remedies: [`(kubelet) Set ${mended} in the KubeletConfiguration.`],
    },
  ];
}

/**
 * AlwaysAllow asks nobody: each user of the cluster with a client certificate, and with token authentication each pod,
 * may exec into every container of the node.
 */
function openToAllUsers(judged: Kubelet, openToAnyone: readonly RequestKind[]): Finding[] {
  const { authorizationMode } = judged.facts.authentication;
  if (!isOpenToUsers(judged.facts)) return [];
  // Open to strangers is worse, and told already; the way out is the same.
  if (openToAnyone.includes("exec")) return [];
  const settings = [authenticationSettings(judged.facts)];
  const { anonymous } = judged.facts.authentication;
  const who =
    anonymous.known && anonymous.value ? "anyone who reaches it" : "whoever is authenticated";
  const what = `${who} may do anything on it, exec into every container included.`;
  return [
    {
      ...subject(judged),
      cause: withoutNode(judged, [what, judged.cluster.key, ...settings].join("\n")),
      what,
      settings,
      sources: [authorizationMode.source ?? judged.found.source],
      symptom:
        "no error: that is the trouble. Any certificate of the client CA, or any token of the cluster, opens https://<node>:10250/exec.",
      reason: "authorization.mode: AlwaysAllow asks nobody what a user may do.",
      remedies: [
        "(kubelet) Set authorization.mode: Webhook in the KubeletConfiguration (--authorization-mode=Webhook).",
      ],
    },
  ];
}

/** The kubelet asks, and the answer is yes to everyone of a circle that is too wide. */
function openedByOthers(judged: Judged, { facts }: ApiServer, verdict: Verdict): Finding[] {
  const settings = [authenticationSettings(judged.facts)];
  return openedByAuthorizer(verdict, judged.facts, facts).map((opening) => {
    const { who, by, symptom, reason, remedy, source } = opening;
    const how = by === "RBAC" ? "by the cluster's RBAC" : `by ${facts.label}`;
    const what = `${who} may exec into every container on it, ${how}.`;
    return {
      ...subject(judged),
      cause: withoutNode(judged, [what, judged.cluster.key, ...settings].join("\n")),
      what,
      settings,
      sources: [source ?? judged.found.source],
      symptom,
      reason,
      remedies: [`(${by === "RBAC" ? "rbac" : "apiserver"}) ${remedy}`],
    };
  });
}

/** A value that is not known may open it. */
function perhapsOpen(judged: Judged, { openInDoubt }: Verdict): Finding[] {
  const settings = [authenticationSettings(judged.facts)];
  return openInDoubt.map((doubt) => {
    const what = doubtOf(doubt);
    return {
      ...subject(judged),
      cause: withoutNode(judged, [what, ...doubt.missing, judged.cluster.key].join("\n")),
      what,
      settings,
      sources: [judged.found.source],
      reason: `Undecidable without ${doubt.missing.join("; ")}.`,
      assumed: judged.cluster.assumptions,
      remedies: [supplying(doubt.missing)],
    };
  });
}

/** Settings of kubelets that something else starts, with others that are not known. */
function opened(gap: Gap, { to, what, by, remedies }: Opening, analysis: Analysis): Finding {
  const who = to === "anyone" ? "anyone who reaches a kubelet that has it" : to;
  return {
    cause: `opened ${gap.missing} ${by.join(" ")}`,
    what:
      what === "everything"
        ? `${who} may do anything on it, exec into every container included.`
        : `${who} gets in without a credential (${what}).`,
    subject: gap.source.where,
    noun: "resource",
    resource: gap.resource,
    clusterName: analysis.clusterNameOf(gap),
    settings: [`kubelet: ${by.join(", ")}`],
    sources: [gap.source],
    symptom: "no error: that is the trouble.",
    reason: `It opens whatever kubelet has it; the rest is not known: ${gap.missing}.`,
    remedies: remedies.map((text) => `(kubelet) ${text}`),
  };
}

function subject({ found, cluster }: Kubelet) {
  return { subject: found.label, resource: found.resource, clusterName: cluster.name };
}
