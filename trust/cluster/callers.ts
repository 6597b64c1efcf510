/** Other programs that call kubelets, as their pods let them: whether they run, where, and with which token. */
import type { CallerPiece, WorkloadPiece } from "../readers/piece.ts";
import { isUnknown } from "../readers/placeholders.ts";
import { asList, asObject, asText, type JsonObject } from "../readers/yaml.ts";
import { type Fact, known } from "../words/fact.ts";
import type { ApproverCircumstances } from "./approvers.ts";
import type { AssembledCaller } from "./assembly.ts";
import { missingToken } from "./pod-token.ts";
import { withoutNode } from "./scheduling.ts";

type Circumstances = Pick<ApproverCircumstances, "machines" | "withoutToken" | "assumptions"> & {
  /** Among which Prometheus is, which its jobs and monitors do not name. */
  readonly workloads: readonly WorkloadPiece[];
  /** Where the kubelets listen. */
  readonly kubeletPorts: readonly Fact<number>[];
};

/**
 * The callers that run. One that is scaled to nothing calls no kubelet, which is said; one whose pods no node here takes
 * is judged all the same, for its kubelets may be elsewhere.
 */
export function runningCallers(
  pieces: readonly CallerPiece[],
  { machines, withoutToken, assumptions, workloads, kubeletPorts }: Circumstances,
): readonly Omit<AssembledCaller, "files">[] {
  const servers = workloads.flatMap((pod) =>
    pod.containers.filter(isPrometheus).map((container) => ({ pod, container })),
  );
  return pieces.flatMap((given) => {
    const { pod, label } = given;
    if (pod === undefined) {
      const piece = withAccount(given, servers);
      const tokenless = withoutFile(piece, servers, { withoutToken, assumptions });
      return [{ piece, ...(tokenless !== undefined && { tokenless }) }];
    }
    if (pod.runs.known && pod.runs.value !== true) {
      assumptions.add(`${label} calls no kubelet: ${pod.runs.value.because}.`);
      return [];
    }
    const nowhere = withoutNode(pod, machines);
    const homeless = nowhere.known ? nowhere.value : undefined;
    if (homeless !== undefined) assumptions.add(`${homeless}. It is judged as if it had one.`);
    return [
      {
        ...withToken(withListener(given, pod, kubeletPorts), missingToken(pod, withoutToken)),
        ...(homeless !== undefined && { homeless }),
      },
    ];
  });
}

/** Whose token the only Prometheus in sight has where every pod has one. */
function withAccount(piece: CallerPiece, servers: readonly Server[]): CallerPiece {
  const { credential, serviceAccount } = piece;
  if (serviceAccount || typeof credential !== "object" || !accountToken.test(credential.tokenFile))
    return piece;
  const accounts = servers.map(({ pod }) => pod.serviceAccount);
  const [first] = accounts;
  const isOne = accounts.every((one) => one.known && first?.known && one.value === first.value);
  return first && isOne ? { ...piece, serviceAccount: first } : piece;
}

/**
 * In the network of its node, a port that the kubelet has is taken.
 * Source: apiserver `pkg/server/options/serving.go` (ApplyTo, CreateListener).
 */
function withListener(
  piece: CallerPiece,
  { hostNetwork, label }: WorkloadPiece,
  ports: readonly Fact<number>[],
): CallerPiece {
  const { listens, refusal } = piece;
  if (!hostNetwork || refusal || !listens?.known || ports.length === 0) return piece;
  const at = listens.value;
  if (!ports.every((port) => port.known && at.endsWith(`:${port.value}`))) return piece;
  return {
    ...piece,
    refusal: {
      says: `failed to create listener: failed to listen on ${at}: listen tcp ${at}: bind: address already in use`,
      remedy: `Set --secure-port of ${label} to a port that no kubelet has, e.g. 4443, or leave hostNetwork out.`,
    },
  };
}

function withToken(
  piece: CallerPiece,
  missing: Fact<string | undefined>,
): Pick<AssembledCaller, "piece" | "token"> {
  const { refusal, refusalWithoutToken, label } = piece;
  if (!missing.known) return { piece, token: missing };
  if (missing.value === undefined || refusal || refusalWithoutToken === undefined) return { piece };
  return {
    piece: {
      ...piece,
      refusal: {
        says: refusalWithoutToken,
        remedy: `Give ${label} a token: ${missing.value}.`,
      },
    },
  };
}

type Server = { readonly pod: WorkloadPiece; readonly container: JsonObject };

function isPrometheus({ image }: JsonObject): boolean {
  return /(?:^|\/)prometheus(?:[:@]|$)/.test(asText(image) ?? "");
}

/** Where every pod has the token of its ServiceAccount. */
const accountToken = /^\/(?:var\/)?run\/secrets\/kubernetes\.io\/serviceaccount\/token$/;

/** Why no Prometheus that is in sight has the file with a caller's token; where none is, the file is taken to be there. */
function withoutFile(
  { credential, label }: CallerPiece,
  servers: readonly Server[],
  { withoutToken, assumptions }: Pick<Circumstances, "withoutToken" | "assumptions">,
): string | undefined {
  if (typeof credential !== "object") return undefined;
  const { tokenFile } = credential;
  const reasons = servers.map(({ pod, container }): Fact<string | undefined> => {
    if (accountToken.test(tokenFile)) return missingToken(pod, withoutToken);
    const isThere = mayHave(container, tokenFile);
    return known(isThere ? undefined : `no volume of ${pod.label} is mounted at it`);
  });
  const [first] = reasons;
  if (first === undefined && !accountToken.test(tokenFile)) {
    assumptions.add(`The Prometheus of ${label} has ${tokenFile}: no pod of it is given.`);
  }
  return reasons.every((one) => one.known && one.value !== undefined) && first?.known
    ? first.value
    : undefined;
}

/** Whether a volume could hold a file of a container. */
function mayHave({ volumeMounts }: JsonObject, file: string): boolean {
  if (volumeMounts !== undefined && !Array.isArray(volumeMounts)) return true;
  return asList(volumeMounts).some((one) => {
    const { mountPath } = asObject(one) ?? {};
    const path = (asText(mountPath) ?? "").replace(/\/$/, "");
    return asObject(one) === undefined || isUnknown(path) || `${file}/`.startsWith(`${path}/`);
  });
}
