/**
 * Shell text cut into commands and words. Own code rather than a library's, because a word may hold values
 * that are unknown (`$KUBELET_EXTRA_ARGS`, `$(hostname)`, `{{ .X }}`), and those must stay unknown words.
 */
import type { Source } from "../words/fact.ts";
import { withoutAssignments } from "./shell-assignments.ts";
import { followCalls, substitutedPrograms } from "./shell-calls.ts";
import { readCommand } from "./shell-command.ts";
import { type Conditions, conditions } from "./shell-conditions.ts";
import type { Environment, ShellCommand, ShellCommands } from "./shell-parts.ts";
import { forget, forgetAll, maxGrowth, type OpenRedirection, type State } from "./shell-state.ts";
import { textOf, type Word } from "./word.ts";

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
  const exported: { text: string; line: number }[] = [];
  let input: ShellCommand | undefined;
  while (state.at < state.text.length && state.growth <= maxGrowth) {
    const line = state.line;
    state.assigned = [];
    state.inFunction = blocks.inFunction() !== undefined;
    const read = readCommand(state);
    const entered = blocks.enter(read.words, line);
    const words = withoutAssignments(entered, state);
    const given = entered.slice(0, entered.length - words.length);
    if (textOf(given[0]) === "export") {
      for (const word of given.slice(1)) exported.push({ text: textOf(word), line });
    }
    const command: Open = {
      words,
      ...(given.length > 0 && { given }),
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
  const grown = "the rest of a script that holds more commands, words and variables than are read";
  return {
    commands,
    exported,
    problems: [
      ...(state.growth > maxGrowth
        ? [{ message: grown, source: { ...source, line: state.line }, fatal: false }]
        : []),
      ...substitutedPrograms(script, source),
    ],
  };
}

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
