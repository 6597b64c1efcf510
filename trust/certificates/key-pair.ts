/**
 * What Go's tls.X509KeyPair makes of a certificate file and a key file, with its complaints word for word.
 * Source: Go crypto/tls (X509KeyPair, parsePrivateKey).
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { type PemBlock, pemBlocks } from "./pem.ts";
import { type Certificate, parseCertificate } from "./x509.ts";

/** The public half of a private key. */
export type PrivateKeyFacts = {
  /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
  readonly fingerprint: string;
  readonly algorithm: "RSA" | "ECDSA" | "Ed25519" | "other";
};

/** The certificates of a file in order, or why Go finds none. */
export type CertificateFile =
  | { readonly ders: readonly Uint8Array[]; readonly leaf: Certificate }
  | { readonly error: string };

/** The first half of X509KeyPair: the certificate input. */
export function readCertificateInput(text: string): CertificateFile {
  const blocks = pemBlocks(text);
  const ders = blocks.filter((block) => block.type === "CERTIFICATE").map((block) => block.der);
  const [first] = ders;
  if (first === undefined) {
    return { error: noCertificate(blocks.map((block) => block.type)) };
  }
  const parsed = parseCertificate(first);
  return parsed.certificate ? { ders, leaf: parsed.certificate } : { error: parsed.error };
}

function noCertificate(skipped: readonly string[]): string {
  if (skipped.length === 0) {
    return "tls: failed to find any PEM data in certificate input";
  }
  if (skipped.length === 1 && skipped[0]?.endsWith("PRIVATE KEY")) {
    return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched";
  }
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${skipped.join(" ")}]`;
}

/** The second half of X509KeyPair: the key input. The key itself is not kept. */
export function readKeyInput(text: string): PrivateKeyFacts | { readonly error: string } {
  const cacheKey = createHash("sha256").update(text).digest("hex");
  const before = keys.get(cacheKey);
  if (before) {
    return before;
  }
  const result = parseKeyInput(text);
  if (keys.size >= keysLimit) {
    keys.clear();
  }
  keys.set(cacheKey, result);
  return result;
}

const keys = new Map<string, PrivateKeyFacts | { readonly error: string }>();
const keysLimit = 50_000;

function parseKeyInput(text: string): PrivateKeyFacts | { readonly error: string } {
  const blocks = pemBlocks(text);
  const index = blocks.findIndex(isPrivateKey);
  const block = blocks[index];
  if (!block) {
    const skipped = blocks.map(({ type }) => type);
    if (skipped.length === 0) {
      return { error: "tls: failed to find any PEM data in key input" };
    }
    if (skipped.length === 1 && skipped[0] === "CERTIFICATE") {
      return {
        error: "tls: found a certificate rather than a key in the PEM for the private key",
      };
    }
    return {
      error: `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${skipped.join(" ")}]`,
    };
  }
  return privateKeyFacts(block.der);
}

function isPrivateKey({ type }: PemBlock): boolean {
  return type === "PRIVATE KEY" || type.endsWith(" PRIVATE KEY");
}

/** The public half of a key in DER, tried as PKCS#1, PKCS#8 and SEC1, whatever its label says. */
export function privateKeyFacts(der: Uint8Array): PrivateKeyFacts | { readonly error: string } {
  for (const type of ["pkcs1", "pkcs8", "sec1"] as const) {
    try {
      const key = createPrivateKey({ key: Buffer.from(der), format: "der", type });
      return publicHalf(key);
    } catch {
      // Not of this type: the next one is tried, as Go does.
    }
  }
  return { error: "tls: failed to parse private key" };
}

function publicHalf(key: KeyObject): PrivateKeyFacts | { readonly error: string } {
  const algorithms: Readonly<Record<string, PrivateKeyFacts["algorithm"]>> = {
    rsa: "RSA",
    ec: "ECDSA",
    ed25519: "Ed25519",
  };
  const algorithm = algorithms[key.asymmetricKeyType ?? ""];
  if (!algorithm) {
    return { error: "tls: found unknown private key type in PKCS#8 wrapping" };
  }
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return { fingerprint: createHash("sha256").update(spki).digest("hex"), algorithm };
}

/** Why a leaf and a key do not belong together; undefined when they do. */
export function pairError(leaf: Certificate, key: PrivateKeyFacts): string | undefined {
  if (leaf.keyAlgorithm === "other") {
    return "tls: unknown public key algorithm";
  }
  if (leaf.keyAlgorithm !== key.algorithm) {
    return "tls: private key type does not match public key type";
  }
  return leaf.keyFingerprint === key.fingerprint
    ? undefined
    : "tls: private key does not match public key";
}
