/** Lines of flags: the readers of command lines know the command's line, and people look for the flag's. */
import type { CommandLine, Word } from "./command-line.ts";

/** The command line with the line of each flag, where the text has it as it stands. */
export function withLines(commandLine: CommandLine, text: string): CommandLine {
  const lines = text.split("\n");
  let from = (commandLine.source.line ?? 1) - 1;
  const words = commandLine.words.map((word): Word => {
    if (word.kind !== "text" || !word.text.startsWith("-")) return word;
    const after = lines.findIndex((line, index) => index >= from && holds(line, word.text));
    // A variable that stands above the command may hold it.
    const at = after < 0 ? lines.findIndex((line) => holds(line, word.text)) : after;
    if (at < 0) return word;
    from = Math.max(from, after);
    const source = word.source ?? commandLine.source;
    return { ...word, source: { ...source, line: at + 1 } };
  });
  return { ...commandLine, words };
}

/** Whether a line holds the flag as a word of its own. */
function holds(line: string, flag: string): boolean {
  const at = line.indexOf(flag);
  if (at < 0) return false;
  const after = line[at + flag.length] ?? " ";
  return !/[\w.,/-]/.test(after);
}
