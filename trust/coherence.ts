import type { Remedy } from "./verdict.ts";
import type { ApiServerStance, ServingMode } from "./vocabulary.ts";

export type Coherence =
  | { readonly coherent: true }
  | {
      readonly coherent: false;
      /** What a user would see, and why, in one sentence each. */
      readonly symptom: string;
      readonly reason: string;
      /** One way out on each side at least, most preferred first. */
      readonly remedies: readonly Remedy[];
    };

/**
 * Whether kubelets in a serving mode and an apiserver with a stance agree, by asking {@link judge} about a
 * typical pair; not a table of its own.
 */
export function coherence(mode: ServingMode, stance: ApiServerStance): Coherence {
  return {
    coherent: false,
    symptom: "",
    reason: `Nothing is decided yet between ${mode} and ${stance}.`,
    remedies: [],
  };
}
