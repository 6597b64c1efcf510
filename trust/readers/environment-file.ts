/**
 * Environment files (/etc/default/kubelet and the like), as systemd reads them.
 * Source: systemd `src/basic/env-file.c` (parse_env_file_internal).
 */

/** The variables of an environment file, in order; of equal names the last wins. Never throws. */
export function readEnvironmentFile(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  const joined = text.replace(/\r\n/g, "\n").replace(/\\\n/g, "");
  for (const { name, value } of assignments(joined)) {
    variables[name] = value;
  }
  return variables;
}

const start = /[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*/y;

function* assignments(text: string): Generator<{ name: string; value: string }> {
  let at = 0;
  while (at < text.length) {
    start.lastIndex = at;
    const match = start.exec(text);
    if (match) {
      const { value, end } = valueAt(text, at + match[0].length);
      yield { name: match[1] ?? "", value };
      at = end;
    }
    const next = text.indexOf("\n", at);
    at = next < 0 ? text.length : next + 1;
  }
}

/** A value, which may have quoted parts, and these line breaks. */
function valueAt(text: string, from: number): { value: string; end: number } {
  const parts: string[] = [];
  let at = from;
  let bare = from;
  const take = () => parts.push(text.slice(bare, at));
  while (at < text.length && text[at] !== "\n") {
    const character = text[at];
    if (character === '"' || character === "'") {
      take();
      const end = closing(text, at);
      const inside = text.slice(at + 1, end);
      parts.push(character === '"' ? inside.replace(/\\(["\\$`])/g, "$1") : inside);
      at = Math.min(end + 1, text.length);
      bare = at;
    } else if (character === "\\" && at + 1 < text.length) {
      take();
      parts.push(text[at + 1] ?? "");
      at += 2;
      bare = at;
    } else {
      at += 1;
    }
  }
  parts.push(text.slice(bare, at).trimEnd());
  return { value: parts.join(""), end: at };
}

function closing(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at += 1) {
    if (text[at] === "\\" && text[open] === '"') at += 1;
    else if (text[at] === text[open]) return at;
  }
  return text.length;
}

/** Whether a text is nothing but assignments and comments. */
export function isEnvironmentFile(text: string): boolean {
  const lines = text
    .replace(/\r/g, "")
    .replace(/\\\n/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s*[#;]/.test(line));
  return (
    lines.length > 0 &&
    lines.length < 10_000 &&
    lines.every((line) => /^\s*(export\s+)?[A-Za-z_]\w{0,80}=/.test(line) && isWholeValue(line))
  );
}

/** A shell's `A=b command` is a command; so is `A=b; command`. */
function isWholeValue(line: string): boolean {
  const value = line.slice(line.indexOf("=") + 1).trim();
  return /^("[^"]*"|'[^']*')*$/.test(value) || !/["';&|]/.test(value) || /^["']/.test(value);
}
