/** TOML, as settings of machines are written in it. */
import type { Json, JsonObject } from "./yaml.ts";

/**
 * The tables of a text; undefined where it is no TOML, or has what is not read here: dates, arrays of tables, numbers in
 * other forms than decimal. A bare placeholder in the place of a value is a text. Linear in its length; never throws.
 * Source: TOML 1.0.0.
 */
export function readToml(text: string): JsonObject | undefined {
  const root: Table = new Map();
  let table: Table | undefined = root;
  const cursor = { text, at: 0 };
  for (skip(cursor, blank); cursor.at < text.length; skip(cursor, blank)) {
    const isHead = take(cursor, /\[[ \t]*(?!\[)/y) !== undefined;
    const path = keyAt(cursor);
    if (path === undefined) return undefined;
    if (isHead) {
      table = take(cursor, /[ \t]*\]/y) === undefined ? undefined : tableAt(root, path);
    } else {
      const value = take(cursor, /[ \t]*=[ \t]*/y) === undefined ? undefined : entryAt(cursor, 0);
      if (table === undefined || value === undefined || !put(table, path, value)) return undefined;
    }
    if (table === undefined || take(cursor, /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y) === undefined)
      return undefined;
  }
  return plain(root);
}

type Entry = Json | Table | readonly Entry[];
type Table = Map<string, Entry>;
type Cursor = { readonly text: string; at: number };

/** Blanks, line breaks and comments. */
const blank = /(?:\s|#[^\n]*)*/y;

/** Deeper lists and tables than any settings have. */
const maxDepth = 20;

function take(cursor: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text) ?? undefined;
  if (found) cursor.at += found[0].length;
  return found;
}

function skip(cursor: Cursor, pattern: RegExp): void {
  take(cursor, pattern);
}

/** `a.b."c.d"` */
function keyAt(cursor: Cursor): string[] | undefined {
  const path: string[] = [];
  do {
    const quoted = quotedAt(cursor);
    const part = quoted ?? take(cursor, /[\w-]+/y)?.[0];
    if (part === undefined || path.length === maxDepth) return undefined;
    path.push(part);
  } while (take(cursor, /[ \t]*\.[ \t]*/y));
  return path;
}

function quotedAt(cursor: Cursor): string | undefined {
  const literal = take(cursor, /'''\r?\n?([\s\S]*?)'''|'(?!'')([^'\n]*)'/y);
  if (literal) return literal[1] ?? literal[2];
  const found = take(
    cursor,
    /"""\r?\n?([^"\\]*(?:(?:\\[\s\S]|"(?!""))[^"\\]*)*)"""|"(?!"")([^"\\\n]*(?:\\[^\n][^"\\\n]*)*)"/y,
  );
  return found && unescaped(found[1] ?? found[2] ?? "");
}

const escapes: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
};

function unescaped(text: string): string {
  return text.replace(
    /\\(?:u([\da-f]{4})|U([\da-f]{8})|([ \t]*\r?\n\s*)|(.))/gis,
    (_, short, long, broken, one) => {
      if (broken !== undefined) return "";
      if (one !== undefined) return escapes[one] ?? one;
      const code = Number.parseInt(short ?? long, 16);
      return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
    },
  );
}

function entryAt(cursor: Cursor, depth: number): Entry | undefined {
  if (depth > maxDepth) return undefined;
  const text = quotedAt(cursor);
  if (text !== undefined) return text;
  if (take(cursor, /\[/y)) return listOf(cursor, depth);
  const placeholder = take(cursor, /\$\{[^{}\n]*\}|\{\{[^{}\n]*\}\}/y)?.[0];
  if (placeholder !== undefined) return placeholder;
  if (take(cursor, /\{[ \t]*/y)) return inlineOf(cursor, depth);
  const bare = take(cursor, /[\w+.-]+/y)?.[0] ?? "";
  if (bare === "true" || bare === "false") return bare === "true";
  return /^[+-]?(?:0|[1-9][\d_]*)(?:\.\d+)?$/.test(bare)
    ? Number(bare.replaceAll("_", ""))
    : undefined;
}

function listOf(cursor: Cursor, depth: number): readonly Entry[] | undefined {
  const list: Entry[] = [];
  for (;;) {
    skip(cursor, blank);
    if (take(cursor, /\]/y)) return list;
    const value = entryAt(cursor, depth + 1);
    if (value === undefined) return undefined;
    list.push(value);
    skip(cursor, blank);
    if (!take(cursor, /,|(?=\])/y)) return undefined;
  }
}

function inlineOf(cursor: Cursor, depth: number): Table | undefined {
  const table: Table = new Map();
  if (take(cursor, /\}/y)) return table;
  do {
    const path = keyAt(cursor);
    const value = path && take(cursor, /[ \t]*=[ \t]*/y) ? entryAt(cursor, depth + 1) : undefined;
    if (path === undefined || value === undefined || !put(table, path, value)) return undefined;
  } while (take(cursor, /[ \t]*,[ \t]*/y));
  return take(cursor, /[ \t]*\}/y) ? table : undefined;
}

/** The table at a path, made where it is not there yet. */
function tableAt(root: Table, path: readonly string[]): Table | undefined {
  let table = root;
  for (const part of path) {
    const next: Table["get"] extends (key: string) => infer V ? V : never =
      table.get(part) ?? new Map();
    if (!(next instanceof Map)) return undefined;
    table.set(part, next);
    table = next;
  }
  return table;
}

/** Whether a value could be put there: each is set once. */
function put(table: Table, path: readonly string[], value: Entry): boolean {
  const inner = tableAt(table, path.slice(0, -1));
  const name = path.at(-1) ?? "";
  if (inner === undefined || inner.has(name)) return false;
  inner.set(name, value);
  return true;
}

function plain(table: Table): JsonObject {
  return Object.fromEntries([...table].map(([key, value]) => [key, json(value)]));
}

function json(value: Entry): Json {
  if (value instanceof Map) return plain(value);
  return Array.isArray(value) ? value.map(json) : (value as Json);
}
