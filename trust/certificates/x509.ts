/**
 * What Go's crypto/x509 sees in a certificate, which is what kubelet and kube-apiserver see.
 */
import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import { ipText } from "../go/ip.ts";
import { type Element, elements, integer, namedBits, objectIdentifier, text, time } from "./der.ts";

/** Names and address ranges that a CA may or may not sign for. */
export type NameConstraints = {
  readonly permittedDns: readonly string[];
  readonly excludedDns: readonly string[];
  readonly permittedIp: readonly IpRange[];
  readonly excludedIp: readonly IpRange[];
};
export type IpRange = { readonly address: Uint8Array; readonly mask: Uint8Array };

export type SignatureAlgorithm = {
  /** As Go calls it, e.g. `SHA1-RSA`. */
  readonly name: string;
  readonly key: "RSA" | "ECDSA" | "Ed25519" | "unknown";
  readonly insecure: boolean;
};

/** A parsed certificate. */
export type Certificate = {
  readonly der: Uint8Array;
  /** SHA-256 of the DER, hexadecimal. */
  readonly fingerprint: string;
  /** DER of the names, hexadecimal: equal names are equal texts. */
  readonly rawSubject: string;
  readonly rawIssuer: string;
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Decimal. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
  readonly keyFingerprint: string;
  readonly keyAlgorithm: "RSA" | "ECDSA" | "Ed25519" | "other";
  readonly keyBits: number;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** 1 or 3. */
  readonly version: number;
  readonly hasBasicConstraints: boolean;
  readonly isCA: boolean;
  /** -1 when there is none. */
  readonly maxPathLength: number;
  /** Bit 0 digitalSignature ... bit 5 keyCertSign; 0 when there is none. */
  readonly keyUsage: number;
  readonly extendedKeyUsages: readonly string[] | undefined;
  /** Hexadecimal of the extension; empty when there is none. */
  readonly subjectAltName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly subjectKeyId: string;
  readonly authorityKeyId: string;
  readonly nameConstraints: NameConstraints | undefined;
  /** A critical extension that Go does not know: it refuses the certificate. */
  readonly unhandledCriticalExtension: boolean;
};

const extendedKeyUsageNames: Readonly<Record<string, string>> = {
  "2.5.29.37.0": "any",
  "1.3.6.1.5.5.7.3.1": "serverAuth",
  "1.3.6.1.5.5.7.3.2": "clientAuth",
  "1.3.6.1.5.5.7.3.3": "codeSigning",
  "1.3.6.1.5.5.7.3.4": "emailProtection",
  "1.3.6.1.5.5.7.3.8": "timeStamping",
  "1.3.6.1.5.5.7.3.9": "ocspSigning",
};

// Go: crypto/x509 signatureAlgorithmDetails.
const signatureAlgorithms: Readonly<Record<string, SignatureAlgorithm>> = {
  "1.2.840.113549.1.1.4": { name: "MD5-RSA", key: "RSA", insecure: true },
  "1.2.840.113549.1.1.5": { name: "SHA1-RSA", key: "RSA", insecure: true },
  "1.3.14.3.2.29": { name: "SHA1-RSA", key: "RSA", insecure: true },
  "1.2.840.113549.1.1.11": { name: "SHA256-RSA", key: "RSA", insecure: false },
  "1.2.840.113549.1.1.12": { name: "SHA384-RSA", key: "RSA", insecure: false },
  "1.2.840.113549.1.1.13": { name: "SHA512-RSA", key: "RSA", insecure: false },
  "1.2.840.113549.1.1.10": { name: "SHA256-RSAPSS", key: "RSA", insecure: false },
  "1.2.840.10045.4.1": { name: "ECDSA-SHA1", key: "ECDSA", insecure: true },
  "1.2.840.10045.4.3.2": { name: "ECDSA-SHA256", key: "ECDSA", insecure: false },
  "1.2.840.10045.4.3.3": { name: "ECDSA-SHA384", key: "ECDSA", insecure: false },
  "1.2.840.10045.4.3.4": { name: "ECDSA-SHA512", key: "ECDSA", insecure: false },
  "1.3.101.112": { name: "Ed25519", key: "Ed25519", insecure: false },
};

/** A certificate, or why Go would not parse it. */
export type Parsed =
  | { readonly certificate: Certificate }
  | { readonly certificate?: undefined; readonly error: string };

const parsed = new Map<string, Parsed>();
const parsedLimit = 50_000;

/** What the same array of bytes was parsed into: most are asked for again and again. */
const parsedArrays = new WeakMap<Uint8Array, Parsed>();

/** Parses DER; the same bytes are parsed once. Never throws. */
export function parseCertificate(der: Uint8Array): Parsed {
  const known = parsedArrays.get(der) ?? parseBytes(der);
  parsedArrays.set(der, known);
  return known;
}

function parseBytes(der: Uint8Array): Parsed {
  const fingerprint = createHash("sha256").update(der).digest("hex");
  const before = parsed.get(fingerprint);
  if (before) {
    return before;
  }
  const result = parse(der, fingerprint);
  if (parsed.size >= parsedLimit) {
    parsed.clear();
  }
  parsed.set(fingerprint, result);
  return result;
}

function parse(der: Uint8Array, fingerprint: string): Parsed {
  try {
    return { certificate: parseElements(der, fingerprint) };
  } catch {
    return { error: "x509: malformed certificate" };
  }
}

function parseElements(der: Uint8Array, fingerprint: string): Certificate {
  const [outer] = elements(der);
  const [body, signatureAlgorithm, signature] = elements(need(outer).content);
  need(signature);
  const fields = elements(need(body).content);
  const version =
    fields[0]?.tag === 0xa0
      ? integer(need(elements(need(fields.shift()).content)[0]).content) + 1
      : 1;
  const [serial, , issuer, validity, subject, publicKey, ...rest] = fields;
  const [notBefore, notAfter] = elements(need(validity).content);
  const names = readName(need(subject));
  return {
    der,
    fingerprint,
    rawSubject: hex(need(subject).whole),
    rawIssuer: hex(need(issuer).whole),
    ...names,
    serial: BigInt(`0x${hex(need(serial).content) || "0"}`).toString(),
    notBefore: time(need(notBefore)),
    notAfter: time(need(notAfter)),
    keyFingerprint: createHash("sha256").update(need(publicKey).whole).digest("hex"),
    ...readKey(need(publicKey)),
    signatureAlgorithm: signatureAlgorithms[algorithmOf(need(signatureAlgorithm))] ?? {
      name: "0",
      key: "unknown",
      insecure: false,
    },
    version,
    ...readExtensions(rest.find((element) => element.tag === 0xa3)),
  };
}

function readName(name: Element): { commonName: string; organizations: string[] } {
  let commonName = "";
  const organizations: string[] = [];
  for (const relative of elements(name.content)) {
    for (const attribute of elements(relative.content)) {
      const [type, value] = elements(attribute.content);
      const oid = objectIdentifier(need(type).content);
      if (oid === "2.5.4.3") {
        commonName = text(need(value));
      } else if (oid === "2.5.4.10") {
        organizations.push(text(need(value)));
      }
    }
  }
  return { commonName, organizations };
}

function readKey(publicKey: Element): Pick<Certificate, "keyAlgorithm" | "keyBits"> {
  const [algorithm, bits] = elements(publicKey.content);
  const [type, parameters] = elements(need(algorithm).content);
  switch (objectIdentifier(need(type).content)) {
    case "1.2.840.113549.1.1.1": {
      const [sequence] = elements(need(bits).content.subarray(1));
      const [modulus] = elements(need(sequence).content);
      const digits = hex(need(modulus).content).replace(/^0+/, "");
      const top = Number.parseInt(digits[0] ?? "0", 16);
      return { keyAlgorithm: "RSA", keyBits: digits.length * 4 - (Math.clz32(top) - 28) };
    }
    case "1.2.840.10045.2.1":
      return {
        keyAlgorithm: "ECDSA",
        keyBits: curveBits(objectIdentifier(need(parameters).content)),
      };
    case "1.3.101.112":
      return { keyAlgorithm: "Ed25519", keyBits: 256 };
    default:
      return { keyAlgorithm: "other", keyBits: 0 };
  }
}

function curveBits(oid: string): number {
  const curves: Readonly<Record<string, number>> = {
    "1.3.132.0.33": 224,
    "1.2.840.10045.3.1.7": 256,
    "1.3.132.0.34": 384,
    "1.3.132.0.35": 521,
  };
  const bits = curves[oid];
  if (bits === undefined) {
    throw new RangeError("x509: unsupported elliptic curve");
  }
  return bits;
}

type Extensions = Pick<
  Certificate,
  | "hasBasicConstraints"
  | "isCA"
  | "maxPathLength"
  | "keyUsage"
  | "extendedKeyUsages"
  | "subjectAltName"
  | "dnsNames"
  | "ipAddresses"
  | "subjectKeyId"
  | "authorityKeyId"
  | "nameConstraints"
  | "unhandledCriticalExtension"
>;

// Extensions that Go reads or may pass over though they are critical.
const harmlessExtensions = new Set([
  "2.5.29.31",
  "2.5.29.32",
  "2.5.29.33",
  "2.5.29.36",
  "2.5.29.54",
]);

function readExtensions(holder: Element | undefined): Extensions {
  const found = {
    hasBasicConstraints: false,
    isCA: false,
    maxPathLength: -1,
    keyUsage: 0,
    extendedKeyUsages: undefined as string[] | undefined,
    subjectAltName: "",
    dnsNames: [] as string[],
    ipAddresses: [] as string[],
    subjectKeyId: "",
    authorityKeyId: "",
    nameConstraints: undefined as NameConstraints | undefined,
    unhandledCriticalExtension: false,
  };
  for (const extension of holder ? elements(need(elements(holder.content)[0]).content) : []) {
    const [type, ...rest] = elements(extension.content);
    const value = need(rest.at(-1)).content;
    const critical = rest.length > 1 && rest[0]?.content[0] !== 0;
    const inner = () => need(elements(value)[0]);
    switch (objectIdentifier(need(type).content)) {
      case "2.5.29.14":
        found.subjectKeyId = hex(inner().content);
        break;
      case "2.5.29.15":
        found.keyUsage = namedBits(inner().content);
        break;
      case "2.5.29.17":
        found.subjectAltName = hex(value);
        readNames(inner(), found.dnsNames, found.ipAddresses);
        break;
      case "2.5.29.19": {
        const parts = elements(inner().content);
        found.hasBasicConstraints = true;
        found.isCA = parts[0]?.tag === 0x01 && parts[0].content[0] !== 0;
        const length = parts.find((part) => part.tag === 0x02);
        found.maxPathLength = length ? integer(length.content) : -1;
        break;
      }
      case "2.5.29.30":
        found.nameConstraints = readConstraints(inner());
        break;
      case "2.5.29.35":
        found.authorityKeyId = hex(
          elements(inner().content).find((part) => part.tag === 0x80)?.content ?? new Uint8Array(),
        );
        break;
      case "2.5.29.37":
        found.extendedKeyUsages = elements(inner().content).map((usage) => {
          const oid = objectIdentifier(usage.content);
          return extendedKeyUsageNames[oid] ?? oid;
        });
        break;
      default:
        found.unhandledCriticalExtension ||=
          critical && !harmlessExtensions.has(objectIdentifier(need(type).content));
    }
  }
  return found;
}

function readNames(names: Element, dnsNames: string[], ipAddresses: string[]): void {
  for (const name of elements(names.content)) {
    if (name.tag === 0x82) {
      dnsNames.push(Buffer.from(name.content).toString("latin1"));
    } else if (name.tag === 0x87) {
      ipAddresses.push(ipText(name.content));
    }
  }
}

function readConstraints(element: Element): NameConstraints {
  const [permitted, excluded] = [0xa0, 0xa1].map((tag) => {
    const dns: string[] = [];
    const ip: IpRange[] = [];
    const subtrees = elements(element.content).find((part) => part.tag === tag);
    for (const subtree of subtrees ? elements(subtrees.content) : []) {
      const base = need(elements(subtree.content)[0]);
      if (base.tag === 0x82) {
        dns.push(Buffer.from(base.content).toString("latin1"));
      } else if (base.tag === 0x87) {
        const half = base.content.length / 2;
        ip.push({ address: base.content.subarray(0, half), mask: base.content.subarray(half) });
      }
    }
    return { dns, ip };
  });
  return {
    permittedDns: permitted?.dns ?? [],
    excludedDns: excluded?.dns ?? [],
    permittedIp: permitted?.ip ?? [],
    excludedIp: excluded?.ip ?? [],
  };
}

function algorithmOf(identifier: Element): string {
  return objectIdentifier(need(elements(identifier.content)[0]).content);
}

function need<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new RangeError("x509: malformed certificate");
  }
  return value;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

const publicKeys = new Map<string, KeyObject | undefined>();
const signatures = new Map<string, boolean>();

/** True when `issuer`'s key signed `certificate`; each pair is computed once. Never throws. */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  const pair = certificate.fingerprint + issuer.keyFingerprint;
  const before = signatures.get(pair);
  if (before !== undefined) {
    return before;
  }
  let signed = false;
  try {
    let key = publicKeys.get(issuer.keyFingerprint);
    if (!key) {
      key = new X509Certificate(issuer.der).publicKey;
      publicKeys.set(issuer.keyFingerprint, key);
    }
    signed = new X509Certificate(certificate.der).verify(key);
  } catch {
    signed = false;
  }
  if (signatures.size >= parsedLimit) {
    signatures.clear();
    publicKeys.clear();
  }
  signatures.set(pair, signed);
  return signed;
}
