/**
 * A program's command line, as far as it is known, from an argument list or from shell text.
 */
import type { Problem, Source } from "../words/fact.ts";
import { placeholderIn } from "./placeholders.ts";
import { type Environment, shellCommands } from "./shell-words.ts";

/** One word of a command line. */
export type Word =
  | {
      readonly kind: "text";
      readonly text: string;
      /** The text holds a placeholder (`${VAR}`, `{{ .X }}`) whose value is not known. */
      readonly placeholder?: string;
      readonly source?: Source;
    }
  /** Stands for any number of words, e.g. an unset `$KUBELET_EXTRA_ARGS`. */
  | { readonly kind: "unknownWords"; readonly missing: string; readonly source?: Source };

/** Programs whose command lines decide something. */
export const programs = ["kubelet", "kube-apiserver", "kube-controller-manager"] as const;
export type Program = (typeof programs)[number];

export type CommandLine = {
  readonly program: Program;
  /** The words after the program. */
  readonly words: readonly Word[];
  readonly source: Source;
};

export type CommandLines = {
  readonly commandLines: readonly CommandLine[];
  readonly problems: readonly Problem[];
};

/** Makes words of plain texts; a placeholder in a text is noticed. */
export function toWords(argv: readonly (string | Word)[], source: Source): Word[] {
  return argv.map((word) => (typeof word === "string" ? toWord(word, source) : word));
}

function toWord(text: string, source: Source): Word {
  const placeholder = placeholderIn(text);
  return placeholder === undefined
    ? { kind: "text", text, source }
    : { kind: "text", text, placeholder, source };
}

/**
 * Finds the programs in an argument list such as a container's `command` and `args`, behind `hyperkube`,
 * `exec`, `sh -c` and absolute paths. Nothing found is an empty list, not a problem.
 */
export function readArguments(
  argv: readonly (string | Word)[],
  source: Source,
  environment: Environment = {},
): CommandLines {
  return {
    commandLines: findPrograms(toWords(argv, source), source, environment, 0),
    problems: [],
  };
}

/** Finds the programs in shell text, with line continuations, quotes and the variables of `environment`. */
export function readShell(
  text: string,
  source: Source,
  environment: Environment = {},
): CommandLines {
  return { commandLines: findInShell(text, source, environment, 0), problems: [] };
}

const maxNesting = 5;

function findInShell(
  text: string,
  source: Source,
  environment: Environment,
  depth: number,
): CommandLine[] {
  return shellCommands(text, source, environment).flatMap(({ words, line }) =>
    findPrograms(words, { ...source, line }, environment, depth),
  );
}

const shells = new Set(["sh", "bash", "ash", "dash", "zsh"]);
/** Programs that run the program that follows their own options. */
const wrappers = new Set([
  "exec",
  "command",
  "env",
  "sudo",
  "nohup",
  "nice",
  "ionice",
  "setsid",
  "time",
  "tini",
  "dumb-init",
  "go-runner",
  "systemd-run",
  "systemd-cat",
  "then",
  "do",
  "else",
  "!",
  "{",
]);
/** The names that hyperkube gave its parts. */
const hyperkubeParts: Readonly<Record<string, Program>> = {
  kubelet: "kubelet",
  apiserver: "kube-apiserver",
  "kube-apiserver": "kube-apiserver",
  "controller-manager": "kube-controller-manager",
  "kube-controller-manager": "kube-controller-manager",
};

function findPrograms(
  words: readonly Word[],
  source: Source,
  environment: Environment,
  depth: number,
): CommandLine[] {
  let at = 0;
  while (at < words.length) {
    const name = nameOf(words[at]);
    const rest = words.slice(at + 1);
    if (isProgram(name)) {
      return [{ program: name, words: rest, source }];
    }
    if (name === "hyperkube") {
      const part = hyperkubeParts[nameOf(rest[0])];
      return part ? [{ program: part, words: rest.slice(1), source }] : [];
    }
    if (shells.has(name)) {
      return depth < maxNesting ? findInScript(rest, source, environment, depth + 1) : [];
    }
    if (!wrappers.has(name)) {
      return [];
    }
    at += 1;
    while (isOption(words[at])) {
      at += 1;
    }
  }
  return [];
}

function findInScript(
  rest: readonly Word[],
  source: Source,
  environment: Environment,
  depth: number,
): CommandLine[] {
  const option = rest.findIndex((word) => word.kind === "text" && /^-\w*c$/.test(word.text));
  const script = rest[option + 1];
  if (option < 0 || script?.kind !== "text") {
    return [];
  }
  return findInShell(script.text, script.source ?? source, environment, depth);
}

function nameOf(word: Word | undefined): string {
  return word?.kind === "text" ? (word.text.split("/").at(-1) ?? "") : "";
}

/** True for the programs that are looked for. */
export function isProgram(name: string): name is Program {
  return (programs as readonly string[]).includes(name);
}

function isOption(word: Word | undefined): boolean {
  return word?.kind === "text" && /^(-|[A-Za-z_]\w*=)/.test(word.text);
}
