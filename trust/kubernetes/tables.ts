/**
 * What each Kubernetes version knows: flags, feature gates, configuration types and defaults, as the
 * programs themselves told (toolchain/facts).
 */

import type { Program } from "../readers/command-line.ts";
import type { Json, JsonObject } from "../readers/yaml.ts";
import { data, type FlagData, type GateData, type Ranged } from "./data/index.ts";
import { allAt } from "./ranges.ts";
import { knownMinors, newestMinor, oldestMinor } from "./version.ts";

export type FlagFacts = FlagData;
export type GateFacts = GateData;

export type FlagTable = {
  readonly byName: (name: string) => FlagFacts | undefined;
  readonly byShorthand: (letter: string) => string | undefined;
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

/**
 * The minor version whose table stands for a version: its own, else the nearest known one. Text that is no
 * version stands for the newest.
 */
export function minorOf(version: string): number {
  const wanted = writtenMinor(version) ?? newestMinor;
  return Math.min(Math.max(wanted, oldestMinor), newestMinor);
}

/** True when the version's own minor is in the tables, so that nothing is guessed. */
export function isKnownVersion(version: string): boolean {
  const minor = writtenMinor(version);
  return minor !== undefined && knownMinors.includes(minor);
}

/** What is assumed of a version that is in none of the tables, a sentence; `undefined` of one that is. */
export function assumedVersion(version: string): string | undefined {
  return isKnownVersion(version)
    ? undefined
    : `Kubernetes ${version} is in none of the tables: it is judged as 1.${minorOf(version)}.`;
}

function writtenMinor(version: string): number | undefined {
  const match = /^v?1\.(\d+)(\.|$|[-+])/.exec(version);
  return match === null ? undefined : Number(match[1]);
}

const programTables = new Map<string, ProgramTable>();
const kubeletTables = new Map<number, KubeletTable>();

/** Flags and gates of a program of a version. */
export function programTable(program: Program, version: string): ProgramTable {
  const minor = minorOf(version);
  const key = `${program} ${minor}`;
  let table = programTables.get(key);
  if (!table) {
    table = {
      flags: flagTable(program, allAt(data.flags[program], minor)),
      gates: gatesAt(program, minor),
    };
    programTables.set(key, table);
  }
  return table;
}

function gatesAt(program: Program, minor: number): Record<string, GateFacts> {
  const gates = { ...allAt(data.gates, minor), ...allAt(data.otherGates[program], minor) };
  return Object.fromEntries(
    Object.entries(gates).flatMap(([name, gate]) => (gate === null ? [] : [[name, gate]])),
  );
}

/** Everything about the kubelet of a version. */
export function kubeletTable(version: string): KubeletTable {
  const minor = minorOf(version);
  let table = kubeletTables.get(minor);
  if (!table) {
    const lists = allAt(data.lists, minor);
    table = {
      ...programTable("kubelet", version),
      minor,
      types: typesAt(minor),
      defaults: allAt(data.defaults as Ranged<Json>, minor),
      legacyDefaults: allAt(data.legacyDefaults as Ranged<Json>, minor),
      pathFields: lists.pathFields ?? [],
      flagFields: allAt(data.flagFields, minor),
      tls: { cipherSuites: lists.cipherSuites ?? [], versions: lists.tlsVersions ?? [] },
      labels: { names: lists.labelNames ?? [], namespaces: lists.labelNamespaces ?? [] },
    };
    kubeletTables.set(minor, table);
  }
  return table;
}

function typesAt(minor: number): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.entries(data.types)
      .map(([struct, fields]) => [struct, allAt(fields, minor)] as const)
      .filter(([, fields]) => Object.keys(fields).length > 0),
  );
}

/** Between which versions something is known; both are absent when every version of the tables knows it. */
export type History = {
  /** The first minor version that knows it, e.g. 36; absent: the oldest of the tables, or before. */
  readonly since?: number;
  /** The first minor version that does not know it any more; absent: the newest knows it. */
  readonly removedIn?: number;
};

/** Since when and until when a program has a flag; `undefined` where no version of the tables has it. */
export function flagHistory(program: Program, name: string): History | undefined {
  return historyOf((minor) => programTable(program, `1.${minor}`).flags.byName(name) !== undefined);
}

/** Since when and until when a program has a feature gate; `undefined` where no version of the tables has it. */
export function gateHistory(program: Program, name: string): History | undefined {
  return historyOf((minor) => Object.hasOwn(programTable(program, `1.${minor}`).gates, name));
}

function historyOf(isKnown: (minor: number) => boolean): History | undefined {
  const minors = knownMinors.filter(isKnown);
  const [first] = minors;
  const last = minors.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return {
    ...(first !== oldestMinor && { since: first }),
    ...(last !== newestMinor && { removedIn: last + 1 }),
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
