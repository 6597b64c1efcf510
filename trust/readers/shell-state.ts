/** What the reading of a script keeps: where it is, and what it knows of variables. */
import type { Source } from "../words/fact.ts";
import type { Word } from "./word.ts";

/**
 * As much as the reading of a script may cost, in characters: what variables and lists are replaced by, and what the
 * commands, words and their parts cost. What is beyond is not read.
 */
export const maxGrowth = 4 * 1024 * 1024;
/** What a command costs, and a part of a word, in characters: about as much memory. */
export const costs = { command: 256, part: 32 } as const;

/** A redirection whose here-document may not be read yet. */
export type OpenRedirection = { operator: string; target: Word | undefined; body?: string };

/** A script that is being read. */
export type State = {
  readonly text: string;
  at: number;
  line: number;
  readonly source: Source;
  readonly variables: Map<string, string>;
  readonly arrays: Map<string, readonly Word[]>;
  positional: readonly Word[];
  hasPositional: boolean;
  /** Here-documents whose text begins at the next line. */
  pending: { redirection: OpenRedirection; mark: string; quoted: boolean; indented: boolean }[];
  /** Characters that it cost so far. */
  growth: number;
  /** Variables that the command being read assigned. */
  assigned: string[];
  /** A function has words of its own for `$1`, `$@` and so on. */
  inFunction: boolean;
};

/** What ends a command. */
export const separators = new Set(["\n", ";", "&", "|", "(", ")"]);
const blanks = new Set([" ", "\t", "\r"]);
/** No other white space: to a shell a form feed or a no-break space is part of the word. */
export const endsWord = new Set([...separators, ...blanks, "<", ">"]);

/** Goes on to the next word, over continued lines too. */
export function skipBlanks(state: State): void {
  for (;;) {
    const character = state.text[state.at];
    if (character === "\\" && state.text[state.at + 1] === "\n") {
      advance(state, 2);
    } else if (character === "\\" && state.text.startsWith("\r\n", state.at + 1)) {
      advance(state, 3);
    } else if (character !== undefined && blanks.has(character)) {
      advance(state, 1);
    } else {
      return;
    }
  }
}

/** Goes on to the end of the line. */
export function skipComment(state: State): void {
  const end = state.text.indexOf("\n", state.at);
  state.at = end < 0 ? state.text.length : end;
}

/** Goes on by as many characters, and counts lines. */
export function advance(state: State, count: number): void {
  for (let index = 0; index < count; index += 1) {
    if (state.text[state.at + index] === "\n") {
      state.line += 1;
    }
  }
  state.at += count;
}

/** Makes the value of a variable unknown. */
export function forget(name: string, state: State): void {
  state.variables.delete(name);
  state.arrays.delete(name);
}

/** Makes every value unknown. */
export function forgetAll(state: State): void {
  state.variables.clear();
  state.arrays.clear();
  state.hasPositional = false;
}
