/** certificate-lifetime: certificates must not end unnoticed. */
import { day, endingOf } from "../../trust/certificates/ending.ts";
import type { CertificateFacts } from "../../trust/words/facts.ts";
import { servingModeOf } from "../../trust/words/serving-mode.ts";
import { type Config, lifetimeProperties } from "../config.ts";
import type { FoundCertificate } from "../evidence/index.ts";
import type { Spec } from "../policy.ts";
import type { Finding } from "../report/finding.ts";
import type { Analysis, Judged } from "../stack/analysis.ts";

export const certificateLifetime: Spec = {
  name: "certificate-lifetime",
  displayName: "certificates are renewed in time",
  description:
    "Certificates should not be close to their end, outlive the CA that signed them, or be left without anyone to renew them; expired ones are rejected.",
  enforcementLevel: "advisory",
  severity: "medium",
  remediationSteps:
    "Run pulumi up before the certificate's end (earlyRenewalHours says how long before it is replaced), renew a CA before what it signed, and let kubelets request certificates (serverTLSBootstrap) in place of signing their own.",
  tags: ["certificates"],
  properties: lifetimeProperties,
  find: (analysis, config, now) => [
    ...analysis.evidence.certificates.flatMap((found) => [
      ...ending(found, analysis, config, now),
      ...outliving(found, analysis),
    ]),
    ...analysis.judged.flatMap(neverRenewed),
  ],
};

function ending(
  found: FoundCertificate,
  analysis: Analysis,
  { expiryWindowDays = 30 }: Config,
  now: Date,
): Finding[] {
  const near = endingOf(found.certificate, now, expiryWindowDays);
  if (!near) return [];
  const { end, left } = near;
  const isOver = left <= 0;
  return [
    {
      ...subject(found, analysis),
      cause: isOver ? "expired" : "ending",
      what: isOver
        ? `expired on ${dayOf(end)}.`
        : `ends on ${dayOf(end)}, in ${Math.ceil(left / day)} days.`,
      symptom: "x509: certificate has expired or is not yet valid",
      remedies: [
        "(certificates) Run pulumi up: a certificate inside its earlyRenewalHours is replaced.",
        "(certificates) Set earlyRenewalHours to more than the days between two runs of pulumi up.",
      ],
      ...(isOver && { level: "mandatory" as const }),
    },
  ];
}

function outliving(found: FoundCertificate, analysis: Analysis): Finding[] {
  const end = endOf(found.certificate);
  const issuerEnd = found.issuer && endOf(found.issuer);
  // A minute is no lifetime: both ends are counted from moments of one run.
  if (!end || !issuerEnd || end.getTime() <= issuerEnd.getTime() + 60_000) return [];
  return [
    {
      ...subject(found, analysis),
      cause: `outlives ${found.issuer?.label}`,
      what: `ends on ${dayOf(end)}, after ${found.issuer?.label}, the CA that signed it, which ends on ${dayOf(issuerEnd)}.`,
      symptom:
        "x509: certificate has expired or is not yet valid, while the certificate itself looks valid",
      remedies: [
        "(certificates) Give it a validityPeriodHours that ends before its CA does.",
        "(certificates) Renew the CA first; that replaces everything that it signed.",
      ],
    },
  ];
}

function neverRenewed({ found, facts, cluster }: Judged): Finding[] {
  if (servingModeOf(facts) !== "selfSigned") return [];
  return [
    {
      cause: `self-signed ${cluster.key}`,
      what: "signs its own serving certificate for one year at its first start, and nothing renews it.",
      subject: found.label,
      resource: found.resource,
      clusterName: cluster.name,
      sources: [facts.serving.serverTLSBootstrap.source ?? found.source],
      symptom:
        "a year on, where kube-apiserver verifies: x509: certificate has expired or is not yet valid",
      remedies: [
        "(kubelet) Set serverTLSBootstrap: true, with an approver: the kubelet then renews it.",
        "(kubelet) Issue one and set tlsCertFile and tlsPrivateKeyFile.",
        "(kubelet) Once a year remove kubelet.crt and kubelet.key and restart the kubelet.",
      ],
    },
  ];
}

function subject(found: FoundCertificate, analysis: Analysis) {
  return {
    subject: found.certificate.label,
    noun: "certificate",
    resource: found.resource,
    clusterName: analysis.clusterNameOf(found),
  };
}

function endOf({ notAfter }: CertificateFacts): Date | undefined {
  return notAfter.known ? notAfter.value : undefined;
}

function dayOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? "an unknown day" : date.toISOString().slice(0, 10);
}
