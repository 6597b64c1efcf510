/** Files for kubelets that a cloud starts: which of them these read is not known, so that each may decide. */
import { isOfKubernetes } from "../readers/host-paths.ts";
import { unread } from "../readers/origins.ts";
import type { Origin, Piece } from "../readers/piece.ts";

/** Of EKS' own folder, what is about containers alone. */
const others = /^\/etc\/eks\/(?:containerd|image-credential-provider)\//;

/** The pieces, and what is made of the files that a machine of a cloud gets beside what its cloud is told. */
export function withFilesOfOthers(pieces: readonly Piece[]): readonly Piece[] {
  const holders = new Set(
    pieces.flatMap((piece) =>
      piece.kind === "unread" && piece.startsKubelet ? [resourceOf(piece.origin)] : [],
    ),
  );
  if (holders.size === 0) return pieces;
  const said = new Set(
    pieces.flatMap((piece) =>
      piece.kind === "unread" && (piece.deciding || piece.startsKubelet) ? [piece.origin.path] : [],
    ),
  );
  return pieces.flatMap((piece): readonly Piece[] => {
    if (!holders.has(resourceOf(piece.origin))) return [piece];
    if (piece.kind === "change" || piece.kind === "file") {
      const { path } = piece;
      const isRead = isOfKubernetes(path) && !others.test(path) && !said.has(path);
      return isRead ? [piece, doubt(piece.origin, path)] : [piece];
    }
    const isPart = piece.kind === "kubelet-configuration" && piece.role !== "whole";
    return isPart && piece.origin.path === undefined
      ? [piece, doubt(piece.origin, piece.origin.source.where)]
      : [piece];
  });
}

function doubt(origin: Origin, file: string): Piece {
  const named = origin.secret ? "a file of Kubernetes" : file;
  return unread(origin, `what a kubelet that a cloud starts makes of ${named}`, true);
}

/** Objects of one text are held apart from each other, and lie on one machine. */
function resourceOf({ holder }: Origin): string {
  return holder.split("#", 1)[0] ?? holder;
}
