/**
 * A program's command line, as far as it is known, from an argument list or from shell text.
 */
import type { Problem, Source } from "../evidence.ts";

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
export type Program = "kubelet" | "kube-apiserver" | "kube-controller-manager";

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

/**
 * Finds the programs in an argument list such as a container's `command` and `args`, behind `hyperkube`,
 * `exec`, `sh -c` and absolute paths. Nothing found is an empty list, not a problem.
 */
export function readArguments(argv: readonly (string | Word)[], source: Source): CommandLines {
  void argv;
  return notReadYet(source);
}

/** Finds the programs in shell text, with line continuations, quotes and the variables of `environment`. */
export function readShell(
  text: string,
  source: Source,
  environment: Readonly<Record<string, string>> = {},
): CommandLines {
  void text;
  void environment;
  return notReadYet(source);
}

function notReadYet(source: Source): CommandLines {
  return { commandLines: [], problems: [{ message: "not read yet", source, fatal: false }] };
}
