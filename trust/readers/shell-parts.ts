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
