/** systemd units, their drop-ins and their environment files, put together with what stands beside them. */
import { groupBy } from "../words/group-by.ts";
import type { CommandLines } from "./command-line.ts";
import { isEnvironmentFile } from "./environment-file.ts";
import { environmentPaths, filesByPath } from "./environment-texts.ts";
import type { Format, Part, Reading } from "./format.ts";
import { lineFinder } from "./lines.ts";
import { unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { readingOf } from "./program-pieces.ts";
import { startsKubelets } from "./shell-remarks.ts";
import { speaks } from "./speaks.ts";
import { readSystemdUnit } from "./systemd-unit.ts";
import {
  beside,
  farKey,
  type Group,
  grouped,
  maxFiles,
  nameOf,
  serviceOf,
  type Text,
} from "./unit-groups.ts";

const header = /^\s*\[[\w-]+\]\s*$/;

/** A unit or a drop-in. */
export const unit: Format = {
  name: "systemd unit",
  about:
    "a unit with its drop-ins (`*.conf`, in the order of their names) and the environment files beside it, by path or by name; of kubeadm's optional environment files those that are not there are taken to be as kubeadm leaves them, and said; what only another file that is not there could set is unknown, and so are the files of a program that `RootDirectory=`, `BindPaths=` and their like show others",
  recognises: (text) => {
    const first = text
      .split("\n", 200)
      .find((line) => line.trim() !== "" && !/^\s*[#;]/.test(line));
    return header.test(first ?? "") && /^[ \t]*\[(Unit|Service|Install)\]\s*$/m.test(text);
  },
  read: (text, origin) => ({ pieces: [], inner: [], parts: [{ kind: "unit", text, origin }] }),
};

/** An environment file. */
export const environmentFile: Format = {
  name: "environment file",
  about:
    "`NAME=value` lines, such as /etc/default/kubelet and kubeadm-flags.env: part of the unit beside it; of kubeadm's unit where no unit is there and it sets that unit's variables",
  recognises: isEnvironmentFile,
  read: (text, origin) => ({
    pieces: [],
    inner: [],
    parts: [{ kind: "environment", text, origin }],
  }),
};

/** What is noted about how texts beside each other were put together. */
export type Together = {
  /** The environment files that a unit used. */
  readonly used: Set<Text>;
  readonly readings: readonly Reading[];
};

/**
 * Puts units together with what stands beside them.
 *
 * @param here paths and names of the texts that were given: a script among them is read by itself
 */
export function assembleUnits(parts: readonly Part[], here: ReadonlySet<string>): Together {
  const units = parts.filter((part): part is Text => part.kind === "unit");
  const files = parts.filter((part): part is Text => part.kind === "environment");
  const used = new Set<Text>();
  const near = groupBy(files, ({ origin }) => beside(origin));
  const far = groupBy(files, farKey);
  const readings = grouped(units).map((group) => {
    const { main } = group;
    const own = near.get(beside(main.origin)) ?? [];
    const others = (far.get(farKey(main)) ?? []).filter(
      (file) => beside(file.origin) !== beside(main.origin),
    );
    return readGroup(group, [...own, ...others].slice(0, maxFiles), used, here);
  });
  return { used, readings };
}

function readGroup(
  { main, dropIns }: Group,
  files: readonly Text[],
  used: Set<Text>,
  here: ReadonlySet<string>,
): Reading {
  const texts = [main, ...dropIns];
  const paths = texts.flatMap(({ text }) => environmentPaths(text));
  const found = filesByPath(paths, files, texts);
  for (const file of found.values()) used.add(file);
  const read = readSystemdUnit(
    main.text,
    { where: main.origin.source.where },
    {
      dropIns: dropIns.map(({ text, origin }) => ({ text, source: origin.source })),
      environmentFiles: Object.fromEntries([...found].map(([path, { text }]) => [path, text])),
      isWhole: main.origin.isWhole === true,
    },
  );
  const speaking = texts.find(({ text }) => speaks(text) === "of settings");
  const isEmpty = read.commandLines.length === 0 && read.problems.length === 0;
  const extra: Piece[] = [];
  if (!isEmpty) {
    for (const name of read.otherRoots) {
      const what = `the files that programs of ${main.origin.source.where} see, which ${name} makes others than the machine's`;
      extra.push(unread(main.origin, what, true));
    }
  }
  if (read.commandLines.length > 0) {
    for (const path of read.absentFiles) {
      extra.push(
        unread(
          main.origin,
          `${path}, an environment file of ${main.origin.source.where} that is not here and is taken to ${path.endsWith("kubeadm-flags.env") ? "hold what kubeadm writes, no flag that decides" : "be absent, as the unit allows"}`,
          false,
        ),
      );
    }
  }
  const isOfKubelet = /kubelet|api-?server/i.test(
    `${nameOf(main.origin)} ${main.text.replace(/^[ \t]*Environment.*$/gm, "")}`,
  );
  const started = programOf(texts);
  const startsHere = started !== undefined && (here.has(started) || here.has(lastPart(started)));
  const service = serviceOf(main.origin);
  const isOfOthers = service !== undefined && !/kube|k3s|rke2|k0s|api-?server/i.test(service);
  const isUnknown =
    started === undefined
      ? speaking !== undefined && !isOfOthers
      : isOfKubelet && (speaking !== undefined || startsKubelet(main.origin));
  if (isEmpty && isUnknown && !startsHere && read.commands.length === 0) {
    const { origin } = speaking ?? main;
    const what = started === undefined ? "unit" : "program";
    const does = started === undefined ? "changes" : "starts";
    extra.push(unread(origin, `the ${what} that ${origin.source.where} ${does}`, true));
  }
  const [program = "", ...words] = startOf(texts);
  if (isEmpty && startsKubelets(lastPart(program), words)) {
    extra.push(unread(main.origin, `the kubelet that ${lastPart(program)} starts by itself`, true));
  }
  const reading = readingOf(withOwnLines(read, texts), main.origin);
  return { ...reading, pieces: [...reading.pieces, ...extra] };
}

/** The first word of the last `ExecStart=`; `undefined` where none starts anything. */
function programOf(texts: readonly Text[]): string | undefined {
  return startOf(texts)[0];
}

/** The words of the last `ExecStart=`, as they are written. */
function startOf(texts: readonly Text[]): readonly string[] {
  const starts = texts.flatMap(({ text }) => [
    ...text.matchAll(/^[ \t]*ExecStart[ \t]*=[ \t]*[@:+!|-]*[ \t]*(\S.*)$/gm),
  ]);
  return starts.at(-1)?.[1]?.trim().split(/\s+/) ?? [];
}

/** By its name the unit is a kubelet's or kube-apiserver's. */
function startsKubelet(origin: Origin): boolean {
  return /^(kubelet|kube-apiserver)\.service$/.test(nameOf(origin));
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Each flag with the line that it stands in. */
function withOwnLines<R extends CommandLines>(read: R, texts: readonly Text[]): R {
  const finders = new Map(
    texts.map(({ origin, text }) => [origin.source.where, lineFinder(text)] as const).reverse(),
  );
  const commandLines = read.commandLines.map(
    (line) => finders.get(line.source.where)?.(line) ?? line,
  );
  return { ...read, commandLines };
}
