/**
 * YAML and JSON as Kubernetes reads them (sigs.k8s.io/yaml: YAML 1.1 words, the last of equal keys wins).
 */
import { type Document, isNode, LineCounter, parseAllDocuments, type YAMLError } from "yaml";
import type { Problem, Source } from "../words/fact.ts";
import { documentComplaint, goTags, mergeAsGo, textComplaint, withLineBreaks } from "./go-yaml.ts";
import { type LinesOfJson, linesOfJson } from "./json-lines.ts";
import { hideTemplates } from "./placeholders.ts";

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export type JsonObject = { readonly [key: string]: Json };

/** A field's place in a document, e.g. `["authentication", "anonymous", "enabled"]`. */
export type FieldPath = readonly (string | number)[];

export type YamlDocument = {
  readonly value: Json;
  /** Line of a field, counted from 1 in the whole text; of the nearest field above when it is not there. */
  readonly lineOf: (path: FieldPath) => number | undefined;
  readonly source: Source;
};

export type YamlDocuments = {
  /** Those that hold something. */
  readonly documents: readonly YamlDocument[];
  /** The first one, unless it is empty: who reads one document reads this. */
  readonly first?: YamlDocument;
  readonly problems: readonly Problem[];
};

/** Texts longer than this are refused: no Kubernetes object is larger (etcd's limit is 1.5 MiB). */
const maxLength = 4 * 1024 * 1024;
const maxAliases = 100;
/** Deeper than any real file; the parser would take seconds to refuse it. */
const endless = /[[{]{200}/;

/**
 * Reads all documents; empty ones are left out. Broken syntax and aliases nested to explode are problems,
 * never exceptions; the documents before a broken one are still read.
 */
export function readYaml(text: string, source: Source): YamlDocuments {
  if (text.length > maxLength) {
    return problem(`longer than ${maxLength / 1024 / 1024} MiB`, source);
  }
  if (text.includes("\0")) {
    return problem("holds NUL bytes: this is not text", source);
  }
  const json = readJson(text, source);
  if (json) {
    return json;
  }
  const refused = textComplaint(text);
  if (refused !== undefined) {
    return problem(`yaml: ${refused}`, source);
  }
  const templates = hideTemplates(withLineBreaks(text));
  if (isTooFine(templates.text)) {
    return problem("yaml: more entries than are read", source);
  }
  const lines = new LineCounter();
  const parsed = endless.test(templates.text) ? undefined : parse(templates.text, lines);
  if (!parsed) {
    return problem("yaml: nested too deeply to be read", source);
  }
  const documents: YamlDocument[] = [];
  const problems: Problem[] = [];
  let first: YamlDocument | undefined;
  const merges = templates.text.includes("<<");
  for (const [index, document] of parsed.entries()) {
    const [error] = document.errors;
    if (error) {
      const line = error.pos[0] === -1 ? undefined : lines.linePos(error.pos[0]).line;
      problems.push({
        message: complaint(error, line),
        source: line === undefined ? source : { ...source, line },
        fatal: true,
      });
      break;
    }
    const refused = documentComplaint(document, templates.text);
    if (refused !== undefined) {
      problems.push({ message: `yaml: ${refused}`, source, fatal: true });
      break;
    }
    try {
      if (merges) mergeAsGo(document);
      const value = restore(document.toJS({ maxAliasCount: maxAliases }), templates.restore, 0);
      if (value !== null) {
        const read = { value, lineOf: (path: FieldPath) => lineOf(document, lines, path), source };
        first = index === 0 ? read : first;
        documents.push(read);
      }
    } catch (error) {
      problems.push({
        message: `yaml: ${error instanceof Error ? error.message : "cannot be read"}`,
        source,
        fatal: true,
      });
    }
  }
  return { documents, ...(first && { first }), problems };
}

/** As many entries as a parsed document may have; the parser takes about 2 KB for each. */
const maxEntries = 150_000;

/** As many marks as a text may have that are tokens of their own to the parser, and take it 4 µs each. */
const maxMarks = 200_000;

const entrySigns = signs("\n,:[{");
const markSigns = signs("\"'!&]}");

function signs(text: string): ReadonlySet<number> {
  return new Set([...text].map((sign) => sign.charCodeAt(0)));
}

/** Counts what begins an entry or divides one, and what is a token without being an entry. */
function isTooFine(text: string): boolean {
  let [entries, marks] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (entrySigns.has(code)) entries += 1;
    else if (markSigns.has(code)) marks += 1;
    if (entries > maxEntries || marks > maxMarks) return true;
  }
  return false;
}

/** JSON is read without a parser of YAML: it is many times as fast, and large exports are JSON. */
function readJson(text: string, source: Source): YamlDocuments | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    const value = restore(JSON.parse(text), (item) => item, 0);
    let index: LinesOfJson | undefined;
    const document: YamlDocument = {
      value,
      source,
      lineOf: (path) => {
        index ??= linesOfJson(text);
        return lineInJson(index, path);
      },
    };
    return { documents: [document], first: document, problems: [] };
  } catch {
    // Templates, several documents, or no JSON at all: the parser of YAML says what is wrong.
    return undefined;
  }
}

function lineInJson(index: LinesOfJson, path: FieldPath): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const line = index.get(JSON.stringify(path.slice(0, length)));
    if (line !== undefined) return line;
  }
  return undefined;
}

/** go-yaml's words for what people get wrong most, and its habit of naming no first line. */
function complaint({ code, message }: YAMLError, line: number | undefined): string {
  const words: Readonly<Record<string, string>> = {
    BLOCK_AS_IMPLICIT_KEY: "mapping values are not allowed in this context",
    TAB_AS_INDENT: "found a tab character that violates indentation",
    MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
    BAD_INDENT: "did not find expected key",
  };
  const [own = "broken YAML"] = message.split("\n");
  const where = line === undefined || line === 1 ? "" : `line ${line}: `;
  return `yaml: ${where}${words[code] ?? own}`;
}

function problem(message: string, source: Source): YamlDocuments {
  return { documents: [], problems: [{ message, source, fatal: true }] };
}

/** The documents of a text; undefined when they are nested so deeply that the parser's stack ends. */
function parse(text: string, lineCounter: LineCounter): Document.Parsed[] | undefined {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      version: "1.1",
      merge: true,
      uniqueKeys: false,
      strict: false,
      customTags: goTags,
      // A warning would quote the text, which may hold a secret, and so would each of a broken text's many errors.
      logLevel: "error",
      prettyErrors: false,
    });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}

const maxDepth = 100;

/** Turns what the parser made into plain JSON values, with hidden templates put back. */
function restore(value: unknown, change: (text: string) => string, depth: number): Json {
  if (depth > maxDepth) {
    throw new RangeError(`nested deeper than ${maxDepth} levels`);
  }
  if (typeof value === "string") {
    return change(value);
  }
  if (typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  if (typeof value === "bigint") {
    return Number(value);
  }
  if (Array.isArray(value)) {
    return value.map((item) => restore(item, change, depth + 1));
  }
  if (value instanceof Uint8Array) {
    return Buffer.from(value).toString("latin1");
  }
  if (typeof value === "object" && value !== null) {
    const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, inner]) => [change(String(key)), restore(inner, change, depth + 1)]),
    );
  }
  return null;
}

function lineOf(document: Document, lines: LineCounter, path: FieldPath): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    const start = isNode(node) ? node.range?.[0] : undefined;
    if (start !== undefined) {
      return lines.linePos(start).line;
    }
  }
  return undefined;
}

/** The value as an object, if it is one. */
export function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** The value as a list; an empty one when it is none. */
export function asList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** The value as text; undefined when it is none. */
export function asText(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The value at a path; undefined when there is none. */
export function valueAt(value: Json | undefined, path: FieldPath): Json | undefined {
  let current: Json | undefined = value;
  for (const key of path) {
    current = typeof key === "number" ? asList(current)[key] : ownValue(asObject(current), key);
  }
  return current;
}

function ownValue(object: JsonObject | undefined, key: string): Json | undefined {
  return object && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The annotations of an object, those that are text. */
export function annotationsOf(object: JsonObject | undefined): Record<string, string> {
  return textMap(asObject(object?.metadata)?.annotations);
}

/** The entries of a map that are text. */
export function textMap(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
