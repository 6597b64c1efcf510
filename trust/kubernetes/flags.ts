/**
 * Command lines parsed as pflag parses them: what is a flag, what its value, what it complains about.
 * Source: github.com/spf13/pflag flag.go, errors.go; component-base cli/flag (WordSepNormalizeFunc).
 */

import { quote } from "../go/texts.ts";
import type { Word } from "../readers/command-line.ts";
import { placeholderIn } from "../readers/placeholders.ts";
import type { Fact, Source } from "../words/fact.ts";
import { known, unknown } from "../words/fact.ts";
import { type FlagValue, setFlag } from "./flag-values.ts";
import type { FlagFacts, FlagTable } from "./tables.ts";

/** What a command line says. */
export type Flags = {
  /**
   * The value of a flag: undefined when it is not given, unknown when a placeholder or unknown words are
   * where it is or might be.
   */
  readonly get: (name: string) => Fact<FlagValue | undefined>;
  /** Where a flag was last given. */
  readonly sourceOf: (name: string) => Source | undefined;
  /** Names of the flags that are given, in order of their first occurrence. */
  readonly names: readonly string[];
  /** pflag's complaint; parsing stopped there. */
  readonly error?: FlagsError;
  /** Words that belong to no flag. */
  readonly positional: readonly Word[];
  /** Why the command line is not wholly known. */
  readonly open?: { readonly missing: string; readonly source?: Source };
};

/** Why a command line cannot be parsed, and the flag, without its dashes, that is to blame. */
export type FlagsError = {
  readonly message: string;
  readonly kind: "unknown-flag" | "bad-flag-value";
  readonly flag: string;
  readonly source?: Source;
};

type Given = { value: Fact<FlagValue>; source: Source | undefined; afterOpen: boolean };

type State = {
  readonly table: FlagTable;
  /** What is left of the words, the next one last: from the front of a long list each would take as long as the list. */
  readonly words: Word[];
  readonly given: Map<string, Given>;
  readonly positional: Word[];
  open?: { missing: string; source?: Source };
};

/** Parses the words after the program. Never throws. */
export function parseFlags(words: readonly Word[], table: FlagTable): Flags {
  const state: State = { table, words: [...words].reverse(), given: new Map(), positional: [] };
  const error = parse(state);
  return {
    get: (name) => get(state, name),
    sourceOf: (name) => state.given.get(name)?.source,
    names: [...state.given.keys()],
    ...(error && { error }),
    positional: state.positional,
    ...(state.open && { open: state.open }),
  };
}

function get(state: State, name: string): Fact<FlagValue | undefined> {
  const given = state.given.get(name);
  if (state.open && !given?.afterOpen) {
    return unknown(state.open.missing, state.open.source);
  }
  return given?.value ?? known(undefined);
}

type ParseError = Omit<FlagsError, "source">;

function parse(state: State): FlagsError | undefined {
  for (let word = state.words.pop(); word !== undefined; word = state.words.pop()) {
    if (word.kind === "unknownWords") {
      openUp(state, word.missing, word.source);
      continue;
    }
    if (word.text === "--") {
      for (const rest of state.words.reverse()) state.positional.push(rest);
      return undefined;
    }
    const error = parseWord(state, word);
    if (error !== undefined) {
      return { ...error, ...(word.source && { source: word.source }) };
    }
  }
  return undefined;
}

/** From here on it is unknown which flags follow; those given before may be given again. */
function openUp(state: State, missing: string, source: Source | undefined): void {
  state.open ??= source === undefined ? { missing } : { missing, source };
  for (const given of state.given.values()) {
    given.afterOpen = false;
  }
}

type TextWord = Extract<Word, { kind: "text" }>;

function parseWord(state: State, word: TextWord): ParseError | undefined {
  if (!word.text.startsWith("-") || word.text === "-") {
    // A word that is all placeholder may be a flag, or several.
    if (word.placeholder !== undefined && word.text === word.placeholder) {
      openUp(state, `the value of ${word.placeholder}`, word.source);
    } else {
      state.positional.push(word);
    }
    return undefined;
  }
  return word.text.startsWith("--") ? parseLong(state, word) : parseShort(state, word);
}

function parseLong(state: State, word: TextWord): ParseError | undefined {
  const body = word.text.slice(2);
  if (body.startsWith("-") || body.startsWith("=")) {
    return badValue(`bad flag syntax: ${word.text}`, body);
  }
  const at = body.indexOf("=");
  const name = at < 0 ? body : body.slice(0, at);
  if (placeholderIn(name) !== undefined) {
    openUp(state, `the value of ${placeholderIn(name)}`, word.source);
    return undefined;
  }
  const normalized = name.replaceAll("_", "-");
  const flag = state.table.byName(normalized);
  if (!flag) {
    return { message: `unknown flag: --${name}`, kind: "unknown-flag", flag: normalized };
  }
  if (at >= 0) {
    return set(state, normalized, flag, { ...word, text: body.slice(at + 1) });
  }
  return setFromNext(state, normalized, flag, word, `flag needs an argument: --${name}`);
}

function badValue(message: string, flag: string): ParseError {
  return { message, kind: "bad-flag-value", flag };
}

function parseShort(state: State, word: TextWord): ParseError | undefined {
  let letters = word.text.slice(1);
  while (letters !== "") {
    const letter = letters[0] ?? "";
    const name = state.table.byShorthand(letter);
    const flag = name === undefined ? undefined : state.table.byName(name);
    if (name === undefined || !flag) {
      return {
        message: `unknown shorthand flag: '${letter}' in -${letters}`,
        kind: "unknown-flag",
        flag: word.text.replace(/^-+/, "").split("=")[0] ?? "",
      };
    }
    const rest = letters.slice(1);
    let error: ParseError | undefined;
    if (rest.length > 1 && rest.startsWith("=")) {
      error = set(state, name, flag, { ...word, text: rest.slice(1) });
      letters = "";
    } else if (flag.noOptDefault !== undefined) {
      error = set(state, name, flag, { ...word, text: flag.noOptDefault });
      letters = rest;
    } else if (rest !== "") {
      error = set(state, name, flag, { ...word, text: rest });
      letters = "";
    } else {
      const complaint = `flag needs an argument: '${letter}' in -${letters}`;
      error = setFromNext(state, name, flag, word, complaint);
      letters = "";
    }
    if (error !== undefined) {
      return error;
    }
  }
  return undefined;
}

function setFromNext(
  state: State,
  name: string,
  flag: FlagFacts,
  word: TextWord,
  complaint: string,
): ParseError | undefined {
  if (flag.noOptDefault !== undefined) {
    return set(state, name, flag, { ...word, text: flag.noOptDefault });
  }
  const next = state.words.pop();
  if (next === undefined) {
    return badValue(complaint, name);
  }
  if (next.kind === "unknownWords") {
    openUp(state, next.missing, next.source);
    give(state, name, unknown(next.missing, word.source), word.source);
    return undefined;
  }
  return set(state, name, flag, next);
}

function set(state: State, name: string, flag: FlagFacts, word: TextWord): ParseError | undefined {
  const source = { ...(word.source ?? { where: "command line" }), key: `--${name}` };
  const placeholder = placeholderIn(word.text) ?? word.placeholder;
  if (placeholder !== undefined && word.text.includes(placeholder)) {
    give(state, name, unknown(`the value of ${placeholder} in --${name}`, source), source);
    return undefined;
  }
  const before = state.given.get(name)?.value;
  const read = setFlag(flag.type, word.text, before?.known ? before.value : undefined);
  if (read.error !== undefined) {
    const shown = flag.shorthand === undefined ? `--${name}` : `-${flag.shorthand}, --${name}`;
    return badValue(
      `invalid argument ${quote(word.text)} for ${quote(shown)} flag: ${read.error}`,
      name,
    );
  }
  // A list that had an unknown part stays unknown: it is added to, not replaced.
  const stays = before && !before.known && accumulates(read.value);
  give(state, name, stays ? before : known(read.value, source), source);
  return undefined;
}

function accumulates(value: FlagValue): boolean {
  return typeof value === "object";
}

function give(
  state: State,
  name: string,
  value: Fact<FlagValue>,
  source: Source | undefined,
): void {
  state.given.set(name, { value, source, afterOpen: state.open !== undefined });
}
