/** Bytes and what they are as text: gzip, UTF-16 and byte order marks undone, base64 told from other text. */
import { gunzipSync } from "node:zlib";

/** More than this is not unpacked or read, in bytes: no file of a machine that decides is larger. */
export const maxBytes = 16 * 1024 * 1024;

export type Decoded =
  | { readonly text: string }
  /** No text: the bytes of a picture or of a program, or why it was not unpacked. */
  | { readonly binary: string; readonly bytes?: Uint8Array };

/** The text in bytes, or that there is none. Never throws. */
export function decodeBytes(bytes: Uint8Array): Decoded {
  if (bytes.length > maxBytes) return { binary: tooLong };
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return unpacked(bytes);
  if (isUtf32(bytes)) return { binary: "it is UTF-32, which neither Go nor systemd reads" };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decoded("utf-16le", bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decoded("utf-16be", bytes);
  const wide = wideness(bytes);
  return decoded(wide ?? "utf-8", bytes);
}

const tooLong = `it is longer than ${maxBytes / 1024 / 1024} MiB`;

function unpacked(bytes: Uint8Array): Decoded {
  try {
    return decodeBytes(gunzipSync(bytes, { maxOutputLength: maxBytes }));
  } catch (error) {
    const isTooLong =
      error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    return { binary: isTooLong ? tooLong : "it begins like gzip and is broken" };
  }
}

/** By its byte order mark, the first half of which is UTF-16's. */
function isUtf32([a, b, c, d]: Uint8Array): boolean {
  return (a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe);
}

/** UTF-16 without a mark: ASCII in it has a zero byte in every pair. */
function wideness(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const sample = bytes.subarray(0, 400);
  if (sample.length < 4 || sample.length % 2 !== 0) return undefined;
  let [even, odd] = [0, 0];
  for (let at = 0; at < sample.length; at += 2) {
    if (sample[at] === 0) even += 1;
    if (sample[at + 1] === 0) odd += 1;
  }
  const most = (sample.length / 2) * 0.8;
  if (odd >= most && even === 0) return "utf-16le";
  return even >= most && odd === 0 ? "utf-16be" : undefined;
}

function decoded(encoding: string, bytes: Uint8Array): Decoded {
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch {
    return { binary: "it is not text", bytes };
  }
}

/** A text without its byte order mark; one that was read byte by byte is put right. */
export function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** The shortest base64 that is taken for such where nothing says so: shorter ones are words. */
const shortest = 24;

/**
 * The bytes of a text that is nothing but base64, white space aside. A word of letters alone is a word.
 *
 * @param isSaid something says that it is base64: then the length does not matter
 */
export function decodeBase64(text: string, isSaid = false): Uint8Array | undefined {
  if (text.length > maxBytes * 2 || (!isSaid && text.length < shortest)) return undefined;
  if (!/^[\sA-Za-z0-9+/_-]+={0,2}\s*$/.test(text)) return undefined;
  const compact = text.replace(/\s+/g, "");
  if (compact.length % 4 === 1 || (!isSaid && !/[A-Z]/.test(compact) && !/\d/.test(compact))) {
    return undefined;
  }
  return Buffer.from(
    compact,
    compact.includes("-") || compact.includes("_") ? "base64url" : "base64",
  );
}

/** The bytes of a text that is nothing but hexadecimal digits, white space aside, and no short number or digest. */
export function decodeHex(text: string): Uint8Array | undefined {
  if (text.length > maxBytes * 2 || !/^[\s0-9a-f]{48,}$/i.test(text)) return undefined;
  const compact = text.replace(/\s+/g, "");
  return compact.length % 2 === 0 ? Buffer.from(compact, "hex") : undefined;
}
