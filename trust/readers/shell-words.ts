/**
 * Shell text cut into commands and words. Own code rather than a library's, because a word may hold values
 * that are unknown (`$KUBELET_EXTRA_ARGS`, `$(hostname)`, `{{ .X }}`), and those must stay unknown words.
 */
import type { Problem, Source } from "../words/fact.ts";
import { type Conditions, conditions } from "./shell-conditions.ts";
import { textOf, type Word } from "./word.ts";

export type Environment = Readonly<Record<string, string>>;

/** Where a command's input or output goes. */
export type Redirection = {
  /** `>`, `>>`, `<`, `<<`, `<<<` and their like, without the number of the descriptor. */
  readonly operator: string;
  /** The file, or the word of a here-string. */
  readonly target: Word | undefined;
  /** The text of a here-document, with its known variables filled in and others as placeholders. */
  readonly body?: string;
};

/** A simple command: its words, in the order they stand. */
export type ShellCommand = {
  readonly words: readonly Word[];
  readonly line: number;
  readonly redirections: readonly Redirection[];
  /** The command whose output it reads. */
  readonly input?: ShellCommand;
  /** What decides whether it is run at all; completes "undecidable without ...". Absent: it is run. */
  readonly condition?: string;
};

export type ShellCommands = {
  readonly commands: readonly ShellCommand[];
  readonly problems: readonly Problem[];
};

/** As much text as variables and here-documents may grow to, in characters; a script that exceeds it is not read on. */
const maxGrowth = 4 * 1024 * 1024;

/**
 * Cuts a script into commands. Assignments are followed; what cannot be known becomes unknown. Never throws.
 *
 * @param positional the words of `$0`, `$1` and so on
 */
export function shellCommands(
  script: string,
  source: Source,
  environment: Environment = {},
  positional: readonly Word[] = [],
): ShellCommands {
  const state: State = {
    text: script,
    at: 0,
    line: source.line ?? 1,
    source,
    variables: new Map(Object.entries(environment)),
    arrays: new Map(),
    positional,
    hasPositional: positional.length > 0,
    pending: [],
    growth: 0,
    assigned: [],
    inFunction: false,
  };
  const blocks = conditions((name) => forget(name, state));
  const commands: Open[] = [];
  let input: ShellCommand | undefined;
  while (state.at < state.text.length && state.growth <= maxGrowth) {
    const line = state.line;
    state.assigned = [];
    state.inFunction = blocks.inFunction() !== undefined;
    const read = readCommand(state);
    const entered = blocks.enter(read.words, line);
    const words = withoutAssignments(entered, state);
    const command: Open = {
      words,
      line,
      redirections: read.redirections,
      ...(input !== undefined && { input }),
      ...placeOf(blocks),
    };
    blocks.leave(entered, state.assigned, read.end);
    // What another file says comes on top of what is known.
    if (/^(\.|source)$/.test(textOf(words[0]))) forgetAll(state);
    // `NAME()` says what follows; it runs nothing.
    const declares = read.end === "(" && words.length === 1;
    if ((words.length > 0 && !declares) || read.redirections.length > 0) {
      commands.push(command);
    }
    input = read.end === "|" ? command : undefined;
  }
  followCalls(commands);
  const grown = `the rest of a script whose variables grow beyond ${maxGrowth / 1024 / 1024} MiB`;
  return {
    commands,
    problems: [
      ...(state.growth > maxGrowth
        ? [{ message: grown, source: { ...source, line: state.line }, fatal: false }]
        : []),
      ...substitutedPrograms(script, source),
    ],
  };
}

/** Programs that run inside `$(...)` or backquotes, whose words are not followed; asked for its version, none runs. */
function substitutedPrograms(script: string, source: Source): Problem[] {
  const problems: Problem[] = [];
  for (const found of script.matchAll(/\$\(([^()`]{1,2000})\)|`([^`]{1,2000})`/g)) {
    const program = startsProgram.exec(found[1] ?? found[2] ?? "")?.[1];
    if (program === undefined) continue;
    const line = (source.line ?? 1) + script.slice(0, found.index).split("\n").length - 1;
    const message = `the flags of the ${program} that a command substitution starts`;
    problems.push({ message, source: { ...source, line }, fatal: false });
    if (problems.length === maxSubstituted) break;
  }
  return problems;
}

/** So many are named; one is enough for the verdict. */
const maxSubstituted = 10;

const startsProgram =
  /(?:^|[\s;|&/])(kubelet|kube-apiserver)(?=\s+-)(?!\s+(?:--version|--help|-h|-V)(?:[\s=]|$))/;

type OpenRedirection = { operator: string; target: Word | undefined; body?: string };
type Open = Omit<ShellCommand, "condition"> & {
  readonly redirections: readonly OpenRedirection[];
  condition?: string;
  /** The function that it stands in. */
  readonly within?: string;
};

function placeOf(blocks: Conditions): Pick<Open, "condition" | "within"> {
  const [condition, within] = [blocks.current(), blocks.inFunction()];
  return { ...(condition !== undefined && { condition }), ...(within !== undefined && { within }) };
}

/** Commands of a function are run as certainly as it is called. */
function followCalls(commands: readonly Open[]): void {
  const functions = new Set(commands.flatMap(({ within }) => within ?? []));
  if (functions.size === 0) return;
  const called = new Map<string, string | undefined>();
  for (let round = 0; round < 5; round += 1) {
    for (const { words, within, condition } of commands) {
      const name = textOf(words[0]);
      if (!functions.has(name) || (within !== undefined && !called.has(within))) continue;
      const own = condition ?? (within === undefined ? undefined : called.get(within));
      if (!called.has(name) || own === undefined) called.set(name, own);
    }
  }
  for (const command of commands) {
    if (command.within === undefined || command.condition !== undefined) continue;
    const condition = called.has(command.within)
      ? called.get(command.within)
      : `what calls the function ${command.within}`;
    if (condition !== undefined) command.condition = condition;
  }
}

function forget(name: string, state: State): void {
  state.variables.delete(name);
  state.arrays.delete(name);
}

function forgetAll(state: State): void {
  state.variables.clear();
  state.arrays.clear();
  state.hasPositional = false;
}

type State = {
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
  /** Characters that variables have been replaced by so far. */
  growth: number;
  /** Variables that the command being read assigned. */
  assigned: string[];
  /** A function has words of its own for `$1`, `$@` and so on. */
  inFunction: boolean;
};

const separators = new Set(["\n", ";", "&", "|", "(", ")"]);
const blanks = new Set([" ", "\t", "\r"]);
/** No other white space: to a shell a form feed or a no-break space is part of the word. */
const endsWord = new Set([...separators, ...blanks, "<", ">"]);

function readCommand(state: State): {
  words: Word[];
  redirections: OpenRedirection[];
  end: string;
} {
  const words: Word[] = [];
  const redirections: OpenRedirection[] = [];
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
  state.arrays.set(name, plus === "" ? items : [...(state.arrays.get(name) ?? []), ...items]);
}

function skipBlanks(state: State): void {
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

function skipComment(state: State): void {
  const end = state.text.indexOf("\n", state.at);
  state.at = end < 0 ? state.text.length : end;
}

function readRedirection(state: State): OpenRedirection {
  const [operator = ""] = /^(<<<|<<-?|<>|>>|>\||[<>]&?)/.exec(
    state.text.slice(state.at, state.at + 3),
  ) ?? [state.text[state.at] ?? ""];
  advance(state, operator.length);
  skipBlanks(state);
  const from = state.at;
  const [target] = state.text[state.at] === "\n" ? [] : readWord(state);
  const redirection: OpenRedirection = { operator, target };
  if (operator === "<<" || operator === "<<-") {
    const written = state.text.slice(from, state.at);
    redirection.body = "";
    state.pending.push({
      redirection,
      mark: written.replace(/["'\\]/g, ""),
      quoted: /["'\\]/.test(written),
      indented: operator === "<<-",
    });
  }
  return redirection;
}

function readHereDocuments(state: State): void {
  for (const { redirection, mark, quoted, indented } of state.pending.splice(0)) {
    const lines: string[] = [];
    while (state.at < state.text.length) {
      const end = state.text.indexOf("\n", state.at);
      const stop = end < 0 ? state.text.length : end;
      const line = state.text.slice(state.at, stop).replace(/\r$/, "");
      state.at = Math.min(stop + 1, state.text.length);
      state.line += 1;
      const shown = indented ? line.replace(/^\t+/, "") : line;
      if (shown === mark) break;
      lines.push(shown);
    }
    const body = lines.length === 0 ? "" : `${lines.join("\n")}\n`;
    redirection.body = quoted ? body : expanded(body, state);
  }
}

/** A here-document's text with known variables filled in; others are placeholders. */
function expanded(body: string, state: State): string {
  return body.replace(
    /\\([$`\\\n])|\$\(([^()]*)\)|\$\{([A-Za-z_]\w*)\}|\$\{[^{}]*\}|\$([A-Za-z_]\w*)|`([^`]*)`/g,
    (match, escaped?: string, command?: string, braced?: string, bare?: string, old?: string) => {
      if (escaped !== undefined) return escaped === "\n" ? "" : escaped;
      const name = braced ?? bare;
      const value = name === undefined ? undefined : state.variables.get(name);
      if (value !== undefined && state.growth + value.length <= maxGrowth) {
        state.growth += value.length;
        return value;
      }
      if (bare !== undefined) return `\${${bare}}`;
      return command === undefined && old === undefined ? match : `$(${command ?? old})`;
    },
  );
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
  | { readonly kind: "words"; readonly words: readonly Word[] }
  | { readonly kind: "unknown"; readonly name: string; readonly quoted: boolean };

const plain = /[^\n;&|() \t\r<>'"\\$`{]+/y;
const plainInQuotes = /[^"\\$`{]+/y;

function run(pattern: RegExp, state: State): string {
  pattern.lastIndex = state.at;
  return pattern.exec(state.text)?.[0] ?? state.text[state.at] ?? "";
}

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
      const next = state.text[state.at + 1];
      if (character === "$" && next === "'") {
        quoted = true;
        advance(state, 1);
        parts.push({ kind: "text", text: unescaped(readAnsi(state)) });
      } else {
        parts.push(readVariable(state, false));
      }
    } else if (state.text.startsWith("{{", state.at)) {
      parts.push(readTemplate(state));
    } else {
      const text = run(plain, state);
      state.at += text.length;
      parts.push({ kind: "text", text });
    }
  }
  return toWords(parts, quoted, { ...state.source, line });
}

/** The text between `$'` and `'`. */
function readAnsi(state: State): string {
  const from = state.at + 1;
  let at = from;
  while (at < state.text.length && state.text[at] !== "'") at += state.text[at] === "\\" ? 2 : 1;
  advance(state, Math.min(at + 1, state.text.length) - state.at);
  return state.text.slice(from, at);
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/** C's escapes, as `$'...'`, `printf` and `echo -e` know them. */
export function unescaped(text: string): string {
  return text.replace(/\\(?:x([\da-fA-F]{1,2})|(.))/gs, (_, hex?: string, one = "") =>
    hex === undefined ? (escapes[one] ?? one) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
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
      const text = character === "\\" ? character : run(plainInQuotes, state);
      advance(state, text.length);
      parts.push({ kind: "text", text });
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

const variable =
  /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)|\{(\w+)\[[@*]\]\}|([@*])|\{([@*])\}|\{?([0-9])\}?|\{[^{}]*\}|[#?!$-])/y;

function readVariable(state: State, quoted: boolean): Part {
  if (state.text[state.at] === "`") {
    return { kind: "unknown", name: `\`${until(state, "`")}\``, quoted };
  }
  if (state.text.startsWith("$(", state.at)) {
    const length = balanced(state.text, state.at);
    const name = state.text.slice(state.at, state.at + length);
    advance(state, length);
    return { kind: "unknown", name, quoted };
  }
  variable.lastIndex = state.at;
  const match = variable.exec(state.text);
  if (!match) {
    advance(state, 1);
    return { kind: "text", text: "$" };
  }
  advance(state, match[0].length);
  const list = listOf(match, state);
  if (list) {
    state.growth += list.reduce((sum, word) => sum + textOf(word).length + 1, 0);
    return { kind: "words", words: list };
  }
  const name = match[1] ?? match[2];
  const value = name === undefined ? undefined : state.variables.get(name);
  if (value === undefined) {
    // `"$@"` and `"${LIST[@]}"` are any number of words, quoted or not.
    const isList = /@/.test(match[0]);
    return { kind: "unknown", name: match[0], quoted: quoted && !isList };
  }
  state.growth += value.length;
  return quoted ? { kind: "text", text: value } : { kind: "split", text: value };
}

/** The words of a list or of the script's own arguments, where they are known. */
function listOf(match: RegExpExecArray, state: State): readonly Word[] | undefined {
  const [, , , array, all, bracedAll, digit] = match;
  if (array !== undefined) return state.arrays.get(array);
  if (!state.hasPositional || state.inFunction) return undefined;
  if (all !== undefined || bracedAll !== undefined) return state.positional.slice(1);
  const word = digit === undefined ? undefined : state.positional[Number(digit)];
  return word && [word];
}

function balanced(text: string, from: number): number {
  let depth = 0;
  for (let index = from + 1; index < text.length; index += 1) {
    if (text[index] === "(") {
      depth += 1;
    } else if (text[index] === ")") {
      depth -= 1;
      if (depth === 0) {
        return index + 1 - from;
      }
    }
  }
  return text.length - from;
}

type OpenWord = { text: string; placeholder?: string };

function toWords(parts: readonly Part[], quoted: boolean, source: Source): Word[] {
  const [only, ...others] = parts.filter((part) => part.kind !== "text" || part.text !== "");
  if (others.length === 0 && only?.kind === "unknown" && !only.quoted) {
    return [{ kind: "unknownWords", missing: `the value of ${only.name}`, source }];
  }
  const words: Word[] = [];
  let current: OpenWord | undefined = quoted ? { text: "" } : undefined;
  const end = () => {
    if (current) words.push({ kind: "text", ...current, source });
    current = undefined;
  };
  const listed = parts.some(({ kind }) => kind === "words");
  for (const part of parts) {
    if (part.kind === "words") {
      if (current?.text === "") current = undefined;
      end();
      for (const word of part.words) words.push(word);
      continue;
    }
    if (part.kind === "split") {
      for (const [index, piece] of part.text.split(/\s+/).entries()) {
        if (index > 0) end();
        if (piece !== "") {
          current = { ...current, text: (current?.text ?? "") + piece };
        }
      }
      continue;
    }
    if (listed && part.kind === "text" && part.text === "") continue;
    const text = part.kind === "text" ? part.text : part.name;
    const placeholder = part.kind === "unknown" ? part.name : current?.placeholder;
    current = {
      text: (current?.text ?? "") + text,
      ...(placeholder !== undefined && { placeholder }),
    };
  }
  end();
  return words;
}

const declarations = new Set(["export", "readonly", "local", "declare", "typeset"]);

/** Follows `NAME=value` before a command, or alone, or after `export`, and `set -- words`. */
function withoutAssignments(words: readonly Word[], state: State): readonly Word[] {
  const [first, second] = words;
  if (declarations.has(textOf(first))) {
    for (const word of words.slice(1)) {
      assign(word, state);
    }
    return [];
  }
  if (textOf(first) === "set" && textOf(second) === "--") {
    state.positional = [{ kind: "unknownWords", missing: "the value of $0" }, ...words.slice(2)];
    state.hasPositional = true;
    return [];
  }
  let from = 0;
  for (let word = words[from]; word && assign(word, state); word = words[from]) {
    from += 1;
  }
  return from === 0 ? words : words.slice(from);
}

function assign(word: Word, state: State): boolean {
  const match = word.kind === "text" && /^([A-Za-z_]\w*)(\+?)=(.*)$/s.exec(word.text);
  if (!match || word.kind !== "text") {
    return false;
  }
  const [, name = "", plus = "", value = ""] = match;
  const before = plus === "" ? "" : state.variables.get(name);
  state.assigned.push(name);
  if (word.placeholder === undefined && before !== undefined) {
    state.variables.set(name, before + value);
  } else {
    state.variables.delete(name);
  }
  state.growth += before?.length ?? 0;
  return true;
}
