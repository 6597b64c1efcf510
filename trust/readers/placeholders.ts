/**
 * Placeholders: text that some other program replaces before Kubernetes reads it. In a deciding place such a
 * text is an unknown value, not a string.
 */

import { placeholder, placeholders } from "../words/placeholder.ts";

/** The first placeholder in a text; undefined when there is none. */
export function placeholderIn(text: string): string | undefined {
  return placeholder.exec(text)?.[0];
}

/** Whether a text is a placeholder and nothing else: an unknown value. */
export function isUnknown(text: string): boolean {
  const trimmed = text.trim();
  return trimmed !== "" && trimmed.length < 500 && placeholderIn(trimmed) === trimmed;
}

/** Whether a text is a value, once the placeholders in it are replaced by whatever they stand for. */
export function couldBe(text: string, value: string): boolean {
  const parts = text.split(placeholders);
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return text === value;
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return value.length - at >= last.length && value.endsWith(last);
}

const mark = /\uE000(\d+)\uE001/g;

/** Takes `{{ ... }}` out of a text, because YAML would read it as a map; `restore` puts it back into strings. */
export function hideTemplates(text: string): {
  readonly text: string;
  readonly restore: (value: string) => string;
} {
  const found: string[] = [];
  const pieces: string[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf("{{", at);
    const close = open < 0 ? -1 : text.indexOf("}}", open);
    if (close < 0) {
      break;
    }
    const template = text.slice(open, close + 2);
    // Line breaks stay, so that line numbers do.
    const breaks = "\n".repeat(template.split("\n").length - 1);
    pieces.push(text.slice(at, open), `\uE000${found.length}\uE001${breaks}`);
    found.push(template);
    at = close + 2;
  }
  return {
    text: pieces.join("") + text.slice(at),
    restore: (value) =>
      found.length === 0 ? value : value.replace(mark, (_, index) => found[Number(index)] ?? ""),
  };
}

/** The first of the days that stand for hidden placeholders; no setting is like them. */
const firstDay = Date.UTC(5000, 0);
const day = 24 * 3_600_000;

/**
 * Puts a day in the place of every placeholder in TOML: it is a value, a name and a part of a text, and with anything
 * else beside it no value. `restore` puts the placeholders back into a text, or the names of a table, that was read.
 */
export function hidePlaceholders(text: string): {
  readonly text: string;
  readonly restore: (value: unknown) => unknown;
} {
  const found = new Map<string, string>();
  const hidden = text.replace(placeholders, (one) => {
    if (one.includes("\n")) return one;
    const [mark = ""] = new Date(firstDay + found.size * day).toISOString().split("T");
    found.set(mark, one);
    return mark;
  });
  const inText = (value: string) =>
    value.replace(/\d{4}-\d\d-\d\d/g, (mark) => found.get(mark) ?? mark);
  return {
    text: hidden,
    restore: (value) => {
      if (typeof value === "string") return inText(value);
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [inText(key), one]));
    },
  };
}
