/** Programs of pods that nobody starts: they call nobody and are called by nobody, and it is said. */
import { unread } from "../readers/origins.ts";
import type { Piece } from "../readers/piece.ts";

/** The pieces without the programs that do not run, each with a note in its place; where that is not known, it decides. */
export function withoutIdle(pieces: readonly Piece[]): readonly Piece[] {
  return pieces.flatMap((piece): readonly Piece[] => {
    if (piece.kind !== "program" || piece.pod === undefined) return [piece];
    const { runs } = piece.pod;
    const { program } = piece.commandLine;
    if (!runs.known) return [piece, unread(piece.origin, runs.missing, true)];
    return runs.value === true
      ? [piece]
      : [unread(piece.origin, `${program}, which does not run: ${runs.value.because}`, false)];
  });
}
