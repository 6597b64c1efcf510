/** Shell scripts: the programs that they start, and the files that they write. */
import { type CommandLine, readShell } from "./command-line.ts";
import type { Format } from "./format.ts";
import { readingOf } from "./program-pieces.ts";
import type { ShellCommand } from "./shell-parts.ts";
import { programAt } from "./shell-program.ts";
import { speaks } from "./speaks.ts";
import { textOf } from "./word.ts";

const shebang = /^\s*#!\s*\S*(\/env\s+)?\S*/;

/** Scripts that say so: by `#!`, or as cloud-init's boot hooks. */
export const script: Format = {
  name: "shell script",
  about:
    "`#!/bin/sh` and the like, or `*.sh`: programs behind any wrapper, variables, lists, `set --`; files written by here-documents, `tee`, `echo`, `printf`, `base64 -d`; `kubeadm init` and `join`; copies of those by `cp`, `mv`, `install`, `ln`; ClusterRoles and bindings that `kubectl create` makes; a file that Kubernetes reads of itself or that a flag names, and that anything else may write (`curl`, `tar`, `rsync`, `openssl`, `sed -i`, a program that is not known), is undecidable; a script from a pipe or a download, and manifests that `kubectl` gets from elsewhere, are said; whether something is run under a condition, in a function that nothing calls, or behind `exit` is undecidable, and so is a variable that a condition or a sourced file may set",
  recognises: (text, { key, path }) =>
    (shebang.test(text) && !/^\s*#!\s*\S*(python|perl|ruby|node|pwsh)/.test(text)) ||
    text.startsWith("#cloud-boothook") ||
    (/\.(sh|bash)$/.test(path ?? key ?? "") && !/^\s*[{[]/.test(text)),
  read: (text, origin) => {
    const lines = readShell(text, { where: origin.source.where });
    const left = lines.commands.filter((command) => !isSaidOnly(command, lines.commands));
    return {
      ...readingOf(lines, origin),
      isHarmless: left.every((command) => speaks(textOfCommand(command)) !== "of settings"),
    };
  },
};

/** Programs that print their words, or look for them. */
const saying = new Set(
  `echo printf logger grep egrep fgrep rg ps pgrep journalctl systemctl test [ [[`.split(" "),
);

/** Whether what a command says of kubelets is for people: it goes into no file, and to no other program. */
function isSaidOnly(command: ShellCommand, all: readonly ShellCommand[]): boolean {
  const goesOn = command.redirections.some(
    ({ operator, target }) =>
      operator.startsWith(">") && !/^(?:&?\d|\/dev\/(?:null|stdout|stderr))$/.test(textOf(target)),
  );
  return (
    !goesOn &&
    saying.has(programAt(command.words).name) &&
    all.every(({ input, words }) => input !== command || saying.has(programAt(words).name))
  );
}

function textOfCommand({ words, given = [], redirections }: ShellCommand): string {
  const bodies = redirections.map(({ body, target }) => body ?? textOf(target));
  return [...given.map(textOf), ...words.map(textOf), ...bodies].join(" ");
}

/** Prose that begins with a program's name goes on with words, not with flags. */
function isPlausible({ words: [first] }: CommandLine): boolean {
  return first?.kind === "unknownWords" || /^[-$"'\\{]/.test(textOf(first));
}

/** Shell text that does not say so: a command line, or a script without `#!`. Asked when nothing else recognises it. */
export const commands: Format = {
  name: "command line",
  about:
    "shell text without `#!` in which one of the programs, kubeadm, or a written file is found",
  recognises: (text, origin) => {
    if (/^\s*<[?!a-z]/i.test(text)) return false;
    const { commandLines, files } = readShell(text, { where: origin.source.where });
    return (
      commandLines.some(isPlausible) ||
      files.some(({ path }) => path !== undefined) ||
      /^\s*(sudo\s+)?(\S*\/)?kubeadm\s+(init|join)\b/m.test(text)
    );
  },
  read: (text, origin) => readingOf(readShell(text, { where: origin.source.where }), origin),
};
