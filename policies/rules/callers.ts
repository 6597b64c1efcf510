/** Other programs than kube-apiserver that call kubelets: what several policies find about them. */
import { type Caller, type CallerOutcome, judgeCaller } from "../../trust/judge/caller.ts";
import { judgeCallerToken } from "../../trust/judge/caller-token.ts";
import { servingModeOf } from "../../trust/words/serving-mode.ts";
import { servingSettings, withoutNode } from "../report/cause.ts";
import type { Finding } from "../report/finding.ts";
import type { Analysis, Judged } from "../stack/analysis.ts";
import { resourceHolding } from "../stack/resource.ts";

/** What keeps a caller from accepting a kubelet's serving certificate, or goes unverified and unsaid. */
export function callersWithoutTrust(judged: Judged, now: Date): Finding[] {
  return judged.cluster.callers.flatMap((caller) => {
    const outcome = judgeCaller(judged.facts, caller, judged.cluster.files, now);
    const what = complaint(judged, caller, outcome);
    return what === undefined ? [] : [findingOf(judged, outcome, what)];
  });
}

function complaint(
  judged: Judged,
  { piece: { label } }: Caller,
  { verdict }: CallerOutcome,
): string | undefined {
  switch (verdict) {
    case "fails":
      return `${label} will not accept its serving certificate.`;
    case "undecidable":
      return `nobody can tell whether ${label} will accept its serving certificate.`;
    case "silentlySkipped":
      return servingModeOf(judged.facts) === "selfSigned"
        ? `signs its own serving certificate, and ${label} was neither told to trust it nor that it may skip verification.`
        : undefined;
    default:
      return undefined;
  }
}

/** What works and a caller does not verify. */
export function callersUnverified(judged: Judged, now: Date): Finding[] {
  return judged.cluster.callers.flatMap((caller) => {
    const outcome = judgeCaller(judged.facts, caller, judged.cluster.files, now);
    const isSilent = outcome.verdict === "silentlySkipped";
    if (!isSilent && outcome.verdict !== "skipped") return [];
    if (isSilent && servingModeOf(judged.facts) === "selfSigned") return [];
    const { label } = caller.piece;
    return [findingOf(judged, outcome, `${label} does not verify its serving certificate.`)];
  });
}

/** Callers whose token the kubelet does not take, or whom RBAC does not allow. */
export function callersShutOut(judged: Judged, now: Date): Finding[] {
  const apiServers = judged.cluster.apiServers.map(({ facts }) => facts);
  return judged.cluster.callers.flatMap((caller) => {
    const outcome = judgeCallerToken(judged.facts, caller, apiServers, now);
    if (outcome === undefined) return [];
    const { label } = caller.piece;
    const what =
      outcome.verdict === "undecidable"
        ? `nobody can tell whether it will let ${label} in.`
        : `it will not let ${label} in.`;
    return [findingOf(judged, outcome, what)];
  });
}

function findingOf(judged: Judged, outcome: CallerOutcome, what: string): Finding {
  const settings = [servingSettings(judged.facts)];
  const { found, cluster } = judged;
  return {
    cause: withoutNode(judged, [what, outcome.symptom, outcome.reason, cluster.key].join("\n")),
    what,
    subject: found.label,
    resource: found.resource,
    clusterName: cluster.name,
    settings,
    sources: outcome.sources,
    symptom: outcome.symptom,
    reason: outcome.reason,
    assumed: cluster.assumptions,
    remedies: outcome.remedies,
  };
}

/** Callers that no node of the stack takes. */
export function callersWithoutNode(analysis: Analysis): Finding[] {
  return analysis.clusters.flatMap(({ callers, name }) =>
    callers.flatMap(({ piece, homeless }): Finding[] => {
      const { origin, label, program } = piece;
      const resource = resourceHolding(analysis.stack, origin.holder);
      if (homeless === undefined || resource === undefined) return [];
      return [
        {
          cause: homeless,
          what: `${homeless}.`,
          subject: label,
          noun: program,
          resource,
          clusterName: name,
          sources: [origin.source],
          symptom: "its pods stay Pending, and nobody asks kubelets for metrics.",
          remedies: [
            `(${program}) Let its tolerations, nodeSelector and affinity fit a node, where the cluster has no others.`,
          ],
        },
      ];
    }),
  );
}

/** Callers that do not start. */
export function callersStopped(analysis: Analysis): Finding[] {
  return analysis.clusters.flatMap(({ callers, name }) =>
    callers.flatMap(({ piece }): Finding[] => {
      const { refusal, origin, label, program } = piece;
      const resource = resourceHolding(analysis.stack, origin.holder);
      if (refusal === undefined || resource === undefined) return [];
      return [
        {
          cause: `${program} ${refusal.says}`,
          what: `${program} will not start: ${refusal.says}`,
          subject: label,
          noun: program,
          resource,
          clusterName: name,
          sources: [origin.source],
          symptom: `the ${program} exits at once with: ${refusal.says}`,
          remedies: [`(${program}) ${refusal.remedy}`],
        },
      ];
    }),
  );
}
