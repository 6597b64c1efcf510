import type * as pulumi from "@pulumi/pulumi";
import { derive } from "../model/inputs.ts";

/**
 * A word of a command line: a text, or a flag's beginning and the Output that is its value. So a flag is known before
 * its value is; `readWord` of the contract puts the parts together.
 */
export type Word = string | readonly [string, pulumi.Input<string>];

/** `--name=value`. */
export function flagWord(name: string, value: pulumi.Input<string>): Word {
  return typeof value === "string" ? `--${name}=${value}` : [`--${name}=`, value];
}

/** What follows from the texts of words: at once where all of them are known. */
export function deriveFromWords<R>(
  words: readonly Word[],
  follow: (texts: string[]) => R,
): R | pulumi.Output<R> {
  return derive(words, (known) =>
    follow(known.map((word) => (typeof word === "string" ? word : word.join("")))),
  );
}
