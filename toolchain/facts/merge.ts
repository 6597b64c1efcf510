/** The table of Kubernetes versions, with one version put into it. */
import type {
  FlagData,
  GateData,
  KubernetesData,
  Ranged,
} from "../../trust/kubernetes/data/index.ts";
import { at, toRanges } from "../../trust/kubernetes/ranges.ts";
import { type Program, programs } from "../../trust/readers/command-line.ts";

/** What the programs of one version print. More than this may be there; it is not kept. */
export type Told = {
  readonly kubelet: ToldProgram & {
    readonly types: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly defaults: Readonly<Record<string, unknown>>;
    readonly legacy: Readonly<Record<string, unknown>>;
    readonly paths: readonly string[];
    readonly fields: Readonly<Record<string, string>>;
    readonly tls: {
      readonly cipherSuites: readonly string[];
      readonly versions: readonly string[];
    };
    readonly labels: { readonly names: readonly string[]; readonly namespaces: readonly string[] };
  };
  readonly "kube-apiserver": ToldProgram;
  readonly "kube-controller-manager": ToldProgram;
};

type ToldProgram = {
  readonly flags: readonly (FlagData & { readonly name: string })[];
  readonly gates: Readonly<Record<string, GateData>>;
};

const empty: KubernetesData = {
  versions: {},
  flags: { kubelet: {}, "kube-apiserver": {}, "kube-controller-manager": {} },
  gates: {},
  otherGates: { kubelet: {}, "kube-apiserver": {}, "kube-controller-manager": {} },
  types: {},
  defaults: {},
  legacyDefaults: {},
  flagFields: {},
  lists: {},
};

/**
 * The table with a version's facts in place of whatever it had for that minor version.
 *
 * @param version without the `v`, e.g. `1.37.2`
 */
export function merge(version: string, told: Told, table: KubernetesData = empty): KubernetesData {
  const minor = Number(version.split(".")[1]);
  const versions = { ...table.versions, [minor]: version };
  const before = Object.keys(table.versions).map(Number);
  const after = Object.keys(versions).map(Number);
  const put = <T>(ranged: Ranged<T> | undefined, values: Readonly<Record<string, T>>): Ranged<T> =>
    withVersion(ranged ?? {}, values, minor, before, after);

  const { kubelet } = told;
  const structs = sorted([...Object.keys(table.types), ...Object.keys(kubelet.types)]);
  return {
    versions,
    flags: byProgram((program) => put(table.flags[program], flagsOf(told[program]))),
    gates: put(table.gates, gatesOf(kubelet)),
    otherGates: byProgram((program) =>
      put(table.otherGates[program], differing(gatesOf(kubelet), gatesOf(told[program]))),
    ),
    types: Object.fromEntries(
      structs.map((struct) => [struct, put(table.types[struct], kubelet.types[struct] ?? {})]),
    ),
    defaults: put(table.defaults, kubelet.defaults),
    legacyDefaults: put(table.legacyDefaults, kubelet.legacy),
    flagFields: put(table.flagFields, kubelet.fields),
    lists: put(table.lists, {
      pathFields: kubelet.paths,
      cipherSuites: kubelet.tls.cipherSuites,
      tlsVersions: kubelet.tls.versions,
      labelNames: kubelet.labels.names,
      labelNamespaces: kubelet.labels.namespaces,
    }),
  };
}

function withVersion<T>(
  ranged: Ranged<T>,
  values: Readonly<Record<string, T>>,
  minor: number,
  before: readonly number[],
  after: readonly number[],
): Ranged<T> {
  const names = sorted([...Object.keys(ranged), ...Object.keys(values)]);
  const rows = names.map((name) => {
    // A range without an end stood for the versions of the table as it was.
    const ranges = toRanges(after, (each) => {
      if (each === minor) return Object.hasOwn(values, name) ? values[name] : undefined;
      return before.includes(each) ? at(ranged[name] ?? [], each) : undefined;
    });
    return [name, ranges] as const;
  });
  return Object.fromEntries(rows.filter(([, ranges]) => ranges.length > 0));
}

function flagsOf({ flags }: ToldProgram): Record<string, FlagData> {
  return Object.fromEntries(
    flags.map(({ name, type, noOptDefault, shorthand }) => [
      name,
      {
        type,
        ...(noOptDefault !== undefined && { noOptDefault }),
        ...(shorthand !== undefined && { shorthand }),
      },
    ]),
  );
}

function gatesOf({ gates }: ToldProgram): Record<string, GateData> {
  return Object.fromEntries(
    Object.entries(gates).map(([name, gate]) => [
      name,
      {
        default: gate.default,
        ...(gate.locked === true && { locked: true }),
        ...(gate.stage !== undefined && gate.stage !== "" && { stage: gate.stage }),
        ...((gate.dependsOn ?? []).length > 0 && { dependsOn: gate.dependsOn ?? [] }),
      },
    ]),
  );
}

/** The gates of one program where they are not those of another; `null` for one that is missing. */
function differing(
  common: Readonly<Record<string, GateData>>,
  own: Readonly<Record<string, GateData>>,
): Record<string, GateData | null> {
  const names = sorted([...Object.keys(common), ...Object.keys(own)]);
  return Object.fromEntries(
    names
      .filter((name) => JSON.stringify(common[name]) !== JSON.stringify(own[name]))
      .map((name) => [name, own[name] ?? null]),
  );
}

function byProgram<T>(of: (program: Program) => T) {
  return Object.fromEntries(programs.map((program) => [program, of(program)])) as Record<
    Program,
    T
  >;
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

/** The table as it is stored: one name a line, so that a difference between versions reads well. */
export function toText(table: KubernetesData): string {
  return `${write(table, "")}\n`;
}

function write(value: unknown, indent: string): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return JSON.stringify(value);
  }
  const inner = `${indent}  `;
  const lines = Object.entries(value).map(
    ([name, each]) => `${inner}${JSON.stringify(name)}: ${write(each, inner)}`,
  );
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
}
