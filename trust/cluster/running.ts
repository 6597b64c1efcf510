/** The kubelets of a cluster that runs: each of its nodes has one, and that has started. */
import type { KubeadmPiece, NodePiece, SeenPiece } from "../readers/piece.ts";
import { type Fact, known, unknown } from "../words/fact.ts";
import type { KubeletFacts } from "../words/facts.ts";
import type { AssembledApiServer, AssembledKubelet } from "./assembly.ts";
import type { Assumptions } from "./assumptions.ts";
import type { Configurations } from "./configurations.ts";
import { filledInByJoin, type KubeletDraft, kubeadmCommandLine, kubeletConfig } from "./kubeadm.ts";

/** Names that are told in one sentence. */
const mostNames = 3;

/**
 * A kubelet for each node, with what it answered to `/configz`, which has its flags in it already; else with the
 * configuration that kubeadm gives every node.
 */
export function runningKubelets(
  nodes: readonly NodePiece[],
  kubeadm: readonly KubeadmPiece[],
  configurations: Configurations,
): KubeletDraft[] {
  const own = new Map(
    configurations.all.flatMap((piece) => {
      const { machine } = piece.origin;
      return machine === undefined ? [] : [[machine, piece] as const];
    }),
  );
  const [shared, ...others] = kubeletConfig(configurations);
  if (shared) configurations.taken.add(shared);
  const joined = shared && others.length === 0 ? filledInByJoin(shared, kubeadm) : undefined;
  const assumed: string[] = [];
  const drafts = nodes.map((node): KubeletDraft => {
    const answered = own.get(node.name);
    if (answered) configurations.taken.add(answered);
    const document = answered?.document ?? joined;
    if (!answered && document) assumed.push(node.name);
    const { source } = node.origin;
    return {
      piece: {
        kind: "program",
        origin: { ...node.origin, machine: node.name },
        commandLine: kubeadmCommandLine(source),
        hostName: known(node.name, source),
        ...(node.version !== undefined && { version: node.version }),
      },
      label: node.name,
      machines: `of ${node.name}`,
      configuration: document
        ? known(document)
        : unknown(`the configuration of the kubelet of ${node.name} (its answer to /configz)`),
    };
  });
  if (assumed.length > 0) {
    configurations.assumptions.add(
      `${shared?.origin.source.where} is the configuration of ${listed(assumed)}, which did not tell theirs, with what kubeadm join fills in.`,
    );
  }
  return drafts;
}

/** The first names, and how many more. */
function listed(names: readonly string[]): string {
  const more = names.length - mostNames;
  return more > 0
    ? `${names.slice(0, mostNames).join(", ")} and ${more} more kubelets`
    : `${names.length === 1 ? "kubelet" : "kubelets"} ${names.join(", ")}`;
}

/** What runs has started, whatever is known of how. */
export function asRunning(kubelet: AssembledKubelet): AssembledKubelet {
  return {
    ...kubelet,
    facts: { ...kubelet.facts, start: known({ starts: true }) },
    refusals: [],
  };
}

/**
 * Puts what was seen of kubelets to their facts. A call went through one kube-apiserver, and nobody knows which: it
 * counts where all would have got the same.
 */
export function withSeen(
  kubelets: readonly AssembledKubelet[],
  pieces: readonly SeenPiece[],
  apiServers: readonly AssembledApiServer[],
  assumptions: Assumptions,
): readonly AssembledKubelet[] {
  if (pieces.length === 0) return kubelets;
  const seen = new Map<string, Pick<SeenPiece, "presented" | "called">>();
  for (const { node, presented, called } of pieces) {
    seen.set(node, {
      ...seen.get(node),
      ...(presented && { presented }),
      ...(called && { called }),
    });
  }
  const callAlike = new Set(apiServers.map(({ facts }) => accessKey(facts.access))).size < 2;
  if (!callAlike && pieces.some(({ called }) => called)) {
    assumptions.add(
      "What kube-apiserver got of the kubelets counts for none of them: the kube-apiservers are not started alike, and it is not known which of them was asked.",
    );
  }
  return kubelets.map((kubelet): AssembledKubelet => {
    const { name } = kubelet.facts.node;
    const { presented, called } = (name.known && seen.get(name.value)) || {};
    const facts: KubeletFacts = {
      ...kubelet.facts,
      serving: { ...kubelet.facts.serving, ...(presented && { presented }) },
      ...(called && callAlike && { called }),
    };
    return { ...kubelet, facts };
  });
}

function accessKey(access: AssembledApiServer["facts"]["access"]): string {
  const told = (fact: Fact<unknown>) => (fact.known ? fact.value : fact.missing);
  const { certificateAuthority, clientCertificate, clientKey, preferredAddressTypes } = access;
  return JSON.stringify(
    [certificateAuthority, clientCertificate, clientKey, preferredAddressTypes].map(told),
  );
}
