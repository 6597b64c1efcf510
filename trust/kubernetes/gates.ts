/**
 * Feature gates as component-base sets them.
 * Source: k8s.io/component-base/featuregate (unsafeSetFromMap).
 */
import { aggregateText, listText } from "../go/texts.ts";
import type { GateFacts } from "./tables.ts";

export type GateSettings = Readonly<Record<string, boolean>>;
type GateTable = Readonly<Record<string, GateFacts>>;

/** Why gates cannot be set, with the first one that is to blame. */
export type GatesError = {
  readonly message: string;
  readonly kind: "unknown-gate" | "locked-gate" | "gate-dependency";
  readonly gate: string;
};

/** The complaint about settings; undefined when they can be set. */
export function gatesError(settings: GateSettings, table: GateTable): GatesError | undefined {
  const errors: string[] = [];
  let first: Omit<GatesError, "message"> | undefined;
  for (const [name, value] of Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const gate = find(table, name);
    if (!gate) {
      errors.push(`unrecognized feature gate: ${name}`);
      return { message: aggregateText(errors), ...(first ?? { kind: "unknown-gate", gate: name }) };
    }
    if (gate.locked && gate.default !== value) {
      errors.push(
        `cannot set feature gate ${name} to ${value}, feature is locked to ${gate.default}`,
      );
      first ??= { kind: "locked-gate", gate: name };
    }
  }
  if (errors.length === 0) {
    const unmet = dependencyErrors(settings, table);
    const [one] = unmet;
    first ??= one && { kind: "gate-dependency", gate: one.gate };
    errors.push(...unmet.map(({ message }) => message));
  }
  return first && { message: aggregateText(errors), ...first };
}

function dependencyErrors(
  settings: GateSettings,
  table: GateTable,
): { readonly gate: string; readonly message: string }[] {
  return dependentGates(table).flatMap(([name, needed]) => {
    if (!isEnabled(name, settings, table)) {
      return [];
    }
    const disabled = needed.filter((one) => !isEnabled(one, settings, table));
    return disabled.length === 0
      ? []
      : [
          {
            gate: name,
            message: `${name} is enabled, but depends on features that are disabled: ${listText(disabled)}`,
          },
        ];
  });
}

const dependent = new WeakMap<GateTable, readonly (readonly [string, readonly string[]])[]>();

/** The gates that need others; few of the many, and asked for with every kubelet. */
function dependentGates(table: GateTable): readonly (readonly [string, readonly string[]])[] {
  const known =
    dependent.get(table) ??
    Object.entries(table).flatMap(([name, gate]) => {
      const needed = gate.dependsOn ?? [];
      return needed.length === 0 ? [] : [[name, needed] as const];
    });
  dependent.set(table, known);
  return known;
}

/** Whether a gate is on under these settings; a gate that the version does not know is off. */
export function isEnabled(name: string, settings: GateSettings, table: GateTable): boolean {
  const gate = find(table, name);
  if (Object.hasOwn(settings, name)) {
    return settings[name] ?? false;
  }
  if (gate?.stage === "ALPHA" && settings.AllAlpha !== undefined) {
    return settings.AllAlpha;
  }
  if (gate?.stage === "BETA" && settings.AllBeta !== undefined) {
    return settings.AllBeta;
  }
  return gate?.default ?? false;
}

function find(table: GateTable, name: string): GateFacts | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
