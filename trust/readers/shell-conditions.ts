/**
 * Which commands of a script are run for certain. What stands under a condition, in a function, or after `exit` may be
 * run or not: it counts, and that it is not certain is said.
 */
import { textOf, type Word } from "./word.ts";

/** What the reading of a script keeps about the blocks it is in. */
export type Conditions = {
  /** Takes note of the grammar's words at the start of a command, and gives back the words of the command itself. */
  readonly enter: (words: readonly Word[], line: number) => readonly Word[];
  /** What decides whether the command that was entered is run; completes "undecidable without ...". */
  readonly current: () => string | undefined;
  /** The function that is being read. */
  readonly inFunction: () => string | undefined;
  /** Takes note of the names that the command assigned and of the separator behind it. */
  readonly leave: (words: readonly Word[], names: readonly string[], end: string) => void;
};

type Block = {
  readonly kind: "if" | "loop" | "case" | "group" | "function";
  readonly name?: string;
  condition?: string;
  /** What becomes the condition behind `then` or `do`. */
  readonly question?: string;
  /** Variables that were assigned in it: behind it, and in its next branch, they may have another value. */
  readonly assigned: Set<string>;
};

const closing: Readonly<Record<string, readonly Block["kind"][]>> = {
  fi: ["if"],
  done: ["loop"],
  esac: ["case"],
  "}": ["group", "function"],
};

const grammar = new Set(["then", "do", "else", "elif", "if", "while", "until", "{"]);
const always = new Set(["true", ":"]);
const tests = new Set(["[", "[[", "test", "false", "!", "grep", "command", "which", "type"]);

/** Blocks in each other that are followed: each command asks all that it stands in. */
const maxBlocks = 100;

/**
 * Begins to follow a script.
 *
 * @param forget makes the value of a variable unknown
 */
export function conditions(forget: (name: string) => void): Conditions {
  const blocks: Block[] = [];
  let list: { condition: string | undefined } | undefined;
  let previous = { text: "", end: "" };
  let declared: string | undefined;
  let ended: string | undefined;
  /** Line of the command that was entered. */
  let entered = 0;
  const comesTo = (words: readonly Word[]) =>
    `what ${JSON.stringify(textOf(words[0]))} in line ${entered} comes to`;

  const flush = (block: Block) => {
    for (const name of block.assigned) forget(name);
    const outer = lastOf(blocks, isUncertain);
    for (const name of block.assigned) outer?.assigned.add(name);
  };
  const open = (kind: Block["kind"], more: Pick<Block, "condition" | "question" | "name"> = {}) => {
    if (blocks.length < maxBlocks) blocks.push({ kind, assigned: new Set(), ...more });
    else ended ??= `what stands in more than ${maxBlocks} blocks in each other`;
  };
  const close = (word: string) => {
    const kinds = closing[word] ?? [];
    const last = lastOf(blocks, ({ kind }) => kinds.includes(kind));
    if (last === undefined) return;
    for (const block of blocks.splice(blocks.indexOf(last))) flush(block);
  };
  /** One word of the grammar; false when the command itself begins here. */
  const step = (words: readonly Word[], at: number, line: number): boolean => {
    const word = textOf(words[at]);
    if (word === "if" || word === "while" || word === "until") {
      const own = words.slice(at + 1).map(textOf);
      const isAlways =
        own.length === 1 && (word === "until" ? own[0] === "false" : always.has(own[0] ?? ""));
      const question = answerTo(words.slice(at), line);
      open(word === "if" ? "if" : "loop", isAlways ? {} : { question });
      return true;
    }
    const top = blocks.at(-1);
    if ((word === "else" || word === "elif") && top?.kind === "if") {
      flush(top);
      top.condition ??= `the answer to a condition before line ${line}`;
      return true;
    }
    if ((word === "then" || word === "do") && top?.question !== undefined) {
      top.condition = top.question;
      return true;
    }
    if (word === "{") {
      if (declared === undefined) open("group");
      else open("function", { name: declared });
      declared = undefined;
    }
    return grammar.has(word);
  };

  return {
    enter: (words, line) => {
      entered = line;
      const first = textOf(words[0]);
      if (previous.end === "&" && previous.text !== "" && words.length > 0) list = undefined;
      const named = declarationOf(words);
      if (named !== undefined) {
        declared = named.name;
        return named.rest.length > 0 ? stripped(named.rest, line, step) : [];
      }
      if (Object.hasOwn(closing, first)) close(first);
      if (first === "case") open("case", { condition: answerTo(words, line) });
      if (first === "for" || first === "select") {
        open("loop", first === "for" ? {} : { question: answerTo(words, line) });
        forget(textOf(words[1]));
      }
      return stripped(words, line, step);
    },
    current: () =>
      list?.condition ??
      lastOf(blocks, ({ condition }) => condition !== undefined)?.condition ??
      ended,
    inFunction: () => declared ?? lastOf(blocks, ({ kind }) => kind === "function")?.name,
    leave: (words, names, end) => {
      const outer = lastOf(blocks, isUncertain);
      for (const name of names) {
        outer?.assigned.add(name);
        if (list?.condition !== undefined) forget(name);
      }
      const text = words.map(textOf).join(" ");
      if (
        (textOf(words[0]) === "exit" || textOf(words[0]) === "return") &&
        list === undefined &&
        blocks.every((block) => block.kind === "group") &&
        previous.end !== "(" &&
        end !== ")"
      ) {
        ended ??= `why commands stand behind ${JSON.stringify(textOf(words[0]))} in line ${entered}`;
      }
      if (end === "(" && words.length === 1 && /^[\w.:-]+$/.test(text)) declared = text;
      else if (words.length > 0 && declared !== undefined) declared = undefined;
      const top = blocks.at(-1);
      if (end === ";" && previous.end === ";" && text === "" && top?.kind === "case") flush(top);
      // A list goes on in the next line.
      if (text === "" && end === "\n" && goesOn.has(previous.end)) return;
      list = nextList(text, end, words);
      previous = { text, end };
    },
  };

  function nextList(text: string, end: string, words: readonly Word[]) {
    if (end === "||") {
      return { condition: comesTo(words) };
    }
    if (end === "|") return list;
    if (end !== "&") return undefined;
    // The first `&` of two ends a command, the second one nothing.
    if (text === "" && previous.end === "&") return list;
    return {
      condition: list?.condition ?? (tests.has(textOf(words[0])) ? comesTo(words) : undefined),
    };
  }
}

const goesOn = new Set(["&", "|", "||"]);

/** Words behind the first are not quoted: they may hold a token. */
function answerTo(words: readonly Word[], line: number): string {
  return `the answer to ${JSON.stringify(textOf(words[0]))} in line ${line}`;
}

function lastOf(blocks: readonly Block[], isSought: (block: Block) => boolean): Block | undefined {
  for (let at = blocks.length - 1; at >= 0; at -= 1) {
    const block = blocks[at];
    if (block && isSought(block)) return block;
  }
  return undefined;
}

function isUncertain({ kind, condition }: Block): boolean {
  return condition !== undefined || kind === "function" || kind === "loop";
}

function stripped(
  words: readonly Word[],
  line: number,
  step: (words: readonly Word[], at: number, line: number) => boolean,
): readonly Word[] {
  let at = 0;
  while (at < words.length && step(words, at, line)) at += 1;
  return at === 0 ? words : words.slice(at);
}

/** `function NAME {`: the name, and the words behind it. */
function declarationOf(
  words: readonly Word[],
): { readonly name: string; readonly rest: readonly Word[] } | undefined {
  return textOf(words[0]) === "function" && words.length > 1
    ? { name: textOf(words[1]), rest: words.slice(2) }
    : undefined;
}
