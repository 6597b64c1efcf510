/** PEM as Go's encoding/pem reads it: junk before, between and after the blocks is passed over. */

export type PemBlock = {
  /** E.g. `CERTIFICATE` or `RSA PRIVATE KEY`. */
  readonly type: string;
  /** It carries headers (an encrypted key does): Go takes no certificate from such a block. */
  readonly hasHeaders: boolean;
  readonly der: Uint8Array;
};

const beginMark = "-----BEGIN ";
const endMark = "-----END ";
const dashes = "-----";

/** Reads all blocks in order. Never throws. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  if (!text.includes(beginMark)) {
    return blocks;
  }
  const lines = text.split("\n");
  let end = 0;
  let inside = 0;
  for (let index = 0; index < lines.length; index += 1) {
    const type = typeOf(lines[index] ?? "", beginMark);
    if (type === undefined) {
      continue;
    }
    // Every line is looked at once for an end, and once for a beginning, however many stand before it.
    end = next(lines, endMark, Math.max(end, index + 1));
    inside = next(lines, beginMark, Math.max(inside, index + 1));
    if (end >= lines.length) {
      break;
    }
    // Go looks for the next beginning after a block that it cannot decode, not after its end.
    if (typeOf(lines[end] ?? "", endMark) !== type || isBroken(lines, index + 1, inside, end)) {
      continue;
    }
    const block = decode(type, lines.slice(index + 1, end));
    if (block) {
      blocks.push(block);
      index = end;
    }
  }
  return blocks;
}

function next(lines: readonly string[], mark: string, from: number): number {
  let at = from;
  while (at < lines.length && !lines[at]?.startsWith(mark)) {
    at += 1;
  }
  return at;
}

/** No block that is meant has more headers. */
const maxHeaders = 100;

/** A beginning inside of a block, unless it is one of its headers, is no base64: such a block cannot be decoded. */
function isBroken(lines: readonly string[], from: number, inside: number, end: number): boolean {
  let at = from;
  while (at < end && lines[at]?.includes(":")) {
    at += 1;
    if (at - from > maxHeaders) return true;
  }
  return inside < end && inside >= at;
}

function typeOf(line: string, mark: string): string | undefined {
  const trimmed = line.trimEnd();
  return line.startsWith(mark) && trimmed.endsWith(dashes) && trimmed.length >= mark.length + 5
    ? trimmed.slice(mark.length, -dashes.length)
    : undefined;
}

function decode(type: string, lines: readonly string[]): PemBlock | undefined {
  let first = 0;
  while (lines[first]?.includes(":")) {
    first += 1;
  }
  const base64 = lines
    .slice(first)
    .join("")
    .replace(/[ \t\r]/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) {
    return undefined;
  }
  return { type, hasHeaders: first > 0, der: Buffer.from(base64, "base64") };
}

/** Certificates as PEM, one after another. */
export function encodePem(certificates: readonly { readonly der: Uint8Array }[]): string {
  return certificates
    .map(({ der }) => {
      const lines =
        Buffer.from(der)
          .toString("base64")
          .match(/.{1,64}/g) ?? [];
      return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
    })
    .join("");
}
