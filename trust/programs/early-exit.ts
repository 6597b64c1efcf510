/** Flags that make a program print something and end. */

import type { FlagValue } from "../kubernetes/flag-values.ts";
import type { Flags } from "../kubernetes/flags.ts";
import type { Refusal } from "../words/refusal.ts";
import { refusal } from "./refusal.ts";

/** What becomes of a program that is given `--help` or `--version`; undefined for one that goes on. */
export function earlyExit(flags: Flags): Refusal | undefined {
  for (const name of ["help", "version"]) {
    const flag = flags.get(name);
    if (!flag.known || isOff(flag.value)) continue;
    return refusal(`prints its ${name} and exits`, "prints-and-exits", { flag: name }, flag.source);
  }
  return undefined;
}

function isOff(value: FlagValue | undefined): boolean {
  return value === undefined || value === false || value === "false";
}
