/**
 * Certificates of every kind that a matrix needs, the wrong ones included.
 */
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "../x509.ts";

export type KeyKind = "RSA-2048" | "RSA-4096" | "ECDSA-P256" | "ECDSA-P384" | "Ed25519";

/** A certificate with its key. */
export type Issued = {
  readonly certPem: string;
  /** PKCS #8. */
  readonly keyPem: string;
  /** For {@link issue}: signs with this. */
  readonly keys: webcrypto.CryptoKeyPair;
  readonly subject: string;
};

export type IssueRequest = {
  /** E.g. `CN=system:node:a,O=system:nodes`. */
  readonly subject: string;
  /** Default: it signs itself. */
  readonly issuer?: Issued;
  /** Default ECDSA-P256. */
  readonly key?: KeyKind;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Default: no such extension, every use passes. */
  readonly uses?: readonly ("serverAuth" | "clientAuth")[];
  /** Default false. */
  readonly isCA?: boolean;
  /** Days from now; default 0 (an hour ago). */
  readonly fromDay?: number;
  /** Days from now; default 1. */
  readonly toDay?: number;
};

const day = 24 * 3600 * 1000;

/** Makes a key and a certificate for it. */
export async function issue(request: IssueRequest): Promise<Issued> {
  const keys = await generateKey(request.key ?? "ECDSA-P256");
  const signer = request.issuer?.keys ?? keys;
  const now = Date.now() - 3600 * 1000;
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: "dns", value }) as const),
    ...(request.ipAddresses ?? []).map((value) => ({ type: "ip", value: plainIp(value) }) as const),
  ];
  const certificate = await X509CertificateGenerator.create({
    subject: request.subject,
    issuer: request.issuer?.subject ?? request.subject,
    notBefore: new Date(now + (request.fromDay ?? 0) * day),
    notAfter: new Date(now + (request.toDay ?? 1) * day),
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: signatureOf(signer.privateKey),
    extensions: [
      new BasicConstraintsExtension(request.isCA ?? false, undefined, true),
      new KeyUsagesExtension(
        request.isCA
          ? KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature | KeyUsageFlags.cRLSign
          : KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
        true,
      ),
      ...(request.uses === undefined
        ? []
        : [new ExtendedKeyUsageExtension(request.uses.map((use) => ExtendedKeyUsage[use]))]),
      ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(signer.publicKey),
    ],
  });
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certPem: `${certificate.toString("pem")}\n`,
    keyPem: `${PemConverter.encode(der, "PRIVATE KEY")}\n`,
    keys,
    subject: request.subject,
  };
}

/** A CA that lasts ten years. */
export function issueAuthority(
  commonName: string,
  issuer?: Issued,
  key?: KeyKind,
): Promise<Issued> {
  return issue({
    subject: `CN=${commonName}`,
    isCA: true,
    toDay: 3650,
    ...(issuer && { issuer }),
    ...(key && { key }),
  });
}

/** The public half of a key pair as PEM, for `--service-account-key-file`. */
export async function publicKeyPem({ keys }: Issued): Promise<string> {
  const der = await webcrypto.subtle.exportKey("spki", keys.publicKey);
  return `${PemConverter.encode(der, "PUBLIC KEY")}\n`;
}

async function generateKey(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  const generated = await webcrypto.subtle.generateKey(algorithmOf(kind), true, ["sign", "verify"]);
  return generated as webcrypto.CryptoKeyPair;
}

function algorithmOf(kind: KeyKind) {
  if (kind === "Ed25519") return { name: "Ed25519" };
  if (kind.startsWith("ECDSA")) return { name: "ECDSA", namedCurve: `P-${kind.slice(-3)}` };
  return {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: Number(kind.slice(4)),
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  };
}

function signatureOf(key: webcrypto.CryptoKey) {
  const { name } = key.algorithm;
  return name === "ECDSA" ? { name, hash: "SHA-256" } : { name };
}

function plainIp(address: string): string {
  if (isIP(address) === 0) throw new Error(`${address} is no IP address`);
  return address;
}
