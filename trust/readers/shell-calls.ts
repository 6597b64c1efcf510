/** What runs though no line of its own says so: the bodies of functions, and programs in command substitutions. */
import type { Problem, Source } from "../words/fact.ts";
import type { ShellCommand } from "./shell-parts.ts";
import { textOf } from "./word.ts";

/** A command with the function that it stands in. */
type Placed = Omit<ShellCommand, "condition"> & { condition?: string; readonly within?: string };

/** Programs that run inside `$(...)` or backquotes, whose words are not followed; asked for its version, none runs. */
export function substitutedPrograms(script: string, source: Source): Problem[] {
  const problems: Problem[] = [];
  for (const found of script.matchAll(/\$\(([^()`]{1,2000})\)|`([^`]{1,2000})`/g)) {
    const program = startsProgram.exec(found[1] ?? found[2] ?? "")?.[1];
    if (program === undefined) continue;
    const line = (source.line ?? 1) + script.slice(0, found.index).split("\n").length - 1;
    const message = `the flags of the ${program} that a command substitution starts`;
    problems.push({ message, source: { ...source, line }, fatal: false });
    if (problems.length === maxSubstituted) break;
  }
  for (const found of script.matchAll(handedToShell)) {
    const line = (source.line ?? 1) + script.slice(0, found.index).split("\n").length - 1;
    const message = `the script that ${found[1]} gets from another command`;
    problems.push({ message, source: { ...source, line }, fatal: false });
    if (problems.length >= maxSubstituted) break;
  }
  return problems;
}

/** So many are named; one is enough for the verdict. */
const maxSubstituted = 10;

/** `bash <(...)`, `. <(...)`, with a kubelet or kubeadm in what is handed over. */
const handedToShell =
  /(?<=^|[\s;|&])(\.|source|(?:ba|da|a|k|z)?sh)\s+<\([^)]{0,2000}?\b(?:kubelet|kube-apiserver|kubeadm|KUBELET_\w+)\b/gi;

const startsProgram =
  /(?:^|[\s;|&/])(kubelet|kube-apiserver)(?=\s+-)(?!\s+(?:--version|--help|-h|-V)(?:[\s=]|$))/;

/** Commands of a function are run as certainly as it is called. */
export function followCalls(commands: readonly Placed[]): void {
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
