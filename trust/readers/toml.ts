/** TOML, as settings of machines are written in it. */
import { parse } from "smol-toml";
import { hidePlaceholders } from "./placeholders.ts";
import type { JsonObject } from "./yaml.ts";

/** Deeper lists and tables than any settings have. */
const maxDepth = 20;

/**
 * The tables of a text, dates as texts; undefined where it is no TOML. A placeholder in the place of a value or of a
 * name is a text. Linear in its length; never throws.
 * Source: TOML 1.1.0.
 */
export function readToml(text: string): JsonObject | undefined {
  const { text: hidden, restore } = hidePlaceholders(text);
  try {
    const tables = JSON.stringify(parse(hidden, { maxDepth }));
    return JSON.parse(tables, (_, value) => restore(value));
  } catch {
    // No TOML, or tables in each other without end. What is wrong would quote the text, which may hold a secret.
    return undefined;
  }
}
