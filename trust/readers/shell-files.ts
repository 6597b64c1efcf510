/** Files that shell commands write, and documents that they hand to other programs. */
import { decodeBytes } from "./encoding.ts";
import { copiesOf, mayBeRead } from "./shell-copies.ts";
import type { Redirection, ShellCommand } from "./shell-parts.ts";
import { unescaped } from "./shell-word.ts";
import { textOf, type Word } from "./word.ts";

/** A text that a script writes into a file, or hands to a program. */
export type ShellFile = {
  /** Absolute or relative, as it is written; absent where the text goes to a program. */
  readonly path?: string;
  readonly content: string;
  /** Line of the command that writes it. */
  readonly line: number;
};

/** A file that a command changes in a way that cannot be followed. */
export type ChangedFile = { readonly path: string; readonly by: string; readonly line: number };

export type ShellFiles = {
  readonly files: readonly ShellFile[];
  readonly changed: readonly ChangedFile[];
};

/** Follows `cat`, `tee`, `echo`, `printf`, `base64 -d`, `install`, `cp`, `mv`, `ln` and redirections. Never throws. */
export function shellFiles(commands: readonly ShellCommand[]): ShellFiles {
  const written = new Map<string, ShellFile>();
  const files: ShellFile[] = [];
  const changed: ChangedFile[] = [];
  const readers = new Set(commands.flatMap(({ input }) => (input ? [input] : [])));
  for (const command of commands) {
    const content = outputOf(command, 0);
    for (const { path, append } of targets(command)) {
      if (content === undefined) {
        if (!/^\/dev\//.test(path)) changed.push({ path, by: nameOf(command), line: command.line });
        continue;
      }
      if (command.condition !== undefined) {
        const by = `a command that may not run (it needs ${command.condition})`;
        changed.push({ path, by, line: command.line });
      }
      const before = append ? (written.get(path)?.content ?? "") : "";
      written.set(path, { path, content: before + content, line: command.line });
    }
    for (const path of edited(command)) {
      changed.push({ path, by: nameOf(command), line: command.line });
    }
    copy(command, written, changed);
    const sourced = sourcedBy(command);
    if (sourced !== undefined && !written.has(sourced)) {
      changed.push({ path: sourced, by: "reading it in", line: command.line });
    }
    const handed = inputOf(command, 0);
    if (handed !== undefined && !passesOn.has(nameOf(command)) && !readers.has(command)) {
      files.push({ content: handed, line: command.line });
    }
  }
  return { files: [...written.values(), ...files], changed };
}

/** The file that `.` or `source` runs as part of the script. */
function sourcedBy({ words }: ShellCommand): string | undefined {
  const { name, rest } = programAt(words);
  return name === "." || name === "source" ? textOf(rest[0]) || undefined : undefined;
}

/** A copy of what the script wrote has its content; that of any other file is unknown. */
function copy(
  command: ShellCommand,
  written: Map<string, ShellFile>,
  changed: ChangedFile[],
): void {
  const { name, rest } = programAt(command.words);
  const { line, condition } = command;
  for (const { from, to } of copiesOf(name, rest)) {
    const known = from === undefined ? undefined : written.get(from);
    if (known) written.set(to, { path: to, content: known.content, line });
    const isCertain =
      known && condition === undefined && !changed.some(({ path }) => path === from);
    if (!isCertain && mayBeRead(to)) changed.push({ path: to, by: name, line });
    if (isCertain && name === "mv" && from !== undefined && from !== to) written.delete(from);
  }
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

/** The command behind `sudo` and its like, with the words after it. */
function programAt(words: readonly Word[]): { name: string; rest: readonly Word[] } {
  let at = 0;
  while (/^(sudo|exec|command|env|then|do|else|\{|!)$/.test(textOf(words[at]))) {
    at += 1;
    while (/^(-|\w+=)/.test(textOf(words[at]))) at += 1;
  }
  const name = textOf(words[at]).split("/").at(-1) ?? "";
  return { name, rest: words.slice(at + 1) };
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

/** Files that `sed -i` and its like change in place. */
function edited({ words }: ShellCommand): string[] {
  const { name, rest } = programAt(words);
  const inPlace =
    (name === "sed" && rest.some((word) => /^(-\w*i|--in-place)/.test(textOf(word)))) ||
    (name === "perl" && rest.some((word) => /^-\w*i/.test(textOf(word)))) ||
    ((name === "yq" || name === "crudini") &&
      rest.some((word) => /^(-\w*i|--inplace|--set)/.test(textOf(word)))) ||
    name === "patch";
  return inPlace
    ? rest.map(textOf).filter((text) => /^[./~]|\.(ya?ml|json|conf|env)$/.test(text))
    : [];
}
