/** Programs that a script copies or links under a name of its own, and starts by that name. */
import { posix } from "node:path";
import { baseName, isProgram, type Program } from "./program-names.ts";
import type { ShellCommand } from "./shell-parts.ts";
import { programAt } from "./shell-program.ts";
import { knownWrites } from "./shell-writes.ts";
import { textOf, type Word } from "./word.ts";

const copying = new Set(["cp", "mv", "ln", "install"]);

/** The commands, in which programs go by their own names. */
export function withOwnNames(commands: readonly ShellCommand[]): readonly ShellCommand[] {
  const names = new Map<string, Program>();
  for (const { words } of commands) {
    const { name, rest } = programAt(words);
    for (const { from = "", to } of copying.has(name) ? (knownWrites(name, rest) ?? []) : []) {
      const program = baseName(from);
      const isFile = posix.extname(to) === "" && !to.endsWith("/");
      if (isProgram(program) && isFile && baseName(to) !== program)
        names.set(posix.basename(to), program);
    }
  }
  if (names.size === 0) return commands;
  const named = (word: Word): Word => {
    const program = names.get(posix.basename(textOf(word)));
    return program !== undefined && word.kind === "text" ? { ...word, text: program } : word;
  };
  return commands.map((command) =>
    copying.has(programAt(command.words).name)
      ? command
      : { ...command, words: command.words.map(named) },
  );
}
