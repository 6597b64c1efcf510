/** The certificates that the observed programs were given, made again from the words that describe them. */
import {
  type Issued,
  issue,
  type KeyKind,
  type KeyPair,
  makeKeys,
  type Request,
} from "../../../lab/x509/issue.ts";
import type { ServedCertificate, ServingKubelet } from "./rows.ts";
import { observedKeys, observedRun } from "./run.ts";

/** When the observations were made. */
export const observedAt = new Date(observedRun.at);

const hour = 3600_000;
const day = 24 * hour;

export type Authorities = {
  /** CN kubernetes. */
  readonly cluster: Issued;
  /** CN other-ca. */
  readonly other: Issued;
  /** CN kubernetes, another key. */
  readonly sameName: Issued;
  readonly unrelated: Issued;
  /** CN kubelet-intermediate, signed by the cluster's. */
  readonly intermediate: Issued;
  /** One pair of keys for each kind, because making RSA keys takes long. */
  readonly keys: ReadonlyMap<KeyKind, KeyPair>;
};

/** Makes the CAs, with keys as observed. */
export async function makeAuthorities(): Promise<Authorities> {
  const authority = (subject: string, issuer?: Issued) =>
    issue({
      subject,
      key: observedKeys,
      isCA: true,
      notAfter: new Date(observedAt.getTime() + 3650 * day),
      ...(issuer && { issuer }),
    });
  const cluster = await authority("CN=kubernetes");
  const kinds: KeyKind[] = [
    "RSA-1024",
    "RSA-2048",
    "RSA-4096",
    "ECDSA-P256",
    "ECDSA-P384",
    "Ed25519",
  ];
  const keys = new Map<KeyKind, KeyPair>();
  for (const kind of kinds) {
    keys.set(kind, await makeKeys(kind));
  }
  return {
    cluster,
    other: await authority("CN=other-ca"),
    sameName: await authority("CN=kubernetes"),
    unrelated: await authority("CN=unrelated"),
    intermediate: await authority("CN=kubelet-intermediate", cluster),
    keys,
  };
}

/** A kubelet's pair as it lies on disk. */
export type Pair = {
  readonly leaf: Issued;
  readonly certificateFile: string;
  readonly keyFile: string;
};

/** Makes the certificate that a kubelet was seen to present, from what was seen and from the words. */
export async function servedPair(
  kubelet: ServingKubelet,
  served: ServedCertificate,
  authorities: Authorities,
): Promise<Pair> {
  const { mode } = kubelet;
  const own = served.issuer === served.subject;
  const issuer = own ? undefined : issuerOf(served, mode, authorities);
  const expired = new Date(served.notAfter);
  const request: Request = {
    subject: served.subject.replaceAll(",", ", "),
    keys: need(authorities.keys.get(keyKind(served.key)), served.key),
    dnsNames: served.san.filter((name) => name.startsWith("DNS:")).map((name) => name.slice(4)),
    ipAddresses: served.san.filter((name) => name.startsWith("IP:")).map((name) => name.slice(3)),
    usages: usagesOf(mode),
    notBefore: mode.includes("not yet valid")
      ? new Date(observedAt.getTime() + 5 * day)
      : new Date(Math.min(observedAt.getTime() - hour, expired.getTime() - day)),
    notAfter: expired,
    ...(own && /CA:TRUE/.test(mode) && { isCA: true }),
    ...(/SHA-?1\b/i.test(mode) && { hash: "SHA-1" as const }),
    ...(issuer && { issuer }),
  };
  const leaf = await issue(request);
  return { leaf, certificateFile: certificateFile(leaf, mode, authorities), keyFile: leaf.keyPem };
}

function certificateFile(leaf: Issued, mode: string, { intermediate }: Authorities): string {
  if (/leaf ?\+ ?intermediate/.test(mode)) {
    return leaf.certPem + intermediate.certPem;
  }
  if (/intermediate first, then leaf/.test(mode)) {
    return intermediate.certPem + leaf.certPem;
  }
  return leaf.certPem;
}

function issuerOf(served: ServedCertificate, mode: string, authorities: Authorities): Issued {
  switch (served.issuer) {
    case "CN=other-ca":
      return authorities.other;
    case "CN=kubelet-intermediate":
      return authorities.intermediate;
    case "CN=kubernetes":
      return /another CA/.test(mode) && /same/.test(mode)
        ? authorities.sameName
        : authorities.cluster;
    default:
      throw new Error(`no CA is known by the words ${served.issuer}`);
  }
}

function usagesOf(mode: string): ("serverAuth" | "clientAuth")[] {
  if (/no EKU/.test(mode)) {
    return [];
  }
  if (/clientAuth EKU only/.test(mode)) {
    return ["clientAuth"];
  }
  return /clientAuth\+serverAuth|serverAuth\+clientAuth/.test(mode)
    ? ["serverAuth", "clientAuth"]
    : ["serverAuth"];
}

function keyKind(words: string): KeyKind {
  const kinds: Readonly<Record<string, KeyKind>> = {
    RSAPublicKey1024: "RSA-1024",
    RSAPublicKey2048: "RSA-2048",
    RSAPublicKey4096: "RSA-4096",
    ECPublicKey256: "ECDSA-P256",
    ECPublicKey384: "ECDSA-P384",
    Ed25519PublicKey: "Ed25519",
  };
  return need(kinds[words], words);
}

/** The two certificates that a kubelet makes for itself, with the names that were seen. */
export async function selfSignedPair(
  served: ServedCertificate,
  { keys }: Authorities,
): Promise<Pair & { readonly issuer: Issued }> {
  const notAfter = new Date(served.notAfter);
  const notBefore = new Date(notAfter.getTime() - 365 * day);
  const rsa = need(keys.get("RSA-2048"), "RSA-2048");
  const issuer = await issue({
    subject: served.issuer,
    keys: await makeKeys("ECDSA-P256"),
    isCA: true,
    notBefore,
    notAfter,
  });
  const leaf = await issue({
    subject: served.subject,
    keys: rsa,
    issuer,
    dnsNames: served.san.map((name) => name.replace(/^DNS:/, "")),
    usages: ["serverAuth"],
    notBefore,
    notAfter,
  });
  return { leaf, issuer, certificateFile: leaf.certPem + issuer.certPem, keyFile: leaf.keyPem };
}

/** The value, or an error that names the words nobody has an interpretation for. */
export function need<T>(value: T | undefined, words: string): T {
  if (value === undefined) {
    throw new Error(`nothing is known by the words ${JSON.stringify(words)}`);
  }
  return value;
}
