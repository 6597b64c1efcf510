/**
 * systemd units: the programs of `ExecStart=`, with what `Environment=` and environment files give them.
 * Source: systemd `src/basic/extract-word.c`, `src/basic/env-util.c` (replace_env_argv), systemd.service(5),
 * systemd.exec(5).
 */
import type { Source } from "../words/fact.ts";
import { type CommandLines, maxPrograms, readArguments, tooMany } from "./command-line.ts";
import { readEnvironmentFile } from "./environment-file.ts";
import { isAboveKubernetes, isOfKubernetes } from "./host-paths.ts";
import type { Word } from "./word.ts";

export type SystemdUnitOptions = {
  /** Texts of drop-ins (`kubelet.service.d/*.conf`) in lexical order, applied after the unit. */
  readonly dropIns?: readonly { readonly text: string; readonly source: Source }[];
  /**
   * Contents of EnvironmentFile paths that are known; variables that only others could set are unknown words. Of those
   * with a dash before their path, which may be absent, kubeadm's are taken to be.
   */
  readonly environmentFiles?: Readonly<Record<string, string>>;
  /** All files of the machine are known: what may be absent and is not known is absent. Default false. */
  readonly isWhole?: boolean;
};

/** The programs of a unit, and the environment files that it names and that are not known. */
export type SystemdUnit = CommandLines & {
  /** Not known: what only they could set is unknown. */
  readonly unknownFiles: readonly string[];
  /** Not known, and taken to be absent, as the unit allows. */
  readonly absentFiles: readonly string[];
  /** Settings by which its programs see other files than the machine has, as they are written. */
  readonly otherRoots: readonly string[];
};

/** Finds the programs in a unit's `ExecStart=`, with continuations, resets and Environment lines. Never throws. */
export function readSystemdUnit(
  text: string,
  source: Source,
  options: SystemdUnitOptions = {},
): SystemdUnit {
  const unit: Unit = { starts: [], own: new Map(), paths: [], roots: [] };
  for (const part of [{ text, source }, ...(options.dropIns ?? [])]) {
    for (const setting of settings(part.text, part.source)) {
      apply(setting, unit);
    }
  }
  const { environment, unknownFiles, absentFiles } = filled(unit, options);
  const known = Object.fromEntries(environment);
  const all: Known = { environment, growth: 0, unknownFile: unknownFiles[0] };
  const commands = unit.starts.flatMap((start) =>
    words(start, all).map((argv) => ({ argv, source: start.source })),
  );
  const beyond = commands[maxPrograms];
  const read = commands
    .slice(0, maxPrograms)
    .map((command) => readArguments(command.argv, command.source, known));
  return {
    commandLines: read.flatMap(({ commandLines }) => commandLines),
    problems: [
      ...read.flatMap(({ problems }) => problems),
      ...(beyond ? [tooMany(beyond.source)] : []),
    ],
    notes: read.flatMap(({ notes }) => notes),
    files: read.flatMap(({ files }) => files),
    changed: read.flatMap(({ changed }) => changed),
    commands: read.flatMap(({ commands }) => commands),
    unknownFiles,
    absentFiles,
    otherRoots: unit.roots.map(({ key }) => key),
  };
}

/** The names of the variables that a text's `ExecStart=` lines use. */
export function variablesOf(text: string): readonly string[] {
  const names = new Set<string>();
  for (const { key, value } of settings(text, { where: "" })) {
    if (!key.startsWith("Exec")) continue;
    for (const [, name = ""] of value.matchAll(/\$\{?([A-Za-z_]\w*)/g)) names.add(name);
  }
  return [...names];
}

type Setting = { readonly key: string; readonly value: string; readonly source: Source };
type Unit = {
  starts: Setting[];
  own: Map<string, string>;
  paths: { path: string; optional: boolean }[];
  roots: Setting[];
};

/**
 * Settings that put other files before those of the machine. Source: systemd.exec(5). The folders of the kernel and of
 * devices, and temporary ones, hold nothing that is read here.
 */
const otherRoot =
  /^(?:Root(?:Directory|Image)|Bind(?:ReadOnly)?Paths|MountImages|ExtensionImages|ExtensionDirectories|TemporaryFileSystem|InaccessiblePaths)$/;

function isOtherRoot({ key, value }: Setting): boolean {
  if (/^Root/.test(key)) return value !== "/";
  if (/^Extension/.test(key)) return true;
  return value.split(/\s+/).some((one) => {
    const [from = "", to = from] = one.replace(/^[-+]+/, "").split(":");
    const seen = /^(?:Bind|Mount)/.test(key) ? to : from;
    const isSame = /^Bind/.test(key) && from === to;
    return !isSame && (isOfKubernetes(seen) || isAboveKubernetes(seen));
  });
}

/** `[Service]` settings, continued lines joined; comment lines inside a continuation are left out. */
function* settings(text: string, source: Source): Generator<Setting> {
  let section = "";
  let pending: { parts: string[]; line: number } | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/\r$/, "");
    if (/^\s*[#;]/.test(line) || (line.trim() === "" && pending === undefined)) {
      continue;
    }
    const continued = line.endsWith("\\");
    pending ??= { parts: [], line: index + 1 };
    pending.parts.push(continued ? line.slice(0, -1) : line);
    if (continued) {
      continue;
    }
    const whole = pending.parts.join(" ");
    const header = /^\s*\[([^\]]+)\]\s*$/.exec(whole);
    const assignment = /^\s*([A-Za-z]+)\s*=(.*)$/s.exec(whole);
    if (header) {
      section = header[1] ?? "";
    } else if (assignment && section === "Service") {
      const [, key = "", value = ""] = assignment;
      yield { key, value: value.trim(), source: { ...source, key, line: pending.line } };
    }
    pending = undefined;
  }
}

function apply(setting: Setting, unit: Unit): void {
  const { key, value } = setting;
  if (otherRoot.test(key)) {
    if (value === "") unit.roots = unit.roots.filter((root) => root.key !== key);
    else if (isOtherRoot(setting)) unit.roots.push(setting);
  } else if (/^Exec(Start|StartPre|StartPost|Condition)$/.test(key)) {
    if (value === "") unit.starts = unit.starts.filter((start) => start.key !== key);
    else unit.starts.push(setting);
  } else if (key === "Environment") {
    if (value === "") unit.own.clear();
    for (const { text } of tokens(value)) setVariable(unit.own, text);
  } else if (key === "UnsetEnvironment") {
    for (const { text } of tokens(value)) unit.own.delete(text);
  } else if (key === "EnvironmentFile") {
    const [, dash = "", path = ""] = /^(-?)\s*["']?(.*?)["']?$/s.exec(value) ?? [];
    if (path === "") unit.paths = [];
    else unit.paths.push({ path, optional: dash !== "" });
  }
}

function setVariable(environment: Map<string, string>, assignment: string): void {
  const at = assignment.indexOf("=");
  if (at > 0) {
    environment.set(assignment.slice(0, at), assignment.slice(at + 1));
  }
}

/**
 * Environment files of kubeadm's drop-in, all optional. What kubeadm itself writes into the first decides nothing, and
 * the others are a person's: absent until they are given.
 * Source: kubernetes release `cmd/krel/templates/latest/kubeadm/10-kubeadm.conf`; kubernetes
 * `cmd/kubeadm/app/phases/kubelet/flags.go`.
 */
const ofKubeadm = new Set([
  "/var/lib/kubelet/kubeadm-flags.env",
  "/etc/default/kubelet",
  "/etc/sysconfig/kubelet",
]);

/** Files override `Environment=`, wherever their lines stand. */
function filled(unit: Unit, { environmentFiles: files = {}, isWhole = false }: SystemdUnitOptions) {
  const environment = new Map(unit.own);
  const unknownFiles: string[] = [];
  const absentFiles: string[] = [];
  for (const { path, optional } of unit.paths) {
    const content = Object.hasOwn(files, path) ? files[path] : undefined;
    if (content === undefined) {
      const isAbsent = optional && (isWhole || ofKubeadm.has(path));
      if (!isAbsent) unknownFiles.push(path);
      else if (!isWhole) absentFiles.push(path);
      continue;
    }
    for (const [name, value] of Object.entries(readEnvironmentFile(content))) {
      environment.set(name, value);
    }
  }
  return { environment, unknownFiles, absentFiles };
}

type Token = { readonly text: string; readonly escaped: boolean };

/** Words with quotes taken off and escapes undone. */
function* tokens(text: string): Generator<Token> {
  let parts: string[] | undefined;
  let escaped = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (/\s/.test(character)) {
      if (parts) yield { text: parts.join(""), escaped };
      parts = undefined;
      escaped = false;
    } else if (character === '"' || character === "'") {
      const end = closing(text, at);
      parts = [...(parts ?? []), unescaped(text.slice(at + 1, end))];
      at = end;
    } else if (character === "\\" && at + 1 < text.length) {
      const { value, length } = escapeAt(text, at);
      parts ??= [];
      parts.push(value);
      escaped ||= value === ";";
      at += length - 1;
    } else {
      parts ??= [];
      parts.push(character);
    }
  }
  if (parts) yield { text: parts.join(""), escaped };
}

function closing(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at += 1) {
    if (text[at] === "\\") {
      at += 1;
    } else if (text[at] === text[open]) {
      return at;
    }
  }
  return text.length;
}

function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    if (text[at] === "\\" && at + 1 < text.length) {
      const { value, length } = escapeAt(text, at);
      parts.push(value);
      at += length;
    } else {
      parts.push(text[at] ?? "");
      at += 1;
    }
  }
  return parts.join("");
}

const simple: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  s: " ",
  "\\": "\\",
  '"': '"',
  "'": "'",
  ";": ";",
};

/** One escape; an unknown one stays as it is written, its backslash included. */
function escapeAt(text: string, at: number): { value: string; length: number } {
  const next = text[at + 1] ?? "";
  const code = /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3}))/.exec(
    text.slice(at + 1, at + 10),
  );
  if (code) {
    const [whole, x, u, long, octal] = code;
    const point = Number.parseInt(x ?? u ?? long ?? octal ?? "0", octal === undefined ? 16 : 8);
    return {
      value: point > 0x10ffff ? whole : String.fromCodePoint(point),
      length: whole.length + 1,
    };
  }
  return { value: simple[next] ?? `\\${next}`, length: 2 };
}

/** Characters that the variables of a unit are replaced by; what is beyond is unknown. */
const maxGrowth = 1024 * 1024;

type Known = {
  readonly environment: ReadonlyMap<string, string>;
  /** Characters that variables were replaced by so far. */
  growth: number;
  /** The first environment file that could set what nothing else sets. */
  readonly unknownFile: string | undefined;
};

/**
 * The commands of an ExecStart, each with its words: `$VAR` as a word of its own, quoted or not, is as many words as its
 * value has; `${VAR}` is part of one; `%H` and its like are placeholders. A variable that nothing sets is empty,
 * unless an unknown file may set it.
 */
function words({ value, source }: Setting, known: Known): Word[][] {
  const [prefix = ""] = /^[@\-:+!|]*/.exec(value) ?? [];
  const literal = prefix.includes(":");
  const commands: Word[][] = [[]];
  for (const { text, escaped } of tokens(value.slice(prefix.length))) {
    if (text === ";" && !escaped) {
      commands.push([]);
      continue;
    }
    const alone = literal ? null : /^\$([A-Za-z_]\w*)$/.exec(text);
    const made = alone
      ? split(alone[1] ?? "", known, source)
      : [substitute(text, known, source, literal)];
    for (const word of made) commands.at(-1)?.push(word);
  }
  // After `@` the second word is only what the program is called.
  if (prefix.includes("@")) commands[0]?.splice(1, 1);
  return commands.filter((command) => command.length > 0);
}

function split(name: string, known: Known, source: Source): Word[] {
  const { environment, unknownFile } = known;
  const value = environment.get(name);
  if (value !== undefined && grows(known, value)) {
    return [...tokens(value)].map(({ text }) => withSpecifiers(text, source));
  }
  if (value === undefined && unknownFile === undefined) return [];
  const why =
    value === undefined
      ? `which the EnvironmentFile ${unknownFile} may set`
      : `because what variables are replaced by is more than ${maxGrowth / 1024 / 1024} MiB`;
  const missing = `the value of $${name}, ${why}`;
  return [{ kind: "unknownWords", missing, source }];
}

/** Counts a value in; false where it is too much. */
function grows(known: Known, value: string): boolean {
  known.growth += value.length;
  return known.growth <= maxGrowth;
}

function withSpecifiers(text: string, source: Source): Word {
  const [placeholder] = /\{\{[^{}]*\}\}|%[A-Za-z]\b/.exec(text) ?? [];
  return placeholder === undefined
    ? { kind: "text", text, source }
    : { kind: "text", text, placeholder, source };
}

function substitute(text: string, known: Known, source: Source, literal: boolean): Word {
  let placeholder: string | undefined;
  const replaced = text.replace(
    /\$\$|\$\{([A-Za-z_]\w*)\}|\{\{[^{}]*\}\}|%%|%[A-Za-z]/g,
    (match, name: string | undefined) => {
      if (match === "%%" || (match === "$$" && !literal)) {
        return match.slice(1);
      }
      if (literal && match.startsWith("$")) {
        return match;
      }
      const value = name === undefined ? undefined : known.environment.get(name);
      if (value !== undefined && grows(known, value)) {
        return value;
      }
      if (name !== undefined && value === undefined && known.unknownFile === undefined) {
        return "";
      }
      placeholder = match;
      return match;
    },
  );
  return placeholder === undefined
    ? { kind: "text", text: replaced, source }
    : { kind: "text", text: replaced, placeholder, source };
}
