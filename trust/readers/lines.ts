/** Lines of flags: the readers of command lines know the command's line, and people look for the flag's. */
import type { CommandLine, Word } from "./command-line.ts";

/** Characters of a text that are searched for flags, those of all its programs together. */
const maxSearched = 64 * 1024 * 1024;

/**
 * Gives command lines of a text the line of each flag, where the text has it as it stands. Once the text was searched
 * for as much as is done, flags keep the line of their command.
 */
export function lineFinder(text: string): (commandLine: CommandLine) => CommandLine {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  let left = maxSearched;
  const find = (flag: string, from: number): number => {
    for (let at = from; left > 0; ) {
      const found = text.indexOf(flag, at);
      left -= (found < 0 ? text.length : found + 1) - at;
      // A word of its own.
      if (found < 0 || !/[\w.,/-]/.test(text[found + flag.length] ?? " ")) return found;
      at = found + 1;
    }
    return -1;
  };
  return (commandLine) => {
    let from = starts[(commandLine.source.line ?? 1) - 1] ?? text.length;
    const words = commandLine.words.map((word): Word => {
      if (word.kind !== "text" || !word.text.startsWith("-")) return word;
      const after = find(word.text, from);
      // A variable that stands above the command may hold it.
      const at = after < 0 ? find(word.text, 0) : after;
      if (at < 0) return word;
      const line = lineAt(at, starts);
      from = Math.max(from, starts[line - 1] ?? 0);
      const source = word.source ?? commandLine.source;
      return { ...word, source: { ...source, line } };
    });
    return { ...commandLine, words };
  };
}

/** The line, from 1, of a place in a text whose lines start at `starts`. */
function lineAt(place: number, starts: readonly number[]): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= place) low = middle;
    else high = middle;
  }
  return low + 1;
}
