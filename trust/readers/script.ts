/** Shell scripts: the programs that they start, and the files that they write. */
import { type CommandLine, readShell } from "./command-line.ts";
import type { Format } from "./format.ts";
import { readingOf } from "./program-pieces.ts";
import type { ShellCommand } from "./shell-parts.ts";
import { programAt } from "./shell-program.ts";
import { speaks } from "./speaks.ts";
import { textOf, type Word } from "./word.ts";

const shebang = /^\s*#!\s*\S*(\/env\s+)?\S*/;

/** Scripts that say so: by `#!`, or as cloud-init's boot hooks. */
export const script: Format = {
  name: "shell script",
  about:
    "`#!/bin/sh` and the like, or `*.sh`: programs behind any wrapper, variables, lists, `set --`; files written by here-documents, `tee`, `echo`, `printf`, `base64 -d`; `kubeadm init` and `join`; copies of those by `cp`, `mv`, `install`, `ln`; ClusterRoles and bindings that `kubectl create` makes; a file that Kubernetes reads of itself or that a flag names, and that anything else may write (`curl`, `tar`, `rsync`, `openssl`, `sed -i`, a program that is not known), is undecidable; a script from a pipe or a download, and manifests that `kubectl` gets from elsewhere, are said; whether something is run under a condition, in a function that nothing calls, or behind `exit` is undecidable, and so is a variable that a condition or a sourced file may set; file systems mounted over such files, and settings that are taken away, are undecidable too",
  recognises: (text, { key, path }) =>
    (shebang.test(text) && !/^\s*#!\s*\S*(python|perl|ruby|node|pwsh)/.test(text)) ||
    text.startsWith("#cloud-boothook") ||
    (/\.(sh|bash)$/.test(path ?? key ?? "") && !/^\s*[{[]/.test(text)),
  read: (text, origin) => {
    const lines = readShell(text, { where: origin.source.where });
    return { ...readingOf(lines, origin), isHarmless: isSaid(text, lines.commands) };
  },
};

/** Whether a script only speaks of kubelets in comments, and in lines of commands that print or look. */
function isSaid(text: string, all: readonly ShellCommand[]): boolean {
  const readers = new Map(all.flatMap((one) => (one.input ? [[one.input, one] as const] : [])));
  const said = new Set(all.map(({ line }) => line));
  for (const command of all) {
    const isSpoken = isSaidOnly(command, readers.get(command));
    if (!isSpoken && command.words.some((word) => speaks(textOf(word)) !== "of other things"))
      said.delete(command.line);
  }
  const left = text.split("\n").filter((line, at) => {
    const isCode = !said.has(at + 1) || /(?:^|;)\s*\w+=/.test(line);
    return isCode && !/^\s*#/.test(line);
  });
  return speaks(left.join("\n")) !== "of settings";
}

/** Programs that print their words, or look for them. */
const saying = new Set(
  `echo printf logger grep egrep fgrep rg ps pgrep journalctl systemctl test [ [[`.split(" "),
);

/** Whether what a command says of kubelets is for people: it goes into no file, and to no other program. */
function isSaidOnly({ words, redirections }: ShellCommand, reader: ShellCommand | undefined) {
  const goesOn = redirections.some(
    ({ operator, target }) =>
      operator.startsWith(">") && !/^(?:&?\d|\/dev\/(?:null|stdout|stderr))$/.test(textOf(target)),
  );
  const isSaying = (one: readonly Word[]) => saying.has(programAt(one).name);
  return !goesOn && isSaying(words) && (reader === undefined || isSaying(reader.words));
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
      /^[ \t]*(sudo\s+)?(\S*\/)?kubeadm\s+(init|join)\b/m.test(text)
    );
  },
  read: (text, origin) => readingOf(readShell(text, { where: origin.source.where }), origin),
};
