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
  for (let index = 0; index < lines.length; index += 1) {
    const type = typeOf(lines[index] ?? "", beginMark);
    if (type === undefined) {
      continue;
    }
    let end = index + 1;
    while (end < lines.length && !lines[end]?.startsWith(endMark)) {
      end += 1;
    }
    if (end >= lines.length) {
      break;
    }
    // Go looks for the next beginning after a block that it cannot decode, not after its end.
    if (typeOf(lines[end] ?? "", endMark) !== type) {
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
