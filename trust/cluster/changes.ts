/** Which of the files that commands change decide: those that programs of the same place are told to read. */
import { mayBeSame } from "../readers/host-paths.ts";
import { unread } from "../readers/origins.ts";
import type { ChangePiece, Piece } from "../readers/piece.ts";
import { textOf, type Word } from "../readers/word.ts";
import type { Json } from "../readers/yaml.ts";

/** The pieces of one place, where a change of a file is said if the file decides, and else left out. */
export function resolveChanges(pieces: readonly Piece[]): Piece[] {
  if (!pieces.some(({ kind }) => kind === "change")) return [...pieces];
  const named = [...new Set(pieces.flatMap(pathsNamedBy))];
  return pieces.flatMap((piece): Piece[] => {
    if (piece.kind !== "change") return [piece];
    const matters = named.some((path) => mayBeSame(piece.path, path));
    return matters ? [unread(piece.origin, whatBecomesOf(piece), true)] : [];
  });
}

function whatBecomesOf({ origin, path, by }: ChangePiece): string {
  const what = origin.secret ? "a command makes of a file that is named" : `${by} makes of ${path}`;
  return `what ${what} in ${origin.source.where}`;
}

/** Paths in flags, in KubeletConfigurations, and what kubeadm makes of both. */
function pathsNamedBy(piece: Piece): string[] {
  switch (piece.kind) {
    case "program":
      return pathsIn(piece.commandLine.words);
    case "kubelet-configuration":
      return pathsOf(piece.document.value);
    case "kubeadm": {
      const { apiServer, controllerManager, kubelets, kubeletConfiguration, ...rest } =
        piece.configuration;
      return [
        rest.certificatesDirectory,
        ...pathsIn(apiServer?.words ?? []),
        ...pathsIn(controllerManager?.words ?? []),
        ...kubelets.flatMap(({ commandLine }) => pathsIn(commandLine.words)),
        ...(kubeletConfiguration ? pathsOf(kubeletConfiguration.value) : []),
      ];
    }
    default:
      return [];
  }
}

function pathsIn(words: readonly Word[]): string[] {
  return words.flatMap((word) =>
    textOf(word)
      .split(/[=,]/)
      .filter((part) => /^\/[^/]/.test(part)),
  );
}

function pathsOf(value: Json): string[] {
  if (typeof value === "string") return /^\/[^/]/.test(value) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(pathsOf) : [];
}
