/** Real certificates of every kind, the wrong ones included, made in memory. */
import { webcrypto } from "node:crypto";
import * as x509 from "./library.ts";

export type KeyPair = webcrypto.CryptoKeyPair;

export type KeyKind =
  | "RSA-1024"
  | "RSA-2048"
  | "RSA-4096"
  | "ECDSA-P256"
  | "ECDSA-P384"
  | "Ed25519";

/** A certificate with its key, both as PEM. */
export type Issued = {
  readonly certPem: string;
  readonly keyPem: string;
  readonly certificate: x509.X509Certificate;
  readonly keys: KeyPair;
};

export type Request = {
  /** E.g. `CN=kubernetes, O=system:nodes`. */
  readonly subject: string;
  readonly key?: KeyKind;
  readonly keys?: KeyPair;
  /** Absent for a certificate that signs itself. */
  readonly issuer?: Issued;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages?: readonly ("serverAuth" | "clientAuth")[];
  readonly isCA?: boolean;
  readonly pathLength?: number;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly hash?: "SHA-1" | "SHA-256";
  readonly extensions?: readonly x509.Extension[];
};

const usageIds = {
  serverAuth: x509.ExtendedKeyUsage.serverAuth,
  clientAuth: x509.ExtendedKeyUsage.clientAuth,
};

const algorithms = {
  "RSA-1024": rsa(1024),
  "RSA-2048": rsa(2048),
  "RSA-4096": rsa(4096),
  "ECDSA-P256": { name: "ECDSA", namedCurve: "P-256" },
  "ECDSA-P384": { name: "ECDSA", namedCurve: "P-384" },
  Ed25519: { name: "Ed25519" },
};

function rsa(modulusLength: number) {
  return {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
}

/** Makes a key pair that can be exported. */
export async function makeKeys(kind: KeyKind = "ECDSA-P256"): Promise<KeyPair> {
  return (await webcrypto.subtle.generateKey(algorithms[kind], true, [
    "sign",
    "verify",
  ])) as KeyPair;
}

/** A critical extension by its object identifier and its DER. */
export function criticalExtension(id: string, der: Uint8Array): x509.Extension {
  return new x509.Extension(id, true, der);
}

let serial = 1000;

/** Issues a certificate: by `issuer`, or by itself. */
export async function issue(request: Request): Promise<Issued> {
  const keys = request.keys ?? (await makeKeys(request.key));
  const signer = request.issuer?.keys ?? keys;
  serial += 1;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial.toString(16).padStart(4, "0"),
    subject: request.subject,
    issuer: request.issuer?.certificate.subject ?? request.subject,
    notBefore: request.notBefore ?? new Date("2026-11-23T00:00:00Z"),
    notAfter: request.notAfter ?? new Date("2027-11-23T00:00:00Z"),
    signingAlgorithm: await signingAlgorithm(signer, request.hash ?? "SHA-256"),
    publicKey: keys.publicKey,
    signingKey: await signingKey(signer, request.hash ?? "SHA-256"),
    extensions: extensions(request),
  });
  return {
    certPem: `${certificate.toString("pem")}\n`,
    keyPem: await exportKey(keys.privateKey),
    certificate,
    keys,
  };
}

function extensions(request: Request): x509.Extension[] {
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const usages = request.usages ?? [];
  return [
    ...(request.isCA
      ? [
          new x509.BasicConstraintsExtension(true, request.pathLength, true),
          new x509.KeyUsagesExtension(
            x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature,
            true,
          ),
        ]
      : []),
    ...(usages.length > 0
      ? [new x509.ExtendedKeyUsageExtension(usages.map((usage) => usageIds[usage]))]
      : []),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ...(request.extensions ?? []),
  ];
}

async function signingAlgorithm(signer: KeyPair, hash: string) {
  const { name } = signer.privateKey.algorithm;
  return name === "Ed25519" ? { name } : { name, hash };
}

/** WebCrypto binds an RSA key to one hash: for another it is imported again. */
async function signingKey(signer: KeyPair, hash: string): Promise<webcrypto.CryptoKey> {
  const { name } = signer.privateKey.algorithm;
  if (!name.startsWith("RSA") || hash === "SHA-256") {
    return signer.privateKey;
  }
  const bytes = await webcrypto.subtle.exportKey("pkcs8", signer.privateKey);
  return (await webcrypto.subtle.importKey("pkcs8", bytes, { name, hash }, false, [
    "sign",
  ])) as webcrypto.CryptoKey;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey("pkcs8", key);
  return `${x509.PemConverter.encode(bytes, "PRIVATE KEY")}\n`;
}
