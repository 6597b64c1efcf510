/**
 * What each Kubernetes version knows: flags, feature gates, configuration types and defaults, as the
 * programs themselves told (see data/dump).
 */

import type { Program } from "../readers/command-line.ts";
import type { Json, JsonObject } from "../readers/yaml.ts";
import { newestKnownVersion } from "../words/vocabulary.ts";
import { data } from "./data/index.ts";

export type FlagFacts = {
  /** pflag's name of the type, e.g. `bool`, `stringSlice`. */
  readonly type: string;
  /** What the bare flag stands for; without one it needs an argument. */
  readonly noOptDefault?: string;
  readonly shorthand?: string;
  readonly default?: string;
  /** The advice that it prints when it is used. */
  readonly deprecated?: string;
};

export type FlagTable = {
  readonly byName: (name: string) => FlagFacts | undefined;
  readonly byShorthand: (letter: string) => string | undefined;
};

export type GateFacts = {
  readonly default: boolean;
  /** It may be set to its default alone. */
  readonly locked?: boolean;
  /** `ALPHA`, `BETA`, `DEPRECATED`; absent when generally available. */
  readonly stage?: string;
  readonly dependsOn?: readonly string[] | null;
};

export type ProgramTable = {
  readonly flags: FlagTable;
  readonly gates: Readonly<Record<string, GateFacts>>;
};

export type KubeletTable = ProgramTable & {
  /** Minor version of this table. */
  readonly minor: number;
  /** Go type of each field of each struct, by struct. */
  readonly types: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What a KubeletConfiguration defaults to. */
  readonly defaults: JsonObject;
  /** What a kubelet without `--config` defaults to. */
  readonly legacyDefaults: JsonObject;
  /** Fields that hold paths, resolved against the folder of the file they stand in. */
  readonly pathFields: readonly string[];
  /** The configuration field behind each flag. */
  readonly flagFields: Readonly<Record<string, string>>;
  readonly tls: TlsNames;
  /** Labels of kubernetes.io that a kubelet may give itself. */
  readonly labels: KubeletLabels;
};

type TlsNames = { readonly cipherSuites: readonly string[]; readonly versions: readonly string[] };
type KubeletLabels = { readonly names: readonly string[]; readonly namespaces: readonly string[] };

/** Minor versions that the tables know, ascending, e.g. `[34, 35, 36, 37]`. */
export const knownMinors: readonly number[] = Object.keys(data)
  .map((version) => Number(version.split(".")[1]))
  .sort((a, b) => a - b);

/**
 * The minor version whose table stands for a version: its own, else the nearest known one. Text that is no
 * version stands for the newest.
 */
export function minorOf(version: string): number {
  const match = /^v?1\.(\d+)(\.|$|[-+])/.exec(version);
  const wanted = Number(match?.[1] ?? newestKnownVersion.split(".")[1]);
  const [oldest = wanted] = knownMinors;
  const newest = knownMinors.at(-1) ?? wanted;
  return Math.min(Math.max(wanted, oldest), newest);
}

/** True when the version's own minor is in the tables, so that nothing is guessed. */
export function isKnownVersion(version: string): boolean {
  const match = /^v?1\.(\d+)(\.|$|[-+])/.exec(version);
  return match !== null && knownMinors.includes(Number(match[1]));
}

const programTables = new Map<string, ProgramTable>();

/** Flags and gates of a program of a version. */
export function programTable(program: Program, version: string): ProgramTable {
  const minor = minorOf(version);
  const key = `${program} ${minor}`;
  let table = programTables.get(key);
  if (!table) {
    const raw = data[`1.${minor}`]?.[program];
    table = {
      flags: flagTable(program, raw?.flags ?? {}),
      gates: raw?.gates ?? {},
    };
    programTables.set(key, table);
  }
  return table;
}

/** Everything about the kubelet of a version. */
export function kubeletTable(version: string): KubeletTable {
  const raw = data[`1.${minorOf(version)}`]?.kubelet;
  return {
    ...programTable("kubelet", version),
    minor: minorOf(version),
    types: raw?.types ?? {},
    defaults: raw?.defaults ?? {},
    legacyDefaults: raw?.legacy ?? {},
    pathFields: raw?.paths ?? [],
    flagFields: raw?.fields ?? {},
    tls: raw?.tls ?? { cipherSuites: [], versions: [] },
    labels: raw?.labels ?? { names: [], namespaces: [] },
  };
}

/** Flags that parse their text in a way of their own, whatever pflag calls their type. */
const ownTypes: Readonly<Record<Program, Readonly<Record<string, string>>>> = {
  kubelet: {
    address: "kubeletIp",
    "healthz-bind-address": "kubeletIp",
    "eviction-hard": "langleMap",
    "eviction-soft": "langleMap",
    "housekeeping-interval": "goDuration",
    "manifest-url-header": "colonMap",
    "node-labels": "configurationMap",
  },
  "kube-apiserver": { "runtime-config": "configurationMap" },
  "kube-controller-manager": {},
};

function flagTable(program: Program, flags: Readonly<Record<string, FlagFacts>>): FlagTable {
  const shorthands = new Map(
    Object.entries(flags).flatMap(([name, { shorthand }]) =>
      shorthand === undefined ? [] : [[shorthand, name] as const],
    ),
  );
  return {
    byName: (name) => {
      const facts = Object.hasOwn(flags, name) ? flags[name] : undefined;
      const own = facts && ownTypes[program][name];
      return facts && own !== undefined ? { ...facts, type: own } : facts;
    },
    byShorthand: (letter) => shorthands.get(letter),
  };
}

/** The table's shape as the dump writes it. */
export type VersionData = {
  readonly version: string;
  readonly kubelet: {
    readonly flags: Readonly<Record<string, FlagFacts>>;
    readonly gates: Readonly<Record<string, GateFacts>>;
    readonly types: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly defaults: { readonly [key: string]: Json };
    readonly legacy: { readonly [key: string]: Json };
    readonly paths: readonly string[];
    readonly fields: Readonly<Record<string, string>>;
    readonly tls: TlsNames;
    readonly labels: KubeletLabels;
  };
  readonly "kube-apiserver": ProgramData;
  readonly "kube-controller-manager": ProgramData;
};

type ProgramData = {
  readonly flags: Readonly<Record<string, FlagFacts>>;
  readonly gates: Readonly<Record<string, GateFacts>>;
};
