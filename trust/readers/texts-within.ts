/** The texts inside a text: what base64, gzip, UTF-16 and the escapes of JSON hide, at any nesting. */
import { decodeBase64, decodeBytes } from "./encoding.ts";

/** Base64 of more than a word, with the line breaks that programs put into it. */
const base64Runs = /[A-Za-z0-9+/_-]{24,}(?:\r?\n[ \t]*[A-Za-z0-9+/_-]{4,})*={0,2}/g;

/** Nested deeper than anybody nests. */
const maxDepth = 8;

/** More characters than this are not unpacked, in all. */
const maxUnpacked = 32 * 1024 * 1024;

/** The text itself and every text inside it. Never throws. */
export function textsWithin(text: string): readonly string[] {
  const texts: string[] = [];
  const seen = new Set<string>();
  let unpacked = 0;
  const visit = (one: string, depth: number): void => {
    if (seen.has(one) || depth > maxDepth || unpacked > maxUnpacked) return;
    seen.add(one);
    texts.push(one);
    unpacked += one.length;
    const plain = withoutEscapes(one);
    if (plain !== one) visit(plain, depth + 1);
    for (const [run] of one.matchAll(base64Runs)) {
      const bytes = decodeBase64(run);
      const inside = bytes && decodeBytes(bytes);
      if (inside && "text" in inside) visit(inside.text, depth + 1);
    }
  };
  visit(text, 0);
  return texts;
}

/** `\n`, `\u002d`, `\x2d` and the like, as JSON, YAML and shells write them. */
function withoutEscapes(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrt"\\/]))/g,
    (_, wide: string, narrow: string, plain: string) =>
      plain === undefined
        ? String.fromCharCode(Number.parseInt(wide ?? narrow, 16))
        : (plainEscapes[plain] ?? plain),
  );
}

const plainEscapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
