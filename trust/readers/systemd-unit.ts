/** systemd units: the programs of `ExecStart=`, with what `Environment=` and environment files give them. */
import type { Source } from "../words/fact.ts";
import { type CommandLines, readArguments, type Word } from "./command-line.ts";

export type SystemdUnitOptions = {
  /** Texts of drop-ins (`kubelet.service.d/*.conf`) in lexical order, applied after the unit. */
  readonly dropIns?: readonly { readonly text: string; readonly source: Source }[];
  /** Contents of EnvironmentFile paths that are known; the variables of others are unknown words. */
  readonly environmentFiles?: Readonly<Record<string, string>>;
};

/** Finds the programs in a unit's `ExecStart=`, with continuations, resets and Environment lines. Never throws. */
export function readSystemdUnit(
  text: string,
  source: Source,
  options: SystemdUnitOptions = {},
): CommandLines {
  const unit: Unit = { starts: [], environment: new Map(), hasUnknownFile: false };
  for (const part of [{ text, source }, ...(options.dropIns ?? [])]) {
    for (const setting of settings(part.text, part.source)) {
      apply(setting, unit, options.environmentFiles ?? {});
    }
  }
  const commandLines = unit.starts.flatMap(
    (start) => readArguments(words(start, unit), start.source).commandLines,
  );
  return { commandLines, problems: [] };
}

type Setting = { readonly key: string; readonly value: string; readonly source: Source };
type Unit = {
  starts: Setting[];
  environment: Map<string, string>;
  hasUnknownFile: boolean;
};

/** `[Service]` settings, continued lines joined; comment lines inside a continuation are left out. */
function* settings(text: string, source: Source): Generator<Setting> {
  let section = "";
  let pending: { text: string; line: number } | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/\r$/, "");
    if (/^\s*[#;]/.test(line) || (line.trim() === "" && pending === undefined)) {
      continue;
    }
    const continued = line.endsWith("\\");
    const piece = continued ? `${line.slice(0, -1)} ` : line;
    pending = { text: (pending?.text ?? "") + piece, line: pending?.line ?? index + 1 };
    if (continued) {
      continue;
    }
    const header = /^\s*\[(.+)\]\s*$/.exec(pending.text);
    const assignment = /^\s*([A-Za-z]+)\s*=\s*(.*)$/s.exec(pending.text);
    if (header) {
      section = header[1] ?? "";
    } else if (assignment && section === "Service") {
      const [, key = "", value = ""] = assignment;
      yield { key, value: value.trim(), source: { ...source, key, line: pending.line } };
    }
    pending = undefined;
  }
}

function apply(
  setting: Setting,
  unit: Unit,
  environmentFiles: Readonly<Record<string, string>>,
): void {
  switch (setting.key) {
    case "ExecStart":
      unit.starts = setting.value === "" ? [] : [...unit.starts, setting];
      break;
    case "Environment":
      if (setting.value === "") {
        unit.environment.clear();
      }
      for (const word of cut(setting.value)) {
        setVariable(unit, word);
      }
      break;
    case "EnvironmentFile":
      readEnvironmentFile(setting.value.replace(/^-/, ""), unit, environmentFiles);
      break;
    default:
  }
}

function setVariable(unit: Unit, assignment: string): void {
  const at = assignment.indexOf("=");
  if (at > 0) {
    unit.environment.set(assignment.slice(0, at), assignment.slice(at + 1));
  }
}

function readEnvironmentFile(
  path: string,
  unit: Unit,
  environmentFiles: Readonly<Record<string, string>>,
): void {
  const content = Object.hasOwn(environmentFiles, path) ? environmentFiles[path] : undefined;
  if (path === "") {
    return;
  }
  if (content === undefined) {
    unit.hasUnknownFile = true;
    return;
  }
  for (const line of content.replace(/\\\n/g, "").split("\n")) {
    if (!/^\s*[#;]/.test(line)) {
      const [assignment = ""] = cutAssignment(line);
      setVariable(unit, assignment);
    }
  }
}

function cutAssignment(line: string): string[] {
  const match = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line);
  if (!match) {
    return [];
  }
  const value = (match[2] ?? "").trim();
  const quoted = /^(["'])(.*)\1$/.exec(value);
  return [`${match[1]}=${quoted ? quoted[2] : value}`];
}

/** Words with quotes taken off and C-style escapes undone. */
function cut(text: string): string[] {
  return [...tokens(text)].map((token) => token.text);
}

type Token = { readonly text: string; readonly bare: boolean };

function* tokens(text: string): Generator<Token> {
  let current: { text: string; bare: boolean } | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (/\s/.test(character)) {
      if (current) {
        yield current;
      }
      current = undefined;
    } else if ((character === '"' || character === "'") && !current?.text.endsWith("\\")) {
      const end = closing(text, at);
      current = {
        text: (current?.text ?? "") + unescaped(text.slice(at + 1, end)),
        bare: false,
      };
      at = end;
    } else if (character === "\\" && at + 1 < text.length) {
      current = { text: (current?.text ?? "") + (text[at + 1] ?? ""), bare: false };
      at += 1;
    } else {
      current = { text: (current?.text ?? "") + character, bare: current?.bare ?? true };
    }
  }
  if (current) {
    yield current;
  }
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
  return text.replace(/\\(.)/g, "$1");
}

/**
 * The words of an ExecStart: `$VAR` alone is as many words as its value has, `${VAR}` is part of one,
 * `%H` and its like are placeholders. A variable that nobody set is empty, unless a file may have set it.
 */
function words(start: Setting, unit: Unit): Word[] {
  const { source } = start;
  const command = start.value.replace(/^[@\-:+!|]+/, "");
  return [...tokens(command)].flatMap(({ text, bare }): Word[] => {
    const alone = /^\$([A-Za-z_]\w*)$/.exec(text);
    if (bare && alone) {
      const value = unit.environment.get(alone[1] ?? "");
      if (value !== undefined) {
        return cut(value).map((word) => ({ kind: "text", text: word, source }));
      }
      return unit.hasUnknownFile
        ? [
            {
              kind: "unknownWords",
              missing: `the value of ${text}, set by an EnvironmentFile`,
              source,
            },
          ]
        : [];
    }
    return [substitute(text, unit, source)];
  });
}

function substitute(text: string, unit: Unit, source: Source): Word {
  let placeholder: string | undefined;
  const replaced = text.replace(
    /\$\$|\$\{([A-Za-z_]\w*)\}|\{\{[^{}]*\}\}|%%|%[A-Za-z]/g,
    (match, name: string | undefined) => {
      if (match === "$$" || match === "%%") {
        return match.slice(1);
      }
      const value = name === undefined ? undefined : unit.environment.get(name);
      if (value !== undefined) {
        return value;
      }
      if (name !== undefined && !unit.hasUnknownFile) {
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
