/** One analysis of a stack, which all policies share: what was found, who belongs to whom, and the verdicts. */
import type { PolicyResource } from "@pulumi/policy";
import { assemble } from "../../trust/cluster/assemble.ts";
import type {
  AssembledApiServer,
  AssembledApprover,
  AssembledCluster,
  AssembledKubelet,
  AssembleOptions,
  Unplaced,
} from "../../trust/cluster/assembly.ts";
import { type Anyway, judgeAnyway } from "../../trust/judge/anyway.ts";
import { judge } from "../../trust/judge/judge.ts";

import type { Origin } from "../../trust/readers/piece.ts";
import type { ApiServerFacts, KubeletFacts } from "../../trust/words/facts.ts";
import type { StopsStart } from "../../trust/words/refusal.ts";
import type { Verdict } from "../../trust/words/verdict.ts";
import type { Config } from "../config.ts";
import {
  type Evidence,
  type Found,
  type Gap,
  readEvidence,
  type Unused,
} from "../evidence/index.ts";
import { unwrapProxy } from "../sdk.ts";
import { readStack, resourceHolding, type Stack } from "./resource.ts";

/** A kubelet as policies show it. */
export type FoundKubelet = Found & {
  /** The machine where one is known, else what it was read from. */
  readonly label: string;
};

/** A kube-apiserver with all facts. */
export type ApiServer = {
  readonly facts: ApiServerFacts;
  readonly refusals: readonly StopsStart[];
  /** `undefined` for one that the configuration declares. */
  readonly found: Found | undefined;
};

/** An approver as policies show it. */
export type Approver = AssembledApprover & {
  /** `undefined` for one that the configuration declares. */
  readonly found: Found | undefined;
};

/** A cluster with its kube-apiservers and approvers as policies show them. */
export type Cluster = Omit<AssembledCluster, "apiServers" | "approvers"> & {
  readonly apiServers: readonly ApiServer[];
  readonly approvers: readonly Approver[];
};

/** A kubelet with the kube-apiservers that could call it, and what would happen. */
export type Judged = {
  readonly found: FoundKubelet;
  readonly facts: KubeletFacts;
  /** What keeps it from starting; the verdicts say what would be if it did. */
  readonly refusals: readonly StopsStart[];
  readonly cluster: Cluster;
  readonly verdicts: readonly { readonly apiServer: ApiServer; readonly verdict: Verdict }[];
};

/** A kubelet whose kube-apiserver is not known. */
export type Unpaired = {
  readonly found: FoundKubelet;
  readonly facts: KubeletFacts;
  /** What is certain whatever kube-apiserver calls it. */
  readonly anyway: Anyway;
  readonly refusals: readonly StopsStart[];
  readonly place: Unplaced;
};

export type Analysis = {
  readonly stack: Stack;
  readonly evidence: Pick<Evidence, "certificates"> & {
    readonly gaps: readonly Gap[];
    readonly unused: readonly Unused[];
  };
  readonly clusters: readonly Cluster[];
  readonly judged: readonly Judged[];
  readonly unpaired: readonly Unpaired[];
  /** What was taken for granted of what belongs to no cluster above. */
  readonly assumptions: readonly string[];
  /** The name of the cluster that something belongs to, where it has one. */
  readonly clusterNameOf: (found: Pick<Found, "membership">) => string | undefined;
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
  const assembly = assemble(evidence.pieces, optionsOf(config));
  const foundIn = finder(stack);
  const clusters = assembly.clusters.map(
    (cluster): { readonly cluster: Cluster; readonly kubelets: readonly AssembledKubelet[] } => ({
      kubelets: cluster.kubelets,
      cluster: {
        ...cluster,
        // Assumptions are made while the judge asks for files.
        get assumptions() {
          return cluster.assumptions;
        },
        apiServers: cluster.apiServers.map((one) => apiServerOf(one, foundIn)),
        approvers: cluster.approvers.map((one) => ({
          ...one,
          found: one.origin && foundIn(one.origin),
        })),
      },
    }),
  );
  const all = [assembly, ...assembly.clusters];
  return {
    stack,
    evidence: {
      certificates: evidence.certificates,
      gaps: all.flatMap(({ unread }) =>
        unread.map(({ origin, missing, deciding, opens, pending, changed }) => ({
          ...foundIn(origin),
          missing,
          deciding,
          ...(opens && { opens }),
          ...(pending && { pending }),
          ...(changed && { changed }),
        })),
      ),
      unused: all.flatMap(({ unused }) =>
        unused.map(({ origin, why }) => ({ ...foundIn(origin), why })),
      ),
    },
    clusters: clusters.map(({ cluster }) => cluster),
    judged: clusters.flatMap(({ cluster, kubelets }) =>
      kubelets.map((kubelet) => ({
        found: kubeletOf(kubelet, foundIn),
        facts: kubelet.facts,
        refusals: kubelet.refusals,
        cluster,
        verdicts: cluster.apiServers.map((apiServer) => ({
          apiServer,
          verdict: judge(kubelet.facts, apiServer.facts),
        })),
      })),
    ),
    unpaired: assembly.unpaired.map((kubelet) => ({
      found: kubeletOf(kubelet, foundIn),
      facts: kubelet.facts,
      anyway: judgeAnyway(kubelet.facts),
      refusals: kubelet.refusals,
      place: kubelet.place,
    })),
    assumptions: assembly.assumptions,
    clusterNameOf: ({ membership }) => assembly.nameOf(membership),
  };
}

/** What the configuration of the policies says beyond the stack, whose pieces are all that runs. */
function optionsOf({ kubernetesVersion, apiServers, approvers, files }: Config): AssembleOptions {
  return {
    ...(kubernetesVersion !== undefined && { versionOtherwise: kubernetesVersion }),
    apiServers: (apiServers ?? []).map(({ kubernetesVersion: version, ...declared }) => ({
      ...declared,
      ...(version !== undefined && { version }),
      where: `policy configuration, apiServers of ${declared.cluster ?? "no named cluster"}`,
    })),
    approvers: approvers ?? [],
    files: (files ?? []).map(({ cluster, path, pem }) => ({
      ...(cluster !== undefined && { cluster }),
      path,
      content: { kind: "text", text: pem },
      where: `policy configuration, files, ${path}`,
    })),
  };
}

type FoundIn = (origin: Origin) => Found;

function finder(stack: Stack): FoundIn {
  return (origin) => {
    const resource = resourceHolding(stack, origin.holder);
    if (resource === undefined) throw new Error("something was found in a stack without resources");
    return { resource, membership: origin, source: origin.source };
  };
}

function kubeletOf({ label, origin, facts }: AssembledKubelet, foundIn: FoundIn): FoundKubelet {
  return { ...foundIn(origin), source: facts.source ?? origin.source, label };
}

function apiServerOf({ facts, refusals, origin }: AssembledApiServer, foundIn: FoundIn): ApiServer {
  return { facts, refusals, found: origin && foundIn(origin) };
}
