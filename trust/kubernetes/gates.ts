/**
 * Feature gates as component-base sets them.
 * Source: k8s.io/component-base/featuregate (unsafeSetFromMap).
 */
import { aggregateText, listText } from "../go/texts.ts";
import type { GateFacts } from "./tables.ts";

export type GateSettings = Readonly<Record<string, boolean>>;
type GateTable = Readonly<Record<string, GateFacts>>;

/** The complaint about settings; undefined when they can be set. */
export function gatesError(settings: GateSettings, table: GateTable): string | undefined {
  const errors: string[] = [];
  for (const [name, value] of Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const gate = find(table, name);
    if (!gate) {
      errors.push(`unrecognized feature gate: ${name}`);
      return aggregateText(errors);
    }
    if (gate.locked && gate.default !== value) {
      errors.push(
        `cannot set feature gate ${name} to ${value}, feature is locked to ${gate.default}`,
      );
    }
  }
  if (errors.length === 0) {
    errors.push(...dependencyErrors(settings, table));
  }
  return errors.length === 0 ? undefined : aggregateText(errors);
}

function dependencyErrors(settings: GateSettings, table: GateTable): string[] {
  return dependentGates(table).flatMap(([name, needed]) => {
    if (!isEnabled(name, settings, table)) {
      return [];
    }
    const disabled = needed.filter((one) => !isEnabled(one, settings, table));
    return disabled.length === 0
      ? []
      : [`${name} is enabled, but depends on features that are disabled: ${listText(disabled)}`];
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
