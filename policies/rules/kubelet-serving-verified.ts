/** kubelet-serving-verified: what works and is not verified stays in sight. */
import { servingModeOf } from "../../trust/words/serving-mode.ts";
import type { Outcome } from "../../trust/words/verdict.ts";
import { judgingProperties } from "../config.ts";
import type { Spec } from "../policy.ts";
import { servingSettings, verificationSettings, withoutNode } from "../report/cause.ts";
import type { Finding } from "../report/finding.ts";
import type { ApiServer, Judged } from "../stack/analysis.ts";
import { callersUnverified, callersWithoutNode } from "./callers.ts";

export const kubeletServingVerified: Spec = {
  name: "kubelet-serving-verified",
  displayName: "kubelet serving certificates are verified",
  description:
    "kube-apiserver should verify kubelet serving certificates; where it does not, on purpose or silently, it is told here.",
  enforcementLevel: "advisory",
  severity: "medium",
  remediationSteps:
    "Set --kubelet-certificate-authority of kube-apiserver to the CA that issues the kubelets' serving certificates.",
  tags: ["kubelet", "tls"],
  properties: judgingProperties,
  find: (analysis, _config, now) => [
    ...analysis.judged.flatMap((judged) => [
      ...judged.verdicts.flatMap(({ apiServer, verdict }) =>
        unverified(judged, apiServer, verdict.serving),
      ),
      ...callersUnverified(judged, now),
    ]),
    ...callersWithoutNode(analysis),
  ],
};

function unverified(judged: Judged, apiServer: ApiServer, outcome: Outcome): Finding[] {
  const isSilent = outcome.verdict === "silentlySkipped";
  if (!isSilent && outcome.verdict !== "skipped") return [];
  // A self-signed certificate that nobody looks at is not advice any more: see kubelet-serving-trust.
  if (isSilent && servingModeOf(judged.facts) === "selfSigned") return [];
  const settings = [servingSettings(judged.facts), verificationSettings(apiServer.facts)];
  const what = isSilent
    ? "kube-apiserver does not verify its serving certificate, and nothing says that this is meant."
    : "kube-apiserver does not verify its serving certificate, on purpose.";
  return [
    {
      cause: withoutNode(judged, [outcome.reason, judged.cluster.key, ...settings].join("\n")),
      what,
      subject: judged.found.label,
      resource: judged.found.resource,
      clusterName: judged.cluster.name,
      settings,
      sources: outcome.sources,
      symptom:
        "no error: kubectl logs and exec work, also towards a stranger that answers at the node's address.",
      reason: outcome.reason,
      assumed: judged.cluster.assumptions,
      remedies: isSilent
        ? outcome.remedies.map(({ side, text }) => `(${side}) ${text}`)
        : [
            "(apiserver) Set --kubelet-certificate-authority once the kubelets have certificates that it can verify.",
          ],
    },
  ];
}
