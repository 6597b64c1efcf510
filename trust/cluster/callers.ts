/** Other programs that call kubelets, as their pods let them: whether they run, where, and with which token. */
import type { CallerPiece } from "../readers/piece.ts";
import type { Fact } from "../words/fact.ts";
import type { ApproverCircumstances } from "./approvers.ts";
import type { AssembledCaller } from "./assembly.ts";
import { missingToken } from "./pod-token.ts";
import { withoutNode } from "./scheduling.ts";

type Circumstances = Pick<ApproverCircumstances, "machines" | "withoutToken" | "assumptions">;

/**
 * The callers that run. One that is scaled to nothing calls no kubelet, which is said; one whose pods no node here takes
 * is judged all the same, for its kubelets may be elsewhere.
 */
export function runningCallers(
  pieces: readonly CallerPiece[],
  { machines, withoutToken, assumptions }: Circumstances,
): readonly Omit<AssembledCaller, "files">[] {
  return pieces.flatMap((piece) => {
    const { pod, label } = piece;
    if (pod === undefined) return [{ piece }];
    if (pod.runs.known && pod.runs.value !== true) {
      assumptions.add(`${label} calls no kubelet: ${pod.runs.value.because}.`);
      return [];
    }
    const nowhere = withoutNode(pod, machines);
    const homeless = nowhere.known ? nowhere.value : undefined;
    if (homeless !== undefined) assumptions.add(`${homeless}. It is judged as if it had one.`);
    return [
      {
        ...withToken(piece, missingToken(pod, withoutToken)),
        ...(homeless !== undefined && { homeless }),
      },
    ];
  });
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
