/** One simple command of a shell: its words up to a separator, lists and redirections among them. */
import { readHereDocuments, readRedirection } from "./shell-redirections.ts";
import {
  advance,
  costs,
  endsWord,
  maxGrowth,
  type OpenRedirection,
  type State,
  separators,
  skipBlanks,
  skipComment,
} from "./shell-state.ts";
import { readWord } from "./shell-word.ts";
import { textOf, type Word } from "./word.ts";

/** The next command, with the separator that ends it. */
export function readCommand(state: State): {
  words: Word[];
  redirections: OpenRedirection[];
  end: string;
} {
  const words: Word[] = [];
  const redirections: OpenRedirection[] = [];
  state.growth += costs.command;
  while (state.at < state.text.length && state.growth <= maxGrowth) {
    skipBlanks(state);
    const character = state.text[state.at] ?? "";
    if (character === "#") {
      skipComment(state);
    } else if (character === "(" && isArray(words, state)) {
      readArray(state, words);
    } else if (character === "&" && state.text[state.at + 1] === ">") {
      advance(state, 1);
      redirections.push(readRedirection(state));
    } else if (separators.has(character)) {
      const end = state.text[state.at + 1] === "|" && character === "|" ? "||" : character;
      advance(state, end.length);
      if (character === "\n") readHereDocuments(state);
      return { words, redirections, end };
    } else if (character === "<" || character === ">") {
      const last = words.at(-1);
      // The number of a descriptor is no word of the command.
      if (/^\d$/.test(textOf(last)) && !/[\s]/.test(state.text[state.at - 1] ?? "")) words.pop();
      redirections.push(readRedirection(state));
    } else if (character !== "") {
      for (const word of readWord(state)) words.push(word);
    }
  }
  return { words, redirections, end: "" };
}

function isArray(words: readonly Word[], state: State): boolean {
  const last = words.at(-1);
  return (
    last?.kind === "text" &&
    /^[A-Za-z_]\w*\+?=$/.test(last.text) &&
    state.text[state.at - 1] === "="
  );
}

/** `NAME=(words)`: bash's lists, which programs are often given as `"${NAME[@]}"`. */
function readArray(state: State, words: Word[]): void {
  const [, name = "", plus = ""] = /^(\w+)(\+?)=$/.exec(textOf(words.pop())) ?? [];
  advance(state, 1);
  const items: Word[] = [];
  while (state.at < state.text.length && state.growth <= maxGrowth) {
    skipBlanks(state);
    const character = state.text[state.at] ?? "";
    if (character === ")") {
      advance(state, 1);
      break;
    }
    if (character === "#") skipComment(state);
    else if (endsWord.has(character)) advance(state, 1);
    else for (const word of readWord(state)) items.push(word);
  }
  state.assigned.push(name);
  const before = plus === "" ? [] : (state.arrays.get(name) ?? []);
  state.growth += before.length * costs.part;
  state.arrays.set(name, [...before, ...items]);
}
