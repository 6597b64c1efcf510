/** systemd units, their drop-ins and their environment files, put together with what stands beside them. */
import { groupBy } from "../words/group-by.ts";
import type { CommandLines } from "./command-line.ts";
import { isEnvironmentFile, readEnvironmentFile } from "./environment-file.ts";
import type { Format, Part, Reading } from "./format.ts";
import { withLines } from "./lines.ts";
import { unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { readingOf } from "./program-pieces.ts";
import { startsKubelets } from "./shell-remarks.ts";
import { speaks } from "./speaks.ts";
import { readSystemdUnit, variablesOf } from "./systemd-unit.ts";

const header = /^\s*\[[\w-]+\]\s*$/;

/** A unit or a drop-in. */
export const unit: Format = {
  name: "systemd unit",
  status: "read",
  about:
    "a unit with its drop-ins (`*.conf`, in the order of their names) and the environment files beside it, by path or by name; of kubeadm's optional environment files those that are not there are taken to be as kubeadm leaves them, and said; what only another file that is not there could set is unknown",
  recognises: (text) => {
    const first = text
      .split("\n", 200)
      .find((line) => line.trim() !== "" && !/^\s*[#;]/.test(line));
    return header.test(first ?? "") && /^\s*\[(Unit|Service|Install)\]\s*$/m.test(text);
  },
  read: (text, origin) => ({ pieces: [], inner: [], parts: [{ kind: "unit", text, origin }] }),
};

/** An environment file. */
export const environmentFile: Format = {
  name: "environment file",
  status: "read",
  about:
    "`NAME=value` lines, such as /etc/default/kubelet and kubeadm-flags.env: part of the unit beside it; of kubeadm's unit where no unit is there and it sets that unit's variables",
  recognises: isEnvironmentFile,
  read: (text, origin) => ({
    pieces: [],
    inner: [],
    parts: [{ kind: "environment", text, origin }],
  }),
};

type Text = Extract<Part, { kind: "unit" | "environment" }>;

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

/** Environment files beside one unit that are looked at. */
const maxFiles = 50;

type Group = { readonly main: Text; readonly dropIns: readonly Text[] };

function grouped(units: readonly Text[]): Group[] {
  const mains = units.filter(isMain);
  const dropIns = units
    .filter((text) => !isMain(text))
    .sort((a, b) => compare(nameOf(a.origin), nameOf(b.origin)));
  const near = groupBy(mains, ({ origin }) => beside(origin));
  const far = groupBy(mains, farKey);
  const targets = new Map(
    dropIns.map((dropIn) => [
      dropIn,
      mainsOf(dropIn, near.get(beside(dropIn.origin)) ?? [], far.get(farKey(dropIn)) ?? []),
    ]),
  );
  const byMain = new Map<Text, Text[]>();
  for (const [dropIn, owners] of targets) {
    for (const main of owners) byMain.set(main, [...(byMain.get(main) ?? []), dropIn]);
  }
  const alone = dropIns.filter((dropIn) => (targets.get(dropIn) ?? []).length === 0);
  const rest = [...groupBy(alone, ({ origin }) => `${beside(origin)} ${serviceOf(origin) ?? ""}`)];
  return [
    ...mains.map((main) => ({ main, dropIns: byMain.get(main) ?? [] })),
    ...rest.flatMap(([, [main, ...others]]): Group[] => (main ? [{ main, dropIns: others }] : [])),
  ];
}

/** Texts without a machine that one scope holds may belong together though they have other holders. */
function farKey({ origin }: { readonly origin: Origin }): string {
  return origin.machine === undefined ? `scope ${origin.scope}` : `machine ${origin.machine}`;
}

/** More units than this beside one drop-in, and it is not told whose it is. */
const maxOwners = 20;

/** A drop-in belongs to the unit beside it that has its name; else to the only one of its scope that has. */
function mainsOf(dropIn: Text, near: readonly Text[], far: readonly Text[]): readonly Text[] {
  const service = serviceOf(dropIn.origin);
  const named = (one: Text) =>
    service === undefined
      ? speaks(one.text) !== "of other things"
      : nameOf(one.origin) === service || !/\.service$/.test(nameOf(one.origin));
  const beside = near.length > maxOwners && service === undefined ? [] : near.filter(named);
  if (beside.length > 0) return beside.slice(0, maxOwners);
  if (far.length > maxOwners) return [];
  const others = far.filter(named);
  return others.length === 1 ? others : [];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function nameOf({ path, key, holder }: Origin): string {
  const name = path ?? key ?? holder;
  return name.slice(name.lastIndexOf("/") + 1);
}

function beside({ machine, holder }: Origin): string {
  return machine === undefined ? `holder ${holder}` : `machine ${machine}`;
}

/** `kubelet.service.d/10-kubeadm.conf` changes kubelet.service. */
function serviceOf({ path, key, holder }: Origin): string | undefined {
  return /([\w@.-]+\.service)\.d[/_-]/.exec(path ?? key ?? holder)?.[1];
}

/** A drop-in is known by its folder or its ending; without a name, by having no `[Unit]` or `[Install]`. */
function isMain({ text, origin }: Text): boolean {
  const name = nameOf(origin);
  if (serviceOf(origin) !== undefined) return false;
  if (/\.service$/.test(name)) return true;
  if (/\.conf$/.test(name)) return false;
  return /^\s*\[(Unit|Install)\]\s*$/m.test(text) || !/^\s*ExecStart\s*=\s*$/m.test(text);
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
    `${nameOf(main.origin)} ${main.text.replace(/^\s*Environment.*$/gm, "")}`,
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
  const commandLines = read.commandLines.map((line) => {
    const own = texts.find(({ origin }) => origin.source.where === line.source.where);
    return own ? withLines(line, own.text) : line;
  });
  return { ...read, commandLines };
}

function environmentPaths(text: string): string[] {
  return [...text.matchAll(/^\s*EnvironmentFile\s*=\s*-?\s*["']?([^"'\n]*?)["']?\s*$/gm)].flatMap(
    ([, path = ""]) => (path === "" ? [] : [path]),
  );
}

/** The texts of environment files: by path, by name, else the only one left that sets a variable that the unit uses. */
function filesByPath(
  paths: readonly string[],
  files: readonly Text[],
  texts: readonly Text[],
): Map<string, Text> {
  const found = new Map<string, Text>();
  for (const path of paths) {
    const match = files.find(({ origin }) => origin.path === path) ?? files.find(isNamed(path));
    if (match) found.set(path, match);
  }
  const variables = new Set(texts.flatMap(({ text }) => variablesOf(text)));
  const left = files.filter(
    (file) =>
      ![...found.values()].includes(file) &&
      file.origin.path === undefined &&
      Object.keys(readEnvironmentFile(file.text)).some((name) => variables.has(name)),
  );
  const open = paths.filter((path) => !found.has(path));
  for (const [index, file] of left.entries()) {
    const path = open[index];
    if (path !== undefined) found.set(path, file);
  }
  return found;
}

/** `kubelet`, `default-kubelet` or `etc_default_kubelet` for /etc/default/kubelet. */
function isNamed(path: string): (text: Text) => boolean {
  const segments = path.split("/").filter((part) => part !== "");
  const names = segments.map((_, index) => segments.slice(index).join("-"));
  return ({ origin }) =>
    origin.path === undefined && names.includes(nameOf(origin).replace(/[_.]/g, "-"))
      ? true
      : origin.path === undefined && names.includes(nameOf(origin));
}

/** kubeadm's drop-in for kubelet.service, which its packages install. */
const kubeadmUnit = `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
EnvironmentFile=-/etc/sysconfig/kubelet
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`;
/** As many flags are kubeadm's own, before those of the environment files. */
const kubeadmOwnFlags = 3;

/** By its name, and by flags in it, it is a kubelet's or kube-apiserver's, though no word of it says so. */
function isNamedForKubelet({ text, origin }: Text): boolean {
  return /kubelet|kube-?api-?server/i.test(nameOf(origin)) && handsFlags.test(text);
}

/** `command_args="--config=..."` */
const handsFlags = /^\s*(?:export\s+)?\w*(?:args|opts|flags)\w*=.*--[a-z]/im;

/** Whether an environment file is one of those that kubeadm's unit reads. */
function isKubeadms({ text }: Text): boolean {
  return /^\s*KUBELET_(KUBEADM|EXTRA)_ARGS=/m.test(text);
}

/** The pieces, with the flags of environment files that no unit used given to the kubelets that kubeadm starts. */
export function withEnvironments(
  pieces: readonly Piece[],
  parts: readonly Part[],
  used: Set<Text>,
): readonly Piece[] {
  const files = parts.filter(
    (part): part is Text => part.kind === "environment" && !used.has(part) && isKubeadms(part),
  );
  if (files.length === 0) return pieces;
  const near = groupBy(files, ({ origin }) => beside(origin));
  const far = groupBy(files, farKey);
  return pieces.map((piece) => {
    if (piece.kind !== "kubeadm" || piece.configuration.kubelets.length === 0) return piece;
    const own = (near.get(beside(piece.origin)) ?? far.get(farKey(piece)) ?? []).slice(0, maxFiles);
    if (own.length === 0) return piece;
    for (const one of own) used.add(one);
    const [line] = kubeadmUnitWith(own, piece.origin).commandLines;
    const added = (line?.words ?? []).slice(kubeadmOwnFlags);
    const kubelets = piece.configuration.kubelets.map((kubelet) => ({
      ...kubelet,
      commandLine: {
        ...kubelet.commandLine,
        words: [...kubelet.commandLine.words, ...added],
      },
    }));
    return { ...piece, configuration: { ...piece.configuration, kubelets } };
  });
}

function kubeadmUnitWith(files: readonly Text[], { source }: Origin) {
  const paths = environmentPaths(kubeadmUnit);
  const environmentFiles = Object.fromEntries(
    files.map((file, index) => [
      paths.find((path) => path === file.origin.path || isNamed(path)(file)) ?? paths[index] ?? "",
      file.text,
    ]),
  );
  return readSystemdUnit(kubeadmUnit, { where: source.where }, { environmentFiles });
}

/**
 * Environment files that no unit used: those of kubeadm's unit are its kubelet's where nothing else starts one; others
 * that speak of kubelets are said.
 *
 * Source: kubernetes release `cmd/krel/templates/latest/kubeadm/10-kubeadm.conf`.
 */
export function leftEnvironments(
  parts: readonly Part[],
  used: ReadonlySet<Text>,
  hasKubelet: boolean,
): readonly Reading[] {
  const left = parts.filter(
    (part): part is Text =>
      part.kind === "environment" &&
      !used.has(part) &&
      (speaks(part.text) !== "of other things" || isNamedForKubelet(part)),
  );
  return [...groupBy(left, ({ origin }) => beside(origin)).values()].map((files): Reading => {
    const [first] = files;
    if (!first || !files.some(isKubeadms) || hasKubelet) {
      return {
        pieces: files.map(({ origin, text }) =>
          unread(
            origin,
            `the unit that uses the environment file ${origin.source.where}`,
            speaks(text) === "of settings" || handsFlags.test(text),
          ),
        ),
        inner: [],
      };
    }
    const reading = readingOf(kubeadmUnitWith(files, first.origin), first.origin);
    const note = unread(
      first.origin,
      `the unit that uses ${first.origin.source.where}, which is taken to be kubeadm's`,
      false,
    );
    return { ...reading, pieces: [...reading.pieces, note] };
  });
}
