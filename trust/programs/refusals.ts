/**
 * Everything that keeps a program from starting, not only what it prints first: each refusal is noted and taken away,
 * until the program would start. What is left says how it would behave once it does.
 */
import type { Program } from "../readers/command-line.ts";
import { type Fact, known } from "../words/fact.ts";
import type { Refusal, Start, StopsStart } from "../words/refusal.ts";
import { startOf } from "./refusal.ts";

export type Refusals<Facts> = {
  /** In the order in which the program would complain; empty when it starts, or when that is unknown. */
  readonly refusals: readonly StopsStart[];
  /** The facts without what stops it: as if it started. */
  readonly asIfStarted: Facts;
  /** The facts as they are, with every refusal. */
  readonly asGiven: Facts;
};

/** More than one file ever holds; a guard, so that this ends. */
const maxRefusals = 50;

type Startable = { readonly version: Fact<string>; readonly start: Fact<Start> };

/**
 * Collects the refusals of a program. Never throws.
 *
 * @param resolve makes facts whose start holds the first refusal alone
 * @param without takes away what a refusal is about; undefined when it is not there
 */
export function refusalsOf<Inputs, Facts extends Startable>(
  program: Program,
  inputs: Inputs,
  resolve: (inputs: Inputs) => Facts,
  without: (inputs: Inputs, refusal: Refusal) => Inputs | undefined,
): Refusals<Facts> {
  const first = resolve(inputs);
  const refusals: StopsStart[] = [];
  let facts = first;
  let current: Inputs | undefined = inputs;
  while (current !== undefined && facts.start.known && !facts.start.value.starts) {
    const { starts: _, others: __, ...refusal } = facts.start.value;
    if (refusals.length >= maxRefusals || refusals.some((one) => one.message === refusal.message)) {
      break;
    }
    refusals.push(refusal);
    current = without(current, refusal);
    if (current !== undefined) facts = resolve(current);
  }
  return {
    refusals,
    asIfStarted: refusals.length === 0 ? facts : { ...facts, start: known({ starts: true }) },
    asGiven:
      refusals.length < 2 ? first : { ...first, start: startOf(program, first.version, refusals) },
  };
}
