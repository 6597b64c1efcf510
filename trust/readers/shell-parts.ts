/** What shell text is made of, once it is cut up. */
import type { Problem } from "../words/fact.ts";
import type { Word } from "./word.ts";

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
  /** Assignments before them, which are for this command alone. */
  readonly given?: readonly Word[];
  readonly line: number;
  readonly redirections: readonly Redirection[];
  /** The command whose output it reads. */
  readonly input?: ShellCommand;
  /** What decides whether it is run at all; completes "undecidable without ...". Absent: it is run. */
  readonly condition?: string;
};

export type ShellCommands = {
  readonly commands: readonly ShellCommand[];
  /** What `export` gives to every program behind it: `NAME=value`. */
  readonly exported: readonly { readonly text: string; readonly line: number }[];
  readonly problems: readonly Problem[];
};

/** What is to be said of one command. */
export type Remark =
  /** It may set what decides. */
  | { readonly kind: "deciding" | "note"; readonly message: string }
  /** A manifest that its words stand for. */
  | { readonly kind: "object"; readonly content: string };
