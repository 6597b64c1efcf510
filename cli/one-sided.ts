/** What one side needs of the others where only that side was given. */
import type { OneSided } from "../trust/cluster/assembly.ts";
import {
  needsOfApprover,
  needsOfCaller,
  needsOfRbac,
  needsOfSigner,
} from "../trust/judge/needs-of-others.ts";

/** One of those around kubelets and kube-apiserver, with a sentence for each thing that it needs. */
export type Needs = { readonly label: string; readonly needs: readonly string[] };

/** Callers, signers, approvers and RBAC whose kube-apiserver was not given. */
export function needsAside(all: readonly OneSided[]): readonly Needs[] {
  return all.flatMap(({ callers, controllerManagers, approvers, rbac }): Needs[] => [
    ...callers.map((piece) => ({ label: piece.label, needs: needsOfCaller(piece) })),
    ...controllerManagers.map(({ origin, facts, refusals }) => ({
      label: `kube-controller-manager of ${origin.source.where}`,
      needs: [
        ...refusals.map(({ message }) => `It does not start: ${message.split("\n")[0]}`),
        ...needsOfSigner(facts.kubeletServingSigner),
      ],
    })),
    ...approvers.map(({ label, idle }) => ({ label, needs: needsOfApprover(idle) })),
    ...(rbac === undefined ? [] : [{ label: "RBAC", needs: needsOfRbac(rbac) }]),
  ]);
}
