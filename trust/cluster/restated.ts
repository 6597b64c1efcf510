/** kubeadm's configuration beside the static pods that it makes of it: one kube-apiserver, said twice. */
import { unread } from "../readers/origins.ts";
import type { ProgramPiece, UnreadPiece } from "../readers/piece.ts";
import { skipOf } from "../words/skip.ts";
import type { Assumptions } from "./assumptions.ts";
import { flagList, flagText } from "./flags.ts";

/** A kube-apiserver, by a program or by kubeadm's configuration. */
export type ApiServerPiece = ProgramPiece & { readonly byKubeadm: boolean };

export type Restated = {
  /** Those that are judged. */
  readonly apiServers: readonly ApiServerPiece[];
  /** Where kubeadm's configuration says something else than what runs. */
  readonly different: readonly UnreadPiece[];
};

/**
 * Leaves out what kubeadm's configuration says again of a kube-apiserver that is there. One that differs from all that
 * run is judged like them, for kubeadm makes it so at its next upgrade; and the difference is said.
 */
export function withoutRestated(
  all: readonly ApiServerPiece[],
  version: string,
  assumptions: Assumptions,
): Restated {
  const running = all.filter(({ byKubeadm }) => !byKubeadm);
  const [first] = running;
  if (first === undefined) return { apiServers: all, different: [] };
  const different: UnreadPiece[] = [];
  const apiServers = all.filter((piece) => {
    if (!piece.byKubeadm) return true;
    const own = toldOf(piece, version);
    const same = running.find((one) => toldOf(one, version) === own);
    const { where } = piece.origin.source;
    if (same === undefined) {
      const missing = `why ${where} gives kube-apiserver other flags towards kubelets than ${first.origin.source.where}`;
      different.push(unread(piece.origin, missing, false));
      return true;
    }
    assumptions.add(
      `${where} says again what ${same.origin.source.where} has, and is judged with it.`,
    );
    return false;
  });
  return { apiServers, different };
}

const texts = ["certificate-authority", "client-certificate", "client-key"].map(
  (name) => `kubelet-${name}`,
);
const lists = ["kubelet-preferred-address-types", "authorization-mode", "feature-gates"];

/** What a kube-apiserver is told of kubelets, to be compared. */
function toldOf({ commandLine, origin }: ApiServerPiece, version: string): string {
  return JSON.stringify(
    [
      ...texts.map((name) => flagText(commandLine, name, version)),
      ...lists.map((name) => flagList(commandLine, name, version)),
      skipOf(origin.annotations, { where: "" }),
    ].map((fact) => (fact.known ? (fact.value ?? null) : fact.missing)),
  );
}
