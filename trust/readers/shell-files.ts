/** Files that shell commands write, and documents that they hand to other programs. */
import { posix } from "node:path";
import { decodeBytes } from "./encoding.ts";
import type { Redirection, ShellCommand } from "./shell-parts.ts";
import { programAt } from "./shell-program.ts";
import { unescaped } from "./shell-word.ts";
import { knownWrites, mayBring, type Write, writesOf } from "./shell-writes.ts";
import { textOf, type Word } from "./word.ts";

/** A text that a script writes into a file, or hands to a program. */
export type ShellFile = {
  /** Absolute or relative, as it is written; absent where the text goes to a program. */
  readonly path?: string;
  readonly content: string;
  /** Line of the command that writes it. */
  readonly line: number;
};

/** A file that a command makes or changes in a way that cannot be followed. */
export type ChangedFile = {
  /** Absolute where that is known. */
  readonly path: string;
  readonly by: string;
  readonly line: number;
  /** It may be what Kubernetes reads, whatever flags say. */
  readonly deciding: boolean;
};

export type ShellFiles = {
  readonly files: readonly ShellFile[];
  readonly changed: readonly ChangedFile[];
};

/** The content of a file of the same machine that something else has written; `undefined` where that is not known. */
export type KnownFiles = (path: string) => string | undefined;

type Walk = {
  readonly written: Map<string, ShellFile>;
  readonly changed: ChangedFile[];
  /** Their paths, as they are written. */
  readonly unsure: Set<string>;
  readonly known: KnownFiles;
  /** Devices that the script makes a file system on, which holds nothing. */
  readonly fresh: Set<string>;
  /** Files that it takes away, until something writes them anew. */
  readonly gone: Map<string, { readonly by: string; readonly line: number }>;
  /** The folder that the script is in; empty where that is not known. */
  folder: string;
};

/** Follows `cat`, `tee`, `echo`, `printf`, `base64 -d`, `install`, `cp`, `mv`, `ln` and redirections. Never throws. */
export function shellFiles(
  commands: readonly ShellCommand[],
  known: KnownFiles = () => undefined,
): ShellFiles {
  const walk: Walk = {
    written: new Map(),
    changed: [],
    unsure: new Set(),
    known,
    fresh: new Set(),
    gone: new Map(),
    folder: "",
  };
  const { written, gone } = walk;
  const files: ShellFile[] = [];
  const readers = new Set(commands.flatMap(({ input }) => (input ? [input] : [])));
  for (const command of commands) {
    const { line, condition } = command;
    const content = outputOf(command, 0);
    for (const { path, append } of targets(command)) {
      if (content === undefined) {
        if (!/^\/dev\//.test(path)) change({ to: path }, nameOf(command), line, walk);
        continue;
      }
      if (condition !== undefined) {
        change({ to: path }, `a command that may not run (it needs ${condition})`, line, walk);
      }
      const before = append ? contentOf(path, walk) : "";
      if (before === undefined && !startsEmpty.test(path))
        change({ to: path }, `${nameOf(command)}, at the end of what is there,`, line, walk);
      const whole = (before ?? "") + content;
      written.set(path, { path, content: whole, line });
      if (whole === "") gone.set(path, { by: nameOf(command) || ">", line });
      else gone.delete(path);
    }
    write(command, walk);
    remove(command, walk);
    goTo(command, walk);
    const handed = inputOf(command, 0);
    if (handed !== undefined && !passesOn.has(nameOf(command)) && !readers.has(command)) {
      files.push({ content: handed, line });
    }
  }
  // What sets a machine up anew begins with nothing.
  const isAnew = commands.some(({ words }) => programAt(words).name === "kubeadm");
  if (!isAnew) for (const [to, { by, line }] of gone) change({ to }, by, line, walk);
  return { files: [...written.values(), ...files], changed: walk.changed };
}

/**
 * Settings that are taken away: what a file of them said does not hold any more. Without the others (keys, credentials,
 * folders as a whole) nothing starts, or they are made anew.
 */
function remove({ words, line }: ShellCommand, { written, gone, fresh, folder }: Walk): void {
  const { name, rest } = programAt(words);
  if (/^(?:mkfs|mke2fs)/.test(name)) for (const word of rest) fresh.add(textOf(word));
  const isMoved = name === "mv";
  if (!isMoved && !/^(?:rm|unlink|shred)$/.test(name)) return;
  const names = rest.map(textOf).filter((text) => !text.startsWith("-"));
  for (const one of isMoved ? names.slice(0, -1) : names) {
    const path = one.startsWith("/") || folder === "" ? one : posix.join(folder, one);
    if (!isMoved) written.delete(one);
    if (holdsSettings.test(path)) gone.set(path, { by: name, line });
  }
}

/** A kubelet's configuration, its drop-ins, its environment, the pods that a kubelet starts. */
const holdsSettings =
  /^\/var\/lib\/kubelet\/[^/]*\.(?:ya?ml|env|conf)$|^\/etc\/kubernetes\/(?:.*\/)?[^/]*kube(?:let|-apiserver)[^/]*\.(?:ya?ml|json|conf\.d\/.*)$|^\/etc\/(?:default|sysconfig)\/kubelet$|\/kubelet\.service\.d\/.+/;

/** Files that are not there before, or are as good as empty. */
const startsEmpty = /^\/etc\/(?:default|sysconfig|systemd)\/|\.(?:crt|pem)$|[$*{]/;

/** What a single command changes, of the programs that are known to write: its words may be those of a container. */
export function changedBy(words: readonly Word[], line: number): readonly ChangedFile[] {
  const { name, rest } = programAt(words);
  return (knownWrites(name, rest) ?? []).map((one) => ({
    path: one.to,
    by: name,
    line,
    deciding: mayBring(one),
  }));
}

function change(what: Write, by: string, line: number, walk: Walk): void {
  const { changed, unsure, folder } = walk;
  const path = /^[/$~{]/.test(what.to) || folder === "" ? what.to : posix.join(folder, what.to);
  changed.push({ path, by, line, deciding: mayBring({ ...what, to: path }) });
  unsure.add(what.to);
}

/** What the script wrote, or what is written elsewhere on the machine. */
function contentOf(path: string, { written, known }: Walk): string | undefined {
  return written.get(path)?.content ?? known(path);
}

/** A copy of what is known has its content; that of any other file is unknown. */
function write(command: ShellCommand, walk: Walk): void {
  const { name, rest } = programAt(command.words);
  const { written, changed, unsure, fresh, gone } = walk;
  const { line, condition } = command;
  const read = sourced(name, rest);
  if (read !== undefined) {
    const isKnown = read === "" || contentOf(read, walk) !== undefined;
    const deciding = /kube/i.test(read);
    if (!isKnown) changed.push({ path: read, by: "reading it in", line, deciding });
    return;
  }
  const words = [...throughXargs(command), ...rest, ...programTextOf(command)];
  for (const one of writesOf(name, words)) {
    const { from, to, source = "" } = one;
    if (to === "/dev/stdin" || /^\/dev\//.test(to) || (name === "mount" && fresh.has(source)))
      continue;
    const content = from === undefined ? undefined : contentOf(from, walk);
    if (content !== undefined) written.set(to, { path: to, content, line });
    gone.delete(to);
    const isCertain =
      content !== undefined && condition === undefined && !(from !== undefined && unsure.has(from));
    if (!isCertain) change(one, name, line, walk);
    if (isCertain && name === "mv" && from !== undefined && from !== to) written.delete(from);
  }
}

/** Of the files that `xargs` hands on, the folders that they are looked for in. */
function throughXargs({ words, input }: ShellCommand): readonly Word[] {
  const isHandedOn = words.some((word) => /(?:^|\/)xargs$/.test(textOf(word)));
  return isHandedOn ? (input?.words.filter((word) => /^[/~$]/.test(textOf(word))) ?? []) : [];
}

/** A program in another language that is handed to its interpreter, as if it stood in the words. */
function programTextOf(command: ShellCommand): readonly Word[] {
  const text = interpreters.test(nameOf(command)) ? inputOf(command, 0) : undefined;
  return text === undefined ? [] : ["-e", text].map((one) => ({ kind: "text", text: one }));
}

const interpreters = /^(?:python[\d.]*|perl|ruby|node|php|lua)$/;

/** The file that `.` or `source` runs as part of the script. */
function sourced(name: string, rest: readonly Word[]): string | undefined {
  return name === "." || name === "source" ? textOf(rest[0]) : undefined;
}

function goTo({ words, condition }: ShellCommand, walk: Walk): void {
  const { name, rest } = programAt(words);
  if ((name !== "cd" && name !== "pushd") || condition !== undefined) return;
  const to = rest.map(textOf).find((text) => !text.startsWith("-")) ?? "";
  if (to.startsWith("/")) walk.folder = to;
  else walk.folder = walk.folder === "" || /^[$~]/.test(to) ? "" : posix.join(walk.folder, to);
}

/** Programs whose output is their input, or which write it where it is seen. */
const passesOn = new Set([
  "cat",
  "tee",
  "base64",
  "gunzip",
  "zcat",
  "gzip",
  "sudo",
  "install",
  "cp",
  "",
]);

const maxPipe = 10;

function nameOf({ words }: ShellCommand): string {
  return programAt(words).name;
}

/** What a command prints, where that is known. */
function outputOf(command: ShellCommand, depth: number): string | undefined {
  const { name, rest } = programAt(command.words);
  switch (name) {
    case "echo":
      return echoed(rest);
    case "printf":
      return printed(rest);
    case "cat":
      return rest.every((word) => textOf(word) === "-") ? inputOf(command, depth) : undefined;
    case "tee":
      return inputOf(command, depth);
    case "install":
      return rest.some((word) => textOf(word) === "/dev/stdin")
        ? inputOf(command, depth)
        : undefined;
    case "cp":
      return rest.some((word) => textOf(word) === "/dev/stdin")
        ? inputOf(command, depth)
        : undefined;
    case "base64":
      return rest.some((word) => /^(-d|-D|--decode|-di)$/.test(textOf(word)))
        ? decoded(inputOf(command, depth))
        : undefined;
    // What base64 hands on is unpacked already.
    case "gunzip":
    case "zcat":
      return inputOf(command, depth);
    case "gzip":
      return rest.some((word) => /^(-d|--decompress|-dc|-cd)$/.test(textOf(word)))
        ? inputOf(command, depth)
        : undefined;
    case "":
      return command.words.length === 0 ? "" : undefined;
    case ":":
    case "true":
      return "";
    default:
      return undefined;
  }
}

/** What a command reads, where that is known. */
function inputOf({ redirections, input }: ShellCommand, depth: number): string | undefined {
  const own = redirections.filter(({ operator }) => operator.startsWith("<")).at(-1);
  if (own) return own.body ?? (own.operator === "<<<" ? hereString(own) : undefined);
  return input && depth < maxPipe ? outputOf(input, depth + 1) : undefined;
}

function hereString({ target }: Redirection): string | undefined {
  return target?.kind === "text" ? `${target.text}\n` : undefined;
}

/** The text out of base64, unpacked where it is packed; `undefined` for bytes that are no text. */
function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const bytes = decodeBytes(Buffer.from(text, "base64"));
  return "text" in bytes ? bytes.text : undefined;
}

function echoed(words: readonly Word[]): string | undefined {
  let at = 0;
  let escapes = false;
  let newline = "\n";
  for (; /^-[neE]+$/.test(textOf(words[at])); at += 1) {
    if (textOf(words[at]).includes("e")) escapes = true;
    if (textOf(words[at]).includes("n")) newline = "";
  }
  const text = joined(words.slice(at));
  return text === undefined ? undefined : (escapes ? unescaped(text) : text) + newline;
}

function joined(words: readonly Word[]): string | undefined {
  const texts = words.map((word) =>
    word.kind === "text" ? word.text : `\${${word.missing.replace(/[^\w ]/g, "")}}`,
  );
  return texts.join(" ");
}

/** `printf FORMAT words` with `%s`; other directives are not followed. */
function printed(words: readonly Word[]): string | undefined {
  const [format, ...values] = words;
  if (format?.kind !== "text") return undefined;
  let at = 0;
  const text = unescaped(format.text).replace(/%(.)/g, (match, directive: string) => {
    if (directive === "%") return "%";
    const value = values[at];
    at += 1;
    if (directive !== "s" && directive !== "b") return match;
    return value?.kind === "text"
      ? value.text
      : value
        ? `\${${value.missing.replace(/[^\w ]/g, "")}}`
        : "";
  });
  return text;
}

function targets(command: ShellCommand): { path: string; append: boolean }[] {
  const { name, rest } = programAt(command.words);
  const redirected = command.redirections
    .filter(({ operator }) => /^>[>|]?$/.test(operator))
    .flatMap(({ operator, target }) =>
      target?.kind === "text" && target.text !== "/dev/null"
        ? [{ path: target.text, append: operator === ">>" }]
        : [],
    );
  const named = rest.filter((word) => !textOf(word).startsWith("-")).map(textOf);
  if (name === "tee") {
    const append = rest.some((word) => /^(-a|--append)$/.test(textOf(word)));
    return [...named.map((path) => ({ path, append })), ...redirected];
  }
  const copies = name === "install" || name === "cp";
  if (copies && named.includes("/dev/stdin")) {
    const path = named.at(-1);
    return path === undefined || path === "/dev/stdin" ? redirected : [{ path, append: false }];
  }
  return redirected;
}
