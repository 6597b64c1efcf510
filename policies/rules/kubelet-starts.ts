/** kubelet-starts: kubelets and kube-apiserver must start with what they are given. */
import { assumedVersion } from "../../trust/kubernetes/tables.ts";
import { versionOf } from "../../trust/kubernetes/version.ts";
import type { Fact } from "../../trust/words/fact.ts";
import type { StopsStart } from "../../trust/words/refusal.ts";
import { judgingProperties } from "../config.ts";
import type { Found } from "../evidence/index.ts";
import type { Spec } from "../policy.ts";
import { servingSettings } from "../report/cause.ts";
import type { Finding } from "../report/finding.ts";
import type { Analysis, Cluster, Judged } from "../stack/analysis.ts";
import { callersStopped } from "./callers.ts";

export const kubeletStarts: Spec = {
  name: "kubelet-starts",
  displayName: "kubelets and kube-apiserver start",
  description:
    "Flags, feature gates and values must be ones that this version of kubelet and kube-apiserver starts with, and certificate pairs must be whole.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "Remove flags and feature gates that this Kubernetes version does not have, mend values of a wrong type, and give tlsCertFile and tlsPrivateKeyFile together.",
  tags: ["kubelet", "kube-apiserver"],
  properties: judgingProperties,
  find: (analysis) => [
    ...analysis.judged.flatMap(({ found, refusals, cluster }) =>
      refusals.map((refusal) => stopped(found, found.label, "kubelet", refusal, cluster)),
    ),
    ...analysis.unpaired.flatMap(({ found, refusals }) => {
      const cluster = { name: analysis.clusterNameOf(found), assumptions: analysis.assumptions };
      return refusals.map((refusal) => stopped(found, found.label, "kubelet", refusal, cluster));
    }),
    ...analysis.clusters.flatMap((cluster) =>
      cluster.apiServers.flatMap(({ found, facts, refusals }) =>
        refusals.map((refusal) =>
          stopped(
            found ?? elsewhere(analysis.judged),
            facts.label,
            "kube-apiserver",
            refusal,
            cluster,
          ),
        ),
      ),
    ),
    ...analysis.judged.flatMap(halfPair),
    ...callersStopped(analysis),
    ...[...analysis.judged, ...analysis.unpaired].flatMap(({ found, facts }) =>
      ofNoTable(found, found.label, "kubelet", facts.version, analysis),
    ),
    ...analysis.clusters.flatMap(({ apiServers }) =>
      apiServers.flatMap(({ found, facts }) =>
        ofNoTable(
          found ?? elsewhere(analysis.judged),
          facts.label,
          "kube-apiserver",
          facts.version,
          analysis,
        ),
      ),
    ),
  ],
};

/** What another version's tables say of a program is no more than an assumption, and is told though nothing rests on it. */
function ofNoTable(
  found: Found,
  subject: string,
  noun: string,
  version: Fact<string> | undefined,
  { clusterNameOf }: Analysis,
): Finding[] {
  const assumed = version && assumedVersion(versionOf(version));
  if (assumed === undefined) return [];
  return [
    {
      cause: `${noun} ${assumed}`,
      what: `nobody here knows what ${noun} of this version does.`,
      subject,
      noun,
      resource: found.resource,
      clusterName: clusterNameOf(found),
      sources: [found.source],
      reason: assumed,
      remedies: [
        "Mend the version, where it is not the one that runs.",
        "Take a version of this policy pack that knows it, or check by hand what it says of this cluster.",
      ],
      level: "advisory",
    },
  ];
}

function stopped(
  found: Found,
  subject: string,
  noun: string,
  refusal: StopsStart,
  { name: clusterName, assumptions }: Pick<Cluster, "name" | "assumptions">,
): Finding {
  const message = refusal.message.split("\n")[0] ?? "";
  return {
    cause: `${noun} ${message}`,
    what: `${noun} will not start: ${brief(message)}`,
    subject,
    noun,
    resource: found.resource,
    clusterName,
    sources: [refusal.source ?? found.source],
    symptom: `the ${noun} exits at once with: ${message}`,
    assumed: assumptions,
    remedies: refusal.remedies.map(({ text }) => text),
  };
}

/** The part of a message that says what is wrong. */
function brief(message: string): string {
  return message.replace(/^.*?err="(failed to parse kubelet flag: )?/, "").replace(/"$/, "");
}

/** A kube-apiserver of another stack is shown where its first kubelet is. */
function elsewhere(judged: readonly Judged[]): Found {
  const [first] = judged;
  if (first === undefined) throw new Error("a declared kube-apiserver without kubelets");
  return first.found;
}

/** Half a pair is no error to the kubelet: it starts, and every handshake fails. */
function halfPair({ found, facts, cluster }: Judged): Finding[] {
  const { tlsCertFile, tlsPrivateKeyFile, serverTLSBootstrap } = facts.serving;
  if (!tlsCertFile.known || !tlsPrivateKeyFile.known) return [];
  if (serverTLSBootstrap.known && serverTLSBootstrap.value) return [];
  if ((tlsCertFile.value === "") === (tlsPrivateKeyFile.value === "")) return [];
  const [given, absent] =
    tlsCertFile.value === ""
      ? (["tlsPrivateKeyFile", "tlsCertFile"] as const)
      : (["tlsCertFile", "tlsPrivateKeyFile"] as const);
  const source = facts.serving[given].source ?? found.source;
  return [
    {
      cause: `half a pair: ${given} ${servingSettings(facts)}`,
      what: `${given} is set without ${absent}, so it starts without a serving certificate.`,
      subject: found.label,
      resource: found.resource,
      clusterName: cluster.name,
      settings: [servingSettings(facts)],
      sources: [source],
      symptom: "remote error: tls: internal error",
      remedies: [
        `(kubelet) Set ${absent} as well.`,
        `(kubelet) Remove ${given}, and set serverTLSBootstrap: true with an approver.`,
      ],
    },
  ];
}
