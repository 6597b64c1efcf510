/** Variables that a command sets, and what is left of its words. */
import type { State } from "./shell-state.ts";
import { textOf, type Word } from "./word.ts";

const declarations = new Set(["export", "readonly", "local", "declare", "typeset"]);

/** Follows `NAME=value` before a command, or alone, or after `export`, and `set -- words`. */
export function withoutAssignments(words: readonly Word[], state: State): readonly Word[] {
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
