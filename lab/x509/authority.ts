/** A CA that exists already, as one that can issue. */
import { createPrivateKey, createPublicKey, type KeyObject, webcrypto } from "node:crypto";
import type { Issued, KeyPair } from "./issue.ts";
import * as x509 from "./library.ts";

/**
 * A CA out of its files.
 *
 * @param certPem its certificate; the first of several
 * @param keyPem its RSA or ECDSA key
 * @throws when one of them cannot be read, or the key is of another kind.
 */
export async function authorityOf(certPem: string, keyPem: string): Promise<Issued> {
  return {
    certPem,
    keyPem,
    certificate: new x509.X509Certificate(certPem),
    keys: await keysOf(createPrivateKey(keyPem)),
  };
}

async function keysOf(privateKey: KeyObject): Promise<KeyPair> {
  const algorithm = algorithmOf(privateKey);
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" });
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const { subtle } = webcrypto;
  return {
    privateKey: await subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]),
    publicKey: await subtle.importKey("spki", spki, algorithm, true, ["verify"]),
  };
}

/** WebCrypto's names of curves by OpenSSL's. */
const curves: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (asymmetricKeyType === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const namedCurve = curves[asymmetricKeyDetails?.namedCurve ?? ""];
  if (namedCurve === undefined) {
    throw new Error(`a CA's key of kind ${asymmetricKeyType} cannot be used here`);
  }
  return { name: "ECDSA", namedCurve };
}
