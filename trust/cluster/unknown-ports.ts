/** Ports of kubelets of which it is not known whether strangers are served there. */
import { unread } from "../readers/origins.ts";
import type { UnreadPiece } from "../readers/piece.ts";
import type { AssembledKubelet } from "./assembly.ts";

/**
 * A read-only port that is not known is not closed: no request of kube-apiserver goes there, so no verdict depends on
 * it. Where nothing of the configuration is known, that is told of everything already.
 */
export function unknownPorts(kubelets: readonly AssembledKubelet[]): readonly UnreadPiece[] {
  return kubelets.flatMap(({ origin, facts: { authentication } }) => {
    const { readOnlyPort, authorizationMode } = authentication;
    if (readOnlyPort.known || !authorizationMode.known) return [];
    const missing = `${readOnlyPort.missing}, by which its metrics and pods may be open to anyone`;
    return [unread({ ...origin, source: readOnlyPort.source ?? origin.source }, missing, true)];
  });
}
