/** What is inside a text: what base64, hexadecimal digits, gzip, UTF-16 and escapes hide, at any nesting. */
import { decodeBase64, decodeBytes, decodeHex } from "./encoding.ts";

/** Base64 of more than a word, with the line breaks that programs put into it. */
const base64Runs = /[A-Za-z0-9+/_-]{24,}(?:\r?\n[ \t]*[A-Za-z0-9+/_-]{4,})*={0,2}/g;

/** Hexadecimal digits, in lines and with what programs put between bytes. */
const hexRuns = /(?:[0-9a-fA-F]{2}[:\s]{0,2}){24,}/g;

/** Nested deeper than anybody nests. */
const maxDepth = 8;

/** More characters than this are not unpacked, in all. */
const maxUnpacked = 32 * 1024 * 1024;

/** What a text holds, itself among it. */
export type Within = {
  readonly texts: readonly string[];
  /** What is no text. */
  readonly bytes: readonly Uint8Array[];
};

/** The text itself and every text inside it. Never throws. */
export function textsWithin(text: string): readonly string[] {
  return within(text).texts;
}

/** The text itself, and every text and all other bytes inside it. Never throws. */
export function within(text: string): Within {
  const texts: string[] = [];
  const bytes: Uint8Array[] = [];
  const seen = new Set<string>();
  let unpacked = 0;
  const open = (packed: Uint8Array | undefined, depth: number): void => {
    const inside = packed && decodeBytes(packed);
    if (inside && "text" in inside) visit(inside.text, depth);
    else if (inside?.bytes) bytes.push(inside.bytes);
  };
  const visit = (one: string, depth: number): void => {
    if (seen.has(one) || depth > maxDepth || unpacked > maxUnpacked) return;
    seen.add(one);
    texts.push(one);
    unpacked += one.length;
    for (const plain of [withoutEscapes(one), joined(one)]) visit(plain, depth + 1);
    for (const [run] of one.matchAll(base64Runs)) open(decodeBase64(run), depth + 1);
    for (const [run] of one.matchAll(hexRuns)) open(decodeHex(run.replaceAll(":", "")), depth + 1);
  };
  visit(text, 0);
  return { texts, bytes };
}

/** `\n`, `\u002d`, `\x2d`, `%2d`, `&#45;` and the like, as JSON, YAML, shells, URLs and XML write them. */
function withoutEscapes(text: string): string {
  return text.replace(
    /(?:\\u|&#x0*)([0-9a-fA-F]{4}|[0-9a-fA-F]{2}(?=;));?|(?:\\x|%)([0-9a-fA-F]{2})|&#0*(\d{2,3});|\\([nrt"\\/])/g,
    (_, wide?: string, narrow?: string, decimal?: string, plain?: string) =>
      plain === undefined
        ? String.fromCharCode(
            decimal === undefined ? Number.parseInt(wide ?? narrow ?? "", 16) : Number(decimal),
          )
        : (plainEscapes[plain] ?? plain),
  );
}

const plainEscapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** A text that is written in pieces: over lines that end in `\`, as strings beside each other, in a list, or added. */
function joined(text: string): string {
  return text.replace(/\\\r?\n[ \t]*|(["'])(?:\s*[,+]\s*|[ \t]*)\1/g, "");
}
