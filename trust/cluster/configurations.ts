/**
 * Which KubeletConfiguration belongs to which kubelet: the one that its `--config` names, where it lies. One that no
 * kubelet names is judged by itself, and is never used up by a guess.
 */

import { posix } from "node:path";
import { kubeadmInstanceConfigPath, kubeadmKubeletConfigPath } from "../kubeadm/defaults.ts";
import {
  type KubeletConfigurationDocument,
  readConfigFile,
} from "../readers/kubelet-configuration.ts";
import type { ConfigurationPiece, Origin, ProgramPiece } from "../readers/piece.ts";
import { beside } from "../readers/unit-groups.ts";
import { asObject, asText, type JsonObject } from "../readers/yaml.ts";
import { compare } from "../words/compare.ts";
import { type Fact, known, type Source, unknown } from "../words/fact.ts";
import type { HostFiles } from "../words/facts.ts";
import { type Checks, openingOf } from "../words/opening.ts";
import type { AssembleOptions } from "./assembly.ts";
import type { Assumptions } from "./assumptions.ts";
import { flagText } from "./flags.ts";

/** The KubeletConfigurations of one place, and which of them are taken. */
export type Configurations = {
  readonly all: readonly ConfigurationPiece[];
  /** Those that a kubelet certainly has; each of the others stands for kubelets of its own. */
  readonly taken: Set<ConfigurationPiece>;
  readonly assumptions: Assumptions;
};

/** Parses each distinct text once: a thousand machines of a pool have the same. */
export type ParseConfig = (
  path: string,
  files: HostFiles | undefined,
) => KubeletConfigurationDocument | undefined;

/** Makes a {@link ParseConfig}. */
export function configurationParser(): ParseConfig {
  const parsed = new Map<string, KubeletConfigurationDocument | undefined>();
  return (path, files) => {
    const file = files?.(path);
    if (!file?.known || file.value.kind !== "text") return undefined;
    const { text } = file.value;
    const key = `${path}\n${text}`;
    if (!parsed.has(key)) {
      const read = readConfigFile(text, file.source ?? { where: path });
      parsed.set(key, "document" in read ? read.document : undefined);
    }
    return parsed.get(key);
  };
}

/** Says which KubeletConfigurations a kubelet without `--config` does not use. */
export function sayUnused({ origin }: ProgramPiece, configurations: Configurations): void {
  for (const piece of wholes(configurations)) {
    if (!isBeside(piece.origin, origin)) continue;
    configurations.assumptions.add(besideUnused(piece.origin));
  }
}

/** It may stand for kubelets of its own all the same. */
function besideUnused(origin: Origin): string {
  return `${nameOf(origin)} is not used by the kubelet beside it: no --config names it.`;
}

/** Says what was given and has become part of no kubelet. */
export function sayLeft(
  left: readonly ConfigurationPiece[],
  { assumptions }: Pick<Configurations, "assumptions">,
): void {
  const said = new Set(assumptions.unused().map(({ origin }) => origin));
  for (const { role, origin, document } of left) {
    if (said.has(origin) || origin.path === kubeadmInstanceConfigPath) continue;
    const why = {
      whole: "no --config names it",
      "drop-in": "no --config-dir names its folder",
      "kubeadm-patch": "no kubeadm is told of its folder",
    }[role];
    const isSaid = assumptions.all().includes(besideUnused(origin));
    const opens = role === "whole" ? undefined : openingOf(checksIn(document.value));
    assumptions.addUnused({
      origin,
      ...(opens && { opens }),
      why: isSaid ? besideUnused(origin) : `${nameOf(origin)} is used by no kubelet: ${why}.`,
    });
  }
}

/** What a KubeletConfiguration says of the kubelet's own checks. */
function checksIn({ authentication, authorization, readOnlyPort }: JsonObject): Checks {
  const mode = asText(asObject(authorization)?.mode);
  return {
    anonymous: asObject(asObject(authentication)?.anonymous)?.enabled === true,
    ...(mode !== undefined && { authorizationMode: mode }),
    ...(typeof readOnlyPort === "number" && { readOnlyPort }),
  };
}

function wholes({ all }: Configurations): ConfigurationPiece[] {
  return all.filter(({ role }) => role === "whole");
}

type Found = Fact<KubeletConfigurationDocument | undefined>;

/** The text on the same machine, or in the same object, that `--config` names; `undefined` where there is none. */
export function besideIt(
  { origin }: ProgramPiece,
  path: string,
  configurations: Configurations,
): Found | undefined {
  const exact = wholes(configurations).filter(
    (piece) => isBeside(piece.origin, origin) && isNamed(piece.origin, path),
  );
  return exact.length === 0 ? undefined : one(exact, path, configurations, true);
}

/** What a pod mounts is a text that was found as well. */
export function takeMounted(source: Source | undefined, { all, taken }: Configurations): void {
  if (source?.key === undefined) return;
  for (const piece of all) {
    const { key, source: own } = piece.origin;
    if (key === source.key && source.where.startsWith(own.where)) taken.add(piece);
  }
}

/** The only text of the machine, where no path is said, or one of the name anywhere in the cluster. */
export function elsewhere(
  { origin }: ProgramPiece,
  path: string,
  configurations: Configurations,
): Found {
  const [only, ...others] = wholes(configurations).filter(
    (piece) =>
      isBeside(piece.origin, origin) &&
      piece.origin.machine !== undefined &&
      piece.origin.path === undefined,
  );
  if (only && others.length === 0) {
    sayAfar(only, path, configurations);
    configurations.taken.add(only);
    return known(only.document);
  }
  const afar = wholes(configurations).filter(
    (piece) => piece.origin.machine === undefined && isNamed(piece.origin, path),
  );
  if (afar.length === 0) return known(undefined);
  // Of files that a person hands in, the only one of the name is what was meant; objects may be for other machines.
  const isFile = afar.every(
    ({ origin: at }) => at.object === undefined && at.key === posix.basename(path),
  );
  const [first] = afar;
  if (first && afar.length === 1 && isFile) sayAfar(first, path, configurations);
  return one(afar, path, configurations, isFile);
}

function sayAfar({ origin }: ConfigurationPiece, path: string, { assumptions }: Configurations) {
  assumptions.add(`${nameOf(origin)} is what the kubelet has as ${path}, which --config names.`);
}

function one(
  candidates: readonly ConfigurationPiece[],
  path: string,
  { taken }: Configurations,
  isCertain: boolean,
): Found {
  const [first, ...others] = candidates;
  if (first === undefined || others.length > 0) {
    const names = candidates.map(({ origin }) => nameOf(origin)).sort();
    return unknown(`which of ${names.join(" and ")} is ${path}, which --config names`);
  }
  if (isCertain) taken.add(first);
  return known(first.document);
}

/** On one machine, or in one object. */
function isBeside(one: Origin, other: Origin): boolean {
  return beside(one) === beside(other);
}

/** By its path, else by its key; kubeadm's ConfigMap has kubeadm's file under a key of its own. */
function isNamed({ path: own, key }: Origin, path: string): boolean {
  if (own !== undefined) return posix.normalize(own) === posix.normalize(path);
  return key === posix.basename(path) || (key === "kubelet" && path === kubeadmKubeletConfigPath);
}

/** What a person calls it. */
function nameOf({ source, key }: Origin): string {
  return key === undefined || source.where.includes(key)
    ? source.where
    : `${source.where} (${key})`;
}

/** The drop-ins of a kubelet in the order of their names, or what keeps them from being known. */
export function dropInsOf(
  piece: ProgramPiece,
  version: string,
  configurations: Configurations,
  files: HostFiles | undefined,
  folders: AssembleOptions["folders"],
): Fact<readonly KubeletConfigurationDocument[] | undefined> {
  const flag = flagText(piece.commandLine, "config-dir", version);
  const { machine } = piece.origin;
  const given = configurations.all.filter(({ role }) => role === "drop-in");
  if (!flag.known || flag.value === undefined) {
    const unused = given.filter(({ origin }) => isBeside(origin, piece.origin));
    for (const { origin } of flag.known ? unused : []) {
      configurations.assumptions.addUnused({
        origin,
        why: `${nameOf(origin)} is not used by the kubelet beside it: no --config-dir names its folder.`,
      });
    }
    return flag.known ? known(undefined) : flag;
  }
  const folder = flag.value;
  const within = given.filter(({ origin }) =>
    origin.path === undefined
      ? isBeside(origin, piece.origin)
      : posix.dirname(posix.normalize(origin.path)) === posix.normalize(folder) &&
        (origin.machine === undefined || origin.machine === machine),
  );
  for (const drop of within) configurations.taken.add(drop);
  const listed = machine === undefined ? undefined : folders?.(machine, folder);
  const documents =
    listed && [...listed].sort(compare).flatMap((name) => read(posix.join(folder, name), files));
  if (documents) return known(documents);
  if (within.length > 0) {
    return known(
      [...within]
        .sort((a, b) => compare(fileName(a.origin), fileName(b.origin)))
        .map(({ document }) => document),
    );
  }
  const there = files?.(folder);
  if (there?.known && there.value.kind === "missing") return known([]);
  return unknown(`the drop-ins in ${folder}, which --config-dir names`, flag.source);
}

function read(path: string, files: HostFiles | undefined): KubeletConfigurationDocument[] {
  const file = path.endsWith(".conf") ? files?.(path) : undefined;
  if (!file?.known || file.value.kind !== "text") return [];
  const parsed = readConfigFile(file.value.text, { ...file.source, where: path });
  if ("document" in parsed) return [parsed.document];
  const { error, source } = parsed;
  return [{ value: {}, source: { ...source, where: path }, lineOf: () => undefined, error }];
}

function fileName({ path, key, source }: Origin): string {
  return posix.basename(path ?? key ?? source.where);
}
