/** One analysis of a stack, which all policies share: what was found, who belongs to whom, and the verdicts. */
import type { PolicyResource } from "@pulumi/policy";
import { judge } from "../../trust/judge/judge.ts";
import { newestKnownVersion as newest } from "../../trust/kubernetes/version.ts";
import type { KubeletInputs } from "../../trust/programs/kubelet/facts.ts";
import { kubeletRefusals } from "../../trust/programs/kubelet/facts.ts";
import type { KubeletConfigurationDocument } from "../../trust/readers/kubelet-configuration.ts";
import { readKubeletConfiguration } from "../../trust/readers/kubelet-configuration.ts";
import { known } from "../../trust/words/fact.ts";
import type { KubeletFacts } from "../../trust/words/facts.ts";
import type { StopsStart } from "../../trust/words/refusal.ts";
import type { Verdict } from "../../trust/words/verdict.ts";
import type { Config } from "../config.ts";
import {
  type Evidence,
  type FoundConfiguration,
  type FoundKubelet,
  readEvidence,
} from "../evidence/index.ts";
import { flagValue } from "../evidence/programs.ts";
import { unwrapProxy } from "../sdk.ts";
import { type ApiServer, type Cluster, clusterOf, declaredCluster, layered } from "./clusters.ts";
import { type Pairing, type Place, pair } from "./pairing.ts";
import { describe, readStack, type Stack } from "./resource.ts";

/** A kubelet with the kube-apiservers that call it, and what would happen. */
export type Judged = {
  readonly found: FoundKubelet;
  readonly facts: KubeletFacts;
  /** What keeps it from starting; the verdicts say what would be if it did. */
  readonly refusals: readonly StopsStart[];
  readonly cluster: Cluster;
  readonly verdicts: readonly { readonly apiServer: ApiServer; readonly verdict: Verdict }[];
};

/** A kubelet whose kube-apiserver nobody knows. */
export type Unpaired = {
  readonly found: FoundKubelet;
  readonly refusals: readonly StopsStart[];
  readonly place: Exclude<Place, { in: "group" }>;
};

export type Analysis = {
  readonly stack: Stack;
  readonly evidence: Evidence;
  readonly clusters: readonly Cluster[];
  readonly judged: readonly Judged[];
  readonly unpaired: readonly Unpaired[];
  /** The name of the cluster that something belongs to, where it has one. */
  readonly clusterNameOf: (found: {
    readonly membership: FoundKubelet["membership"];
  }) => string | undefined;
};

type Part = "kubernetesVersion" | "apiServers" | "approvers" | "files";
const parts: readonly Part[] = ["kubernetesVersion", "apiServers", "approvers", "files"];

/** The last analysis of each stack, by what identifies it, for the policies that come after the first. */
const analyses = new WeakMap<object, Map<string, Analysis>>();

/** Analyses the resources that the engine handed over. Policies of the same configuration share the result. */
export function analyse(resources: readonly PolicyResource[], config: Config): Analysis {
  const settings = JSON.stringify(parts.map((part) => config[part]));
  const first = resources[0]?.props;
  const id = first === undefined ? undefined : unwrapProxy(first);
  const byConfig = (id && analyses.get(id)) ?? new Map<string, Analysis>();
  const stored = byConfig.get(settings);
  if (stored && stored.stack.resources.length === resources.length) return stored;
  const made = analyseStack(readStack(resources), config);
  byConfig.set(settings, made);
  if (id) analyses.set(id, byConfig);
  return made;
}

/** Analyses a stack. */
export function analyseStack(stack: Stack, config: Config): Analysis {
  const evidence = readEvidence(stack);
  const byUrn = new Map(stack.resources.map((resource) => [resource.urn, resource]));
  const pairing = pair(evidence, (urn) => byUrn.get(urn));
  const kubelets = withConfigurations(evidence, pairing);
  const clusters = new Map<string, Cluster | undefined>();
  const judged: Judged[] = [];
  const unpaired: Unpaired[] = [];
  for (const group of pairing.groups) {
    clusters.set(group.key, clusterOf(group, evidence, pairing, config));
  }
  const clusterAt = (place: Place): Cluster | undefined => {
    if (place.in === "group") return clusters.get(place.group.key);
    if (place.in === "doubt") return undefined;
    const key = `elsewhere:${place.cluster ?? ""}`;
    if (!clusters.has(key)) {
      const members = kubelets.filter((found) =>
        isElsewhere(pairing.placeOf(found), place.cluster),
      );
      clusters.set(key, declaredCluster(place.cluster, evidence, members, config));
    }
    return clusters.get(key);
  };
  const parse = configurationParser();
  for (const found of kubelets) {
    const place = pairing.placeOf(found);
    const cluster = clusterAt(place);
    const resolved = kubeletRefusals(inputsOf(found, cluster, config, parse));
    if (cluster === undefined) {
      if (place.in !== "group") unpaired.push({ found, refusals: resolved.refusals, place });
      continue;
    }
    const facts = resolved.asIfStarted;
    judged.push({
      found,
      facts,
      refusals: resolved.refusals,
      cluster,
      verdicts: cluster.apiServers.map((apiServer) => ({
        apiServer,
        verdict: judge(facts, apiServer.facts),
      })),
    });
  }
  return {
    stack,
    evidence,
    clusters: [...clusters.values()].filter((cluster) => cluster !== undefined),
    judged,
    unpaired,
    clusterNameOf: (found) => {
      const place = pairing.placeOf(found);
      if (place.in === "group") return place.group.name;
      return place.in === "elsewhere" ? place.cluster : undefined;
    },
  };
}

function isElsewhere(place: Place, cluster: string | undefined): boolean {
  return place.in === "elsewhere" && place.cluster === cluster;
}

/** Parses each distinct text once: a thousand machines of a pool have the same. */
function configurationParser() {
  const parsed = new Map<string, KubeletConfigurationDocument | undefined>();
  return (found: FoundKubelet): KubeletConfigurationDocument | undefined => {
    if (found.configuration) return found.configuration;
    const path = flagValue(found.commandLine, "config");
    const file = path === undefined ? undefined : found.files?.(path);
    if (!file?.known || file.value.kind !== "text") return undefined;
    const { text } = file.value;
    if (!parsed.has(text)) {
      const source = file.source ?? found.source;
      parsed.set(text, readKubeletConfiguration(text, source).documents[0]);
    }
    return parsed.get(text);
  };
}

function inputsOf(
  found: FoundKubelet,
  cluster: Cluster | undefined,
  config: Config,
  parse: (found: FoundKubelet) => KubeletConfigurationDocument | undefined,
): KubeletInputs {
  const configuration = parse(found);
  const version = found.version ?? cluster?.version ?? config.kubernetesVersion;
  const nothing = { known: false, missing: "the kube-apiserver that calls this kubelet" } as const;
  return {
    label: found.label,
    version: known(version ?? newest),
    commandLine: found.commandLine,
    ...(configuration && { configuration }),
    node: found.node,
    request: cluster?.request(found.node) ?? nothing,
    files: layered(found.files, cluster?.files ?? (() => nothing)),
    source: found.source,
  };
}

/**
 * Kubelets with their KubeletConfigurations. One that stands alone is that of a kubelet which is started on it and on
 * nothing else, as kubeadm does.
 */
function withConfigurations(evidence: Evidence, pairing: Pairing): FoundKubelet[] {
  const used = new Set<FoundConfiguration>();
  const kubelets = evidence.kubelets.map((found) => {
    const configuration = found.configuration ?? undefined;
    const beside = evidence.configurations.find(({ document }) =>
      configuration
        ? document.source.where === configuration.source.where &&
          document.source.key === configuration.source.key
        : false,
    );
    if (beside) used.add(beside);
    if (configuration || found.files) return found;
    const chosen = chooseConfiguration(found, evidence.configurations, pairing);
    if (!chosen) return found;
    used.add(chosen);
    return { ...found, configuration: chosen.document };
  });
  const alone = evidence.configurations.filter((one) => !used.has(one)).map(toKubelet);
  return [...kubelets, ...alone];
}

/** By the file name that `--config` has, else the only one of the cluster. */
function chooseConfiguration(
  found: FoundKubelet,
  configurations: readonly FoundConfiguration[],
  pairing: Pairing,
): FoundConfiguration | undefined {
  const path = flagValue(found.commandLine, "config");
  if (path === undefined) return undefined;
  const place = pairing.placeOf(found);
  const own = configurations.filter((one) => isSamePlace(pairing.placeOf(one), place));
  const name = path.slice(path.lastIndexOf("/") + 1);
  const named = own.filter(
    ({ key }) => key === name || (key === "kubelet" && name === "config.yaml"),
  );
  if (named.length === 1) return named[0];
  return own.length === 1 ? own[0] : undefined;
}

function isSamePlace(one: Place, other: Place): boolean {
  if (one.in === "group" && other.in === "group") return one.group === other.group;
  return one.in === "elsewhere" && other.in === "elsewhere" && one.cluster === other.cluster;
}

/** Source: kubernetes `cmd/kubeadm/app/constants/constants.go` and kubeadm's drop-in for kubelet.service. */
const kubeadmKubeletFlags = [
  "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf",
  "--kubeconfig=/etc/kubernetes/kubelet.conf",
  "--config=/var/lib/kubelet/config.yaml",
];

function toKubelet(found: FoundConfiguration): FoundKubelet {
  const where = describe(found.resource);
  const missing = (what: string) =>
    ({ known: false, missing: `the ${what} of the machines that use ${where}` }) as const;
  return {
    resource: found.resource,
    membership: found.membership,
    source: found.source,
    label: where,
    commandLine: {
      program: "kubelet",
      words: kubeadmKubeletFlags.map((text) => ({ kind: "text", text })),
      source: found.source,
    },
    configuration: found.document,
    node: {
      hostName: missing("host names"),
      name: missing("node names"),
      addresses: missing("addresses"),
    },
  };
}
