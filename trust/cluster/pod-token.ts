/** The token of its ServiceAccount with which a pod asks kube-apiserver. */
import type { WorkloadPiece } from "../readers/piece.ts";
import { type Fact, known, unknown } from "../words/fact.ts";

/**
 * Why pods get no token that kube-apiserver takes; `undefined` where they get one.
 * Source: kubernetes `plugin/pkg/admission/serviceaccount/admission.go` (shouldAutomount: the pod's word comes first).
 *
 * @param withoutToken ServiceAccounts that give their pods none: `namespace/name`
 */
export function missingToken(
  { label, serviceAccount, token }: WorkloadPiece,
  withoutToken: ReadonlySet<string>,
): Fact<string | undefined> {
  if (token === "mounted") return known(undefined);
  if (token === "none") return known("automountServiceAccountToken is false");
  if (token !== undefined) {
    return unknown(
      `whether kube-apiserver takes tokens for ${token.audience} (--api-audiences), the only ones that ${label} has`,
    );
  }
  if (withoutToken.size === 0) return known(undefined);
  if (!serviceAccount.known) return serviceAccount;
  return known(
    withoutToken.has(serviceAccount.value)
      ? `automountServiceAccountToken of ServiceAccount ${serviceAccount.value} is false`
      : undefined,
  );
}
