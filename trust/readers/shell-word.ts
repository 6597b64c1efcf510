/** Single words of a shell: quotes, escapes, variables. */
import type { Source } from "../words/fact.ts";
import { advance, costs, endsWord, maxGrowth, type State } from "./shell-state.ts";
import { textOf, type Word } from "./word.ts";

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

/** One word; the value of an unquoted variable may be none or several. */
export function readWord(state: State): Word[] {
  const line = state.line;
  const parts: Part[] = [];
  let quoted = false;
  while (state.at < state.text.length && state.growth <= maxGrowth) {
    state.growth += costs.part;
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
  while (state.at < state.text.length && state.growth <= maxGrowth) {
    state.growth += costs.part;
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
