/**
 * Shell text cut into commands and words. Own code rather than a library's, because a word may hold values
 * that nobody knows (`$KUBELET_EXTRA_ARGS`, `$(hostname)`, `{{ .X }}`), and those must stay unknown words.
 */
import type { Source } from "../words/fact.ts";
import type { Word } from "./command-line.ts";

/** A simple command: its words, in the order they stand. */
export type ShellCommand = { readonly words: readonly Word[]; readonly line: number };

export type Environment = Readonly<Record<string, string>>;

/** Cuts a script into commands. Assignments are followed; what cannot be known becomes unknown. Never throws. */
export function shellCommands(
  script: string,
  source: Source,
  environment: Environment = {},
): ShellCommand[] {
  const state: State = {
    text: script,
    at: 0,
    line: source.line ?? 1,
    source,
    variables: new Map(Object.entries(environment)),
  };
  const commands: ShellCommand[] = [];
  while (state.at < state.text.length) {
    const line = state.line;
    const words = withoutAssignments(readCommand(state), state);
    if (words.length > 0) {
      commands.push({ words, line });
    }
  }
  return commands;
}

type State = {
  readonly text: string;
  at: number;
  line: number;
  readonly source: Source;
  readonly variables: Map<string, string>;
};

const separators = new Set(["\n", ";", "&", "|", "(", ")"]);
const blanks = new Set([" ", "\t", "\r"]);
/** No other white space: to a shell a form feed or a no-break space is part of the word. */
const endsWord = new Set([...separators, ...blanks, "<", ">"]);

function readCommand(state: State): Word[] {
  const words: Word[] = [];
  while (state.at < state.text.length) {
    skipBlanks(state);
    const character = state.text[state.at] ?? "";
    if (character === "#") {
      skipComment(state);
    } else if (separators.has(character)) {
      advance(state, 1);
      return words;
    } else if (character === "<" || character === ">") {
      skipRedirection(state);
    } else if (character !== "") {
      words.push(...readWord(state));
    }
  }
  return words;
}

function skipBlanks(state: State): void {
  for (;;) {
    const two = state.text.slice(state.at, state.at + 2);
    if (two === "\\\n") {
      advance(state, 2);
    } else if (blanks.has(two.charAt(0))) {
      advance(state, 1);
    } else {
      return;
    }
  }
}

function skipComment(state: State): void {
  const end = state.text.indexOf("\n", state.at);
  advance(state, (end < 0 ? state.text.length : end) - state.at);
}

function skipRedirection(state: State): void {
  while (/[<>&-]/.test(state.text[state.at] ?? "")) {
    advance(state, 1);
  }
  skipBlanks(state);
  readWord(state);
}

function advance(state: State, count: number): void {
  for (let index = 0; index < count; index += 1) {
    if (state.text[state.at + index] === "\n") {
      state.line += 1;
    }
  }
  state.at += count;
}

/** Parts of a word as they are read; a `split` part came from an unquoted variable and may be several words. */
type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "split"; readonly text: string }
  | { readonly kind: "unknown"; readonly name: string; readonly quoted: boolean };

function readWord(state: State): Word[] {
  const line = state.line;
  const parts: Part[] = [];
  let quoted = false;
  while (state.at < state.text.length) {
    const character = state.text[state.at] ?? "";
    if (endsWord.has(character)) {
      break;
    }
    if (character === "'") {
      quoted = true;
      parts.push({ kind: "text", text: until(state, "'") });
    } else if (character === '"') {
      quoted = true;
      readDouble(state, parts);
    } else if (character === "\\") {
      const next = state.text[state.at + 1] ?? "";
      advance(state, 2);
      if (next !== "\n") {
        parts.push({ kind: "text", text: next });
      }
    } else if (character === "$" || character === "`") {
      parts.push(readVariable(state, false));
    } else if (state.text.startsWith("{{", state.at)) {
      parts.push(readTemplate(state));
    } else {
      advance(state, 1);
      parts.push({ kind: "text", text: character });
    }
  }
  return toWords(parts, quoted, { ...state.source, line });
}

function until(state: State, mark: string): string {
  const end = state.text.indexOf(mark, state.at + 1);
  const stop = end < 0 ? state.text.length : end;
  const text = state.text.slice(state.at + 1, stop);
  advance(state, stop + 1 - state.at);
  return text;
}

function readDouble(state: State, parts: Part[]): void {
  advance(state, 1);
  parts.push({ kind: "text", text: "" });
  while (state.at < state.text.length) {
    const character = state.text[state.at] ?? "";
    if (character === '"') {
      advance(state, 1);
      return;
    }
    if (character === "\\" && /["\\$`\n]/.test(state.text[state.at + 1] ?? "")) {
      const next = state.text[state.at + 1] ?? "";
      advance(state, 2);
      parts.push({ kind: "text", text: next === "\n" ? "" : next });
    } else if (character === "$" || character === "`") {
      parts.push(readVariable(state, true));
    } else if (state.text.startsWith("{{", state.at)) {
      parts.push(readTemplate(state));
    } else {
      advance(state, 1);
      parts.push({ kind: "text", text: character });
    }
  }
}

function readTemplate(state: State): Part {
  const end = state.text.indexOf("}}", state.at);
  const stop = end < 0 ? state.text.length : end + 2;
  const name = state.text.slice(state.at, stop);
  advance(state, stop - state.at);
  return { kind: "unknown", name, quoted: true };
}

function readVariable(state: State, quoted: boolean): Part {
  const rest = state.text.slice(state.at);
  if (rest.startsWith("`")) {
    return { kind: "unknown", name: `\`${until(state, "`")}\``, quoted };
  }
  if (rest.startsWith("$(")) {
    const length = balanced(rest);
    advance(state, length);
    return { kind: "unknown", name: rest.slice(0, length), quoted };
  }
  const match = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)|\{[^{}]*\}|[@*#?!$0-9-])/.exec(rest);
  if (!match) {
    advance(state, 1);
    return { kind: "text", text: "$" };
  }
  advance(state, match[0].length);
  const name = match[1] ?? match[2];
  const value = name === undefined ? undefined : state.variables.get(name);
  if (value === undefined) {
    return { kind: "unknown", name: match[0], quoted };
  }
  return quoted ? { kind: "text", text: value } : { kind: "split", text: value };
}

function balanced(text: string): number {
  let depth = 0;
  for (let index = 1; index < text.length; index += 1) {
    if (text[index] === "(") {
      depth += 1;
    } else if (text[index] === ")") {
      depth -= 1;
      if (depth === 0) {
        return index + 1;
      }
    }
  }
  return text.length;
}

function toWords(parts: readonly Part[], quoted: boolean, source: Source): Word[] {
  const [only] = parts;
  if (parts.length === 1 && only?.kind === "unknown" && !only.quoted) {
    return [{ kind: "unknownWords", missing: `the value of ${only.name}`, source }];
  }
  const words: { text: string; placeholder?: string }[] = [];
  let current: { text: string; placeholder?: string } | undefined = quoted
    ? { text: "" }
    : undefined;
  for (const part of parts) {
    if (part.kind === "split") {
      const pieces = part.text.split(/\s+/);
      for (const [index, piece] of pieces.entries()) {
        if (index > 0 && current) {
          words.push(current);
          current = undefined;
        }
        if (piece !== "") {
          current = { ...current, text: (current?.text ?? "") + piece };
        }
      }
      continue;
    }
    const text = part.kind === "text" ? part.text : part.name;
    const placeholder = part.kind === "unknown" ? part.name : current?.placeholder;
    current = {
      text: (current?.text ?? "") + text,
      ...(placeholder !== undefined && { placeholder }),
    };
  }
  if (current) {
    words.push(current);
  }
  return words.map((word) => ({ kind: "text", ...word, source }));
}

/** Follows `NAME=value` before a command, or alone, or after `export`. */
function withoutAssignments(words: readonly Word[], state: State): Word[] {
  const rest = [...words];
  const exports = ["export", "readonly", "local", "declare"];
  const [first] = rest;
  if (first?.kind === "text" && exports.includes(first.text)) {
    rest.shift();
    for (const word of rest) {
      assign(word, state);
    }
    return [];
  }
  while (rest[0] && assign(rest[0], state)) {
    rest.shift();
  }
  return rest;
}

function assign(word: Word, state: State): boolean {
  const match = word.kind === "text" && /^([A-Za-z_]\w*)=(.*)$/s.exec(word.text);
  if (!match || word.kind !== "text") {
    return false;
  }
  const [, name = "", value = ""] = match;
  if (word.placeholder === undefined) {
    state.variables.set(name, value);
  } else {
    state.variables.delete(name);
  }
  return true;
}
