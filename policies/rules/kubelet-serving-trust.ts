/** kubelet-serving-trust: kube-apiserver must be able to accept the kubelet's serving certificate, or be told not to look. */
import { servingModeOf } from "../../trust/words/serving-mode.ts";
import type { Fails, Outcome } from "../../trust/words/verdict.ts";
import { judgingProperties } from "../config.ts";
import type { Gap, Unused } from "../evidence/index.ts";
import type { Spec } from "../policy.ts";
import { servingSettings, verificationSettings, withoutNode } from "../report/cause.ts";
import type { Finding } from "../report/finding.ts";
import type { Analysis, ApiServer, Judged, Unpaired } from "../stack/analysis.ts";
import { callersWithoutTrust } from "./callers.ts";

export const kubeletServingTrust: Spec = {
  name: "kubelet-serving-trust",
  displayName: "kubelet serving certificates are trusted",
  description:
    "kube-apiserver must accept each kubelet's serving certificate, or be told with a reason not to verify it.",
  enforcementLevel: "mandatory",
  severity: "critical",
  remediationSteps:
    "Give kubelets serving certificates that kube-apiserver's --kubelet-certificate-authority accepts (serverTLSBootstrap with an approver, or tlsCertFile and tlsPrivateKeyFile); or annotate what carries kube-apiserver's flags with kubelet-trust/kubelet-serving-verification: skip and kubelet-trust/reason.",
  tags: ["kubelet", "tls"],
  properties: judgingProperties,
  find: (analysis, _config, now) => [
    ...analysis.judged.flatMap((judged) =>
      judged.verdicts.flatMap(({ apiServer, verdict }) =>
        findingOf(judged, apiServer, verdict.serving),
      ),
    ),
    ...analysis.judged.flatMap((judged) => callersWithoutTrust(judged, now)),
    ...analysis.unpaired.map((unpaired) => ({
      ...withoutApiServer(unpaired),
      assumed: analysis.assumptions,
    })),
    ...analysis.evidence.gaps
      // What is open is a matter of kubelet-client-authentication.
      .filter(({ opens }) => opens === undefined)
      .map((gap) => (gap.pending ? pending(gap, analysis) : unread(gap, analysis))),
    ...analysis.evidence.unused.map((one) => unused(one, analysis)),
  ],
};

function findingOf(judged: Judged, apiServer: ApiServer, outcome: Outcome): Finding[] {
  const what = complaint(judged, outcome);
  if (what === undefined) return [];
  const settings = [servingSettings(judged.facts), verificationSettings(apiServer.facts)];
  const symptom = outcome.verdict === "fails" ? outcome.symptom : symptomOf(outcome);
  return [
    {
      cause: withoutNode(
        judged,
        [outcome.verdict, outcome.reason, symptom, judged.cluster.key, ...settings].join("\n"),
      ),
      what,
      subject: judged.found.label,
      resource: judged.found.resource,
      clusterName: judged.cluster.name,
      settings,
      sources: outcome.sources.length > 0 ? outcome.sources : [judged.found.source],
      symptom,
      reason: outcome.cause === "no-approver" ? pendingReason : outcome.reason,
      assumed: judged.cluster.assumptions,
      remedies:
        outcome.verdict === "undecidable"
          ? supply(outcome.missing)
          : outcome.remedies.map(({ side, text }) => `(${side}) ${text}`),
    },
  ];
}

/** What is wrong with it; `undefined` when nothing is, as far as this policy cares. */
function complaint(judged: Judged, outcome: Outcome): string | undefined {
  switch (outcome.verdict) {
    case "fails":
      return outcome.cause === "no-approver"
        ? "asks for a serving certificate by CSR, and nobody approves it."
        : "kube-apiserver will not accept its serving certificate.";
    case "silentlySkipped":
      return servingModeOf(judged.facts) === "selfSigned"
        ? "signs its own serving certificate, and kube-apiserver was neither told to trust it nor that it may skip verification."
        : undefined;
    case "undecidable":
      return "nobody can tell whether kube-apiserver will accept its serving certificate.";
    default:
      return undefined;
  }
}

/** Nothing fails where nothing is verified; what it costs is said instead. */
function symptomOf(outcome: Outcome): string | undefined {
  return outcome.verdict === "silentlySkipped"
    ? "no error: kubectl logs and exec work, also towards a stranger that answers at the node's address; and once --kubelet-certificate-authority is set: x509: certificate signed by unknown authority."
    : undefined;
}

const pendingReason =
  "With serverTLSBootstrap: true the kubelet files a CertificateSigningRequest for signer kubernetes.io/kubelet-serving. kube-controller-manager approves none of these, no approver is in this stack or declared, so the CSR stays Pending and the kubelet has no certificate to present.";

const waive = "Waive it with a reason and an end date, if it is checked elsewhere.";

function supply(missing: readonly string[]): string[] {
  return [
    `Supply ${missing.join("; ")}: as a plain value or a resource of this stack, or in the policy's configuration (files, apiServers, approvers).`,
    waive,
  ];
}

function withoutApiServer(unpaired: Unpaired): Finding {
  const { found, anyway, place } = unpaired;
  if (anyway.serving) return withoutCertificate(unpaired, anyway.serving);
  const cluster = place.in === "elsewhere" ? place.cluster : undefined;
  const name = cluster === undefined ? "" : ` of cluster ${cluster}`;
  const doubt =
    place.in !== "doubt"
      ? `the kube-apiserver${name} that calls it is not in this stack.`
      : place.missing !== undefined
        ? `the cluster that it belongs to is not known, without ${place.missing}.`
        : `this stack has several kube-apiservers (${place.clusters.join(", ")}), and nothing says which one calls it.`;
  return {
    cause: `unpaired ${place.in} ${cluster ?? ""}`,
    what: `nobody can tell whether kube-apiserver will accept its serving certificate: ${doubt}`,
    subject: found.label,
    resource: found.resource,
    clusterName: cluster,
    sources: [found.source],
    reason:
      "Undecidable without kube-apiserver's flags: they say whether it verifies, against what, and by which address.",
    remedies: [
      "Label both with the same kubelet-trust/cluster, if kube-apiserver is in this stack.",
      `State its flags in the policy's configuration: apiServers: [{${cluster === undefined ? "" : `cluster: ${cluster}, `}flags: [--kubelet-certificate-authority=...]}].`,
    ],
  };
}

/** Whatever kube-apiserver calls it, it has nothing to present. */
function withoutCertificate({ found, facts, place }: Unpaired, serving: Fails): Finding {
  const settings = [servingSettings(facts)];
  return {
    cause: withoutNode({ found, facts }, [serving.symptom, serving.reason, ...settings].join("\n")),
    what: "no kube-apiserver will get through to it.",
    subject: found.label,
    resource: found.resource,
    clusterName: place.in === "elsewhere" ? place.cluster : undefined,
    settings,
    sources: serving.sources.length > 0 ? serving.sources : [found.source],
    symptom: serving.symptom,
    reason: serving.reason,
    remedies: serving.remedies.map(({ side, text }) => `(${side}) ${text}`),
  };
}

function unread(gap: Gap, analysis: Analysis): Finding {
  return {
    cause: `gap ${gap.missing}`,
    what: gap.deciding
      ? "what may decide whether kubelets are trusted cannot be read."
      : "it speaks of kubelets, is not read, and decides nothing as far as can be told.",
    subject: gap.source.where,
    noun: "resource",
    resource: gap.resource,
    clusterName: analysis.clusterNameOf(gap),
    sources: [gap.source],
    reason: gap.deciding ? `Undecidable without ${gap.missing}.` : `Not read: ${gap.missing}.`,
    remedies: remediesOf(gap),
    ...(!gap.deciding && { level: "advisory" as const }),
  };
}

function remediesOf({ deciding, changed, missing }: Gap): string[] {
  if (!deciding) return ["Nothing has to be done, where that is so."];
  if (!changed) return supply([missing]);
  return [
    "Take away what changes it after its component made it: a transform, or a child that another part of the program makes.",
    "Where pulumi --target leaves it as it was deployed, name it as a target too.",
    waive,
  ];
}

/** What a preview judges by a component's word; at the update the file itself is read. */
function pending(gap: Gap, analysis: Analysis): Finding {
  const clusterName = analysis.clusterNameOf(gap);
  return {
    cause: `pending ${clusterName ?? ""}`,
    what: "it depends on addresses that are known at the update, and is read then.",
    subject: gap.source.where,
    noun: "resource",
    resource: gap.resource,
    clusterName,
    sources: [gap.source],
    reason: `Not known yet: ${gap.missing}. Until then its program is judged by what its component says of it. Nothing but what gives the machines' addresses goes into it; a transform that writes something else beside an address is seen at the update alone.`,
    remedies: [
      "Nothing has to be done. Addresses that are known before are judged at the preview.",
    ],
    level: "advisory",
  };
}

/** Whoever wrote it takes it for the kubelets' own; nothing fails. */
function unused({ source, resource, membership, why }: Unused, analysis: Analysis): Finding {
  return {
    cause: `unused ${why}`,
    what: "it sets what no kubelet has.",
    subject: source.where,
    noun: "resource",
    resource,
    clusterName: analysis.clusterNameOf({ membership }),
    sources: [source],
    reason: why,
    remedies: [
      "Name it in the flags of the kubelet that is to have it (--config, --config-dir), or remove it.",
    ],
    level: "advisory",
  };
}
