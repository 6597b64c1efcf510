/** Pieces of the command lines that were found in a unit, a script, a container or a file. */
import { known } from "../words/fact.ts";
import type { CommandLine, CommandLines } from "./command-line.ts";
import type { Given, Part, Reading } from "./format.ts";
import { ofFile, unread } from "./origins.ts";
import type { Origin, Piece, ProgramPiece } from "./piece.ts";
import { textOf } from "./word.ts";

type Around = Omit<ProgramPiece, "kind" | "origin" | "commandLine">;

/** A program, with what is noted about how it is started. */
export function programPiece(
  commandLine: CommandLine,
  origin: Origin,
  around: Around = {},
): readonly Piece[] {
  const own = { ...origin, source: { ...commandLine.source, where: origin.source.where } };
  const { through } = commandLine;
  return [
    { kind: "program", origin: own, commandLine, ...ofHost(commandLine, origin), ...around },
    ...(through === undefined
      ? []
      : [
          unread(
            own,
            `what ${origin.secret ? "a program" : JSON.stringify(shortened(through))} does before it starts the ${commandLine.program} named behind it`,
            false,
          ),
        ]),
  ];
}

/** What is written about the machine that starts it. */
function ofHost({ program }: CommandLine, { host, source }: Origin): Around {
  if (host === undefined) return {};
  const { name, addresses, version } = host;
  return {
    ...(version !== undefined && { version }),
    ...(program === "kubelet"
      ? { label: name, hostName: known(name, source), addresses }
      : { label: `${program} of ${name}` }),
  };
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** A program that only prints something is not started. */
export function runs({ words }: CommandLine): boolean {
  return !words.some((word) => /^(--version(=\w+)?|--help|-h|-V)$/.test(textOf(word)));
}

/** Everything that command lines say: programs, the files that scripts write, what could not be followed. */
export function readingOf(lines: CommandLines, origin: Origin): Reading {
  return {
    pieces: [
      ...lines.commandLines.filter(runs).flatMap((line) => programPiece(line, origin)),
      ...besides(lines, origin),
    ],
    inner: written(lines, origin),
    parts: kubeadmParts(lines, origin),
  };
}

/** What was not understood among the words. */
export function besides(lines: CommandLines, origin: Origin): readonly Piece[] {
  return [
    ...lines.problems.map(({ message, source, opens }) => ({
      ...unread(
        { ...origin, source: { ...source, where: origin.source.where } },
        `${origin.secret ? "the flags of a program that these words name" : message} (${origin.source.where})`,
        true,
      ),
      ...(opens && { opens }),
    })),
    ...lines.notes.map(({ message, source, startsKubelet }) => ({
      ...unread(
        { ...origin, source: { ...source, where: origin.source.where } },
        `${origin.secret ? "what a program does" : message} (${origin.source.where})`,
        false,
      ),
      ...(startsKubelet && { startsKubelet }),
    })),
    ...lines.changed.map(({ path, by, line, deciding }): Piece => {
      const own = { ...origin, source: { ...origin.source, line } };
      const what = origin.secret
        ? "a command makes of a file of Kubernetes"
        : `${by} makes of ${path}`;
      return deciding
        ? unread(own, `what ${what} in ${origin.source.where}`, true)
        : { kind: "change", origin: own, path, by };
    }),
  ];
}

/** The texts that a script writes or hands on. */
export function written({ files }: CommandLines, origin: Origin): readonly Given[] {
  return files.map(({ path, content, line }) => {
    const source = { where: `${origin.source.where}:${line}` };
    const here: Origin = { ...origin, source, machine: origin.machine ?? origin.holder };
    return path === undefined
      ? { content, origin: withoutPath(here) }
      : {
          content,
          origin: { ...ofFile(here, path), source: { where: `${source.where}: ${path}` } },
        };
  });
}

function withoutPath({ path: _path, key: _key, ...origin }: Origin): Origin {
  return origin;
}

/** The commands that start kubeadm. */
export function kubeadmParts({ commands }: CommandLines, origin: Origin): readonly Part[] {
  return commands.flatMap(({ words, line }): Part[] => {
    const at = words.findIndex((word) => /(^|\/)kubeadm$/.test(textOf(word)));
    const verb = textOf(words[at + 1]);
    return at >= 0 && at < 6 && ["init", "join", "upgrade"].includes(verb)
      ? [
          {
            kind: "kubeadm",
            words: words.slice(at + 1),
            origin: {
              ...origin,
              machine: origin.machine ?? origin.holder,
              source: { ...origin.source, line },
            },
          },
        ]
      : [];
  });
}
