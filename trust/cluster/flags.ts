/** Single flags of a command line, as the program reads them: the last value wins, `_` is `-`. */
import { type Flags, parseFlags } from "../kubernetes/flags.ts";
import { kubeletTable, programTable } from "../kubernetes/tables.ts";
import type { CommandLine } from "../readers/command-line.ts";
import { type Fact, mapFact } from "../words/fact.ts";

const parsed = new WeakMap<CommandLine, Flags>();

function flagsOf(commandLine: CommandLine, version: string): Flags {
  const table =
    commandLine.program === "kubelet"
      ? kubeletTable(version)
      : programTable(commandLine.program, version);
  const flags = parsed.get(commandLine) ?? parseFlags(commandLine.words, table.flags);
  parsed.set(commandLine, flags);
  return flags;
}

/** The text of a flag; `undefined` where it is not given or empty. */
export function flagText(
  commandLine: CommandLine,
  name: string,
  version: string,
): Fact<string | undefined> {
  return mapFact(flagsOf(commandLine, version).get(name), (value) =>
    typeof value === "string" && value !== "" ? value : undefined,
  );
}

/** The items of a flag that is a list or a map, as one text each; none where it is not given. */
export function flagList(
  commandLine: CommandLine,
  name: string,
  version: string,
): Fact<readonly string[]> {
  return mapFact(flagsOf(commandLine, version).get(name), (value) => {
    if (typeof value === "string") return value === "" ? [] : value.split(",");
    if (Array.isArray(value)) return value.map(String);
    return value instanceof Map ? [...value].map(([key, item]) => `${key}=${String(item)}`) : [];
  });
}
