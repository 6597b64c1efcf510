/** What the programs of each known Kubernetes version know. `toolchain/facts` writes `kubernetes.json`. */
import type { Program } from "../../readers/command-line.ts";
import type { Ranges } from "../ranges.ts";
import table from "./kubernetes.json" with { type: "json" };

/** A flag, as far as it decides how a command line is read. */
export type FlagData = {
  /** pflag's name of the type, e.g. `bool`, `stringSlice`. */
  readonly type: string;
  /** What the bare flag stands for; without one it needs an argument. */
  readonly noOptDefault?: string;
  readonly shorthand?: string;
};

/** A feature gate. */
export type GateData = {
  readonly default: boolean;
  /** It may be set to its default alone. */
  readonly locked?: boolean;
  /** `ALPHA`, `BETA`, `DEPRECATED`; absent when generally available. */
  readonly stage?: string;
  /** Gates that must be on while this one is. */
  readonly dependsOn?: readonly string[];
};

/** Values by name, each with the versions in which it holds. */
export type Ranged<T> = Readonly<Record<string, Ranges<T>>>;

/** The table: what the programs of every version know, each value once. */
export type KubernetesData = {
  /** The patch release that was asked, by minor version, ascending. */
  readonly versions: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<Program, Ranged<FlagData>>>;
  readonly gates: Ranged<GateData>;
  /** Gates that one program has otherwise than the kubelet; `null` for one that it does not have. */
  readonly otherGates: Readonly<Record<Program, Ranged<GateData | null>>>;
  /** Go type of each field of each struct of a KubeletConfiguration, by struct. */
  readonly types: Readonly<Record<string, Ranged<string>>>;
  /** What a KubeletConfiguration defaults to, by field. */
  readonly defaults: Ranged<unknown>;
  /** What a kubelet without `--config` defaults to, by field. */
  readonly legacyDefaults: Ranged<unknown>;
  /** The configuration field behind each flag of the kubelet. */
  readonly flagFields: Ranged<string>;
  /** `pathFields`, `cipherSuites`, `tlsVersions`, `labelNames`, `labelNamespaces`. */
  readonly lists: Ranged<readonly string[]>;
};

export const data = table as unknown as KubernetesData;
