/** What rules about a KubeletConfiguration are made of. */
import { parseDuration, quote } from "../../go/texts.ts";
import { type GateSettings, isEnabled } from "../../kubernetes/gates.ts";
import type { KubeletTable } from "../../kubernetes/tables.ts";
import { asObject, type Json, type JsonObject } from "../../readers/yaml.ts";
import type { RefusalKind } from "../../words/refusal.ts";

/** A complaint and the field it is about; of kind `invalid-value` unless it says another. */
export type Complaint = {
  readonly message: string;
  readonly field: string;
  readonly kind?: RefusalKind;
};

/** What rules look at. */
export type ValidateInputs = {
  /** The value of a field; undefined when it has none or is unknown. */
  readonly get: (field: string) => Json | undefined;
  readonly gates: GateSettings;
  readonly table: KubeletTable;
  /** The machine has cgroup v1. */
  readonly cgroupV1: boolean;
};

/** What a rule complains about. */
export type Rule = (inputs: ValidateInputs) => Complaint | Complaint[] | undefined;

/** A rule about one number. */
export function number(
  field: string,
  isWrong: (value: number) => boolean,
  says: (value: number) => string,
): Rule {
  return ({ get }) => {
    const value = get(field);
    return typeof value === "number" && isWrong(value)
      ? { message: says(value), field }
      : undefined;
  };
}

/** A number that a flag of another name sets too, and that is none below zero. */
export function notNegative(field: string, flag: string): Rule {
  return number(
    field,
    (value) => value < 0,
    (value) => `${field} (--${flag}) ${value} must not be a negative number`,
  );
}

/** A number with bounds, both of which it may have. */
export function between(
  field: string,
  flag: string,
  low: number,
  high: number,
  suffix = ", inclusive",
): Rule {
  return number(
    field,
    (value) => value < low || value > high,
    (value) => `${field} (--${flag}) ${value} must be between ${low} and ${high}${suffix}`,
  );
}

/** A rule about one text that must be one of some. */
export function oneOf(
  field: string,
  allowed: readonly string[],
  says: (value: string) => string,
): Rule {
  return ({ get }) => {
    const value = get(field);
    return typeof value === "string" && !allowed.includes(value)
      ? { message: says(quote(value)), field }
      : undefined;
  };
}

/** A duration in nanoseconds. */
export function duration({ get }: ValidateInputs, field: string): number | undefined {
  const value = get(field);
  return typeof value === "string" ? parseDuration(value).value : undefined;
}

/** Whether a gate is on. */
export function enabled({ gates, table }: ValidateInputs, gate: string): boolean {
  return isEnabled(gate, gates, table.gates);
}

/** A field that is a map; an empty one where it is none. */
export function object({ get }: ValidateInputs, field: string): JsonObject {
  return asObject(get(field)) ?? {};
}
