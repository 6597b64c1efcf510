/** Private keys of any kind, known by what they look like: they are never kept, and never shown. */

/** A kind of private key in text. Each is linear in the length of the text. */
const texts: readonly RegExp[] = [
  // RFC 7468 and OpenPGP's armor (RFC 9580, 6.2), also where a form has put `+` for spaces; SSH2 has four dashes (RFC 4716).
  /-----BEGIN[ +](?:[A-Z0-9]+[ +])*PRIVATE[ +]KEY(?:[ +]BLOCK)?-----/,
  /---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----/,
  // Source: PuTTY `doc/pubkeyfmt.but`.
  /PuTTY-User-Key-File-\d:/,
  // Source: age `internal/age/x25519.go`, `pq.go`.
  /AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{50}/,
];

/** JSON Web Keys are flat objects; those that are private have `d`. Sources: RFC 7517, 4; RFC 7518, 6.2.2 and 6.3.2. */
const flatObject = /[^{}]+/g;
const keyType = /(?:^|[\s,"'])kty["']?\s*:\s*["']?(?:RSA|EC|OKP)\b/;
const privateExponent = /(?:^|[\s,"'])d["']?\s*:\s*["']?[\w-]{20}/;

/** Whether a text holds a private key as it is, not encoded any further. */
export function isPrivateKeyText(text: string): boolean {
  return texts.some((kind) => kind.test(text)) || (keyType.test(text) && holdsJsonWebKey(text));
}

function holdsJsonWebKey(text: string): boolean {
  return (text.match(flatObject) ?? []).some(
    (object) => keyType.test(object) && privateExponent.test(object),
  );
}

const length = "(?:[0-7].|80|81..|82.{4}|83.{6})";
const sequence = `30${length}`;
const octets = (hex: string) => new RegExp(`^${hex}`);

/** How they begin in DER, in hexadecimal: a key that is cut off, or goes on elsewhere, is one. */
const beginnings: readonly RegExp[] = [
  // PKCS#1 (RFC 8017, A.1.2), and DSA's like it: a version and a long number. A public key has no version.
  octets(`${sequence}02010[01]02(?:[4-7].|81..|82.{4})`),
  // PKCS#8 (RFC 5958, 2): a version and an algorithm.
  octets(`${sequence}02010[01]${sequence}06`),
  // SEC 1 (RFC 5915, 3).
  octets(`${sequence}02010104[1-4].`),
  // PKCS#8, encrypted by PKCS#5 or PKCS#12 (RFC 5958, 3; RFC 8018, A.4; RFC 7292, appendix C).
  octets(`${sequence}${sequence}06..2a864886f70d01(?:05|0c01)`),
  // Source: OpenSSH `PROTOCOL.key`: "openssh-key-v1" and a zero byte.
  octets("6f70656e7373682d6b65792d763100"),
];

/** PKCS#12 (RFC 7292, 4); a store of certificates alone has no bag for a key (RFC 7292, 4.2.1 and 4.2.2). */
const pkcs12 = octets(`${sequence}020103${sequence}06092a864886f70d0107`);
const keyBags = ["2a864886f70d010c0a0101", "2a864886f70d010c0a0102"];

/** Whether bytes that are no text are a private key, or a store that holds one. Never throws. */
export function isPrivateKeyBytes(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const beginning = buffer.toString("hex", 0, 40);
  return (
    beginnings.some((kind) => kind.test(beginning)) ||
    (pkcs12.test(beginning) && keyBags.some((bag) => buffer.includes(bag, 0, "hex"))) ||
    holdsJavaKey(buffer)
  );
}

/** Source: OpenJDK `JavaKeyStore.java` (engineLoad), `JceKeyStore.java`: entries are keys (1, 3) or certificates (2). */
function holdsJavaKey(store: Buffer): boolean {
  if (!/^(?:feedfeed|cececece)/.test(store.toString("hex", 0, 4))) return false;
  try {
    let at = 12;
    const text = () => {
      at += 2 + store.readUInt16BE(at);
    };
    for (let left = store.readUInt32BE(8); left > 0; left -= 1) {
      if (store.readUInt32BE(at) !== 2) return true;
      at += 4;
      text();
      at += 8;
      text();
      at += 4 + store.readUInt32BE(at);
    }
    return false;
  } catch {
    return false;
  }
}
