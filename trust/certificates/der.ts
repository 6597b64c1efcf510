/**
 * The little of DER (ITU-T X.690) that certificates need. A library's ASN.1 schema took 2 ms a certificate,
 * which 10,000 nodes cannot afford; reading the tags takes some microseconds.
 */

/** One tag-length-value element. */
export type Element = {
  /** The identifier octet, e.g. 0x30 for SEQUENCE, 0xa0 for [0]. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content together. */
  readonly whole: Uint8Array;
};

/**
 * Reads the elements that a content is made of.
 *
 * @throws RangeError when lengths do not fit; callers turn it into a problem.
 */
export function elements(content: Uint8Array): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at < content.length) {
    const { start, end, tag } = header(content, at);
    found.push({ tag, content: content.subarray(start, end), whole: content.subarray(at, end) });
    at = end;
  }
  return found;
}

function header(bytes: Uint8Array, at: number): { tag: number; start: number; end: number } {
  const tag = byteAt(bytes, at);
  if ((tag & 0x1f) === 0x1f) {
    throw new RangeError("DER: tags of several octets are not used by certificates");
  }
  const first = byteAt(bytes, at + 1);
  let start = at + 2;
  let length = first;
  if (first & 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) {
      throw new RangeError("DER: length out of range");
    }
    length = 0;
    for (let index = 0; index < octets; index += 1) {
      length = length * 256 + byteAt(bytes, start + index);
    }
    start += octets;
  }
  const end = start + length;
  if (end > bytes.length) {
    throw new RangeError("DER: element is longer than what holds it");
  }
  return { tag, start, end };
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) {
    throw new RangeError("DER: ends too early");
  }
  return byte;
}

/** An OBJECT IDENTIFIER's content in dotted form. */
export function objectIdentifier(content: Uint8Array): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) === 0) {
      numbers.push(value);
      value = 0;
    }
  }
  const first = numbers.shift() ?? 0;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...numbers].join(".");
}

/** A small INTEGER's content. */
export function integer(content: Uint8Array): number {
  let value = (content[0] ?? 0) & 0x80 ? -1 : 0;
  for (const byte of content) {
    value = value * 256 + byte;
  }
  return value;
}

/** Bits of a BIT STRING's content as a number whose bit 0 is the first named bit. */
export function namedBits(content: Uint8Array): number {
  let bits = 0;
  for (let index = 0; index < Math.min(16, (content.length - 1) * 8); index += 1) {
    if ((content[1 + (index >> 3)] ?? 0) & (0x80 >> (index & 7))) {
      bits |= 1 << index;
    }
  }
  return bits;
}

/** UTCTime or GeneralizedTime. */
export function time(element: Element): Date {
  const text = Buffer.from(element.content).toString("latin1");
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?Z$/.exec(text);
  if (!match) {
    throw new RangeError("DER: unsupported time format");
  }
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "0"] = match;
  const full = year.length === 4 ? Number(year) : Number(year) + (Number(year) < 50 ? 2000 : 1900);
  return new Date(
    Date.UTC(full, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)),
  );
}

/** A character string of any of the kinds that names use. */
export function text(element: Element): string {
  const bytes = Buffer.from(element.content);
  if (element.tag === 0x1e) {
    return Buffer.from(bytes).swap16().toString("utf16le");
  }
  return bytes.toString(element.tag === 0x0c ? "utf8" : "latin1");
}
