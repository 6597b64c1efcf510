/** Certificates as a matrix needs them: by days from now, with the extensions that a CA puts into what it issues. */
import { webcrypto } from "node:crypto";
import {
  criticalExtension,
  type Issued,
  issue as issueCertificate,
  type KeyKind,
  makeKeys,
  type Request,
} from "../x509/issue.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectKeyIdentifierExtension,
} from "../x509/library.ts";

export type { Issued } from "../x509/issue.ts";

export type IssueRequest = Omit<Request, "keys" | "notBefore" | "notAfter" | "extensions"> & {
  /** Days from now; default 0 (an hour ago). */
  readonly fromDay?: number;
  /** Days from now; default 1. */
  readonly toDay?: number;
  /** Of a CA: the only DNS name, with those below it, that it may sign for. Default any. */
  readonly permittedName?: string;
};

const day = 24 * 3600 * 1000;

/** Makes a key and a certificate for it. */
export async function issue({
  fromDay = 0,
  toDay = 1,
  permittedName,
  ...request
}: IssueRequest): Promise<Issued> {
  const keys = await makeKeys(request.key ?? usualKeys);
  const now = Date.now() - 3600 * 1000;
  const use = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment;
  return issueCertificate({
    ...request,
    keys,
    notBefore: new Date(now + fromDay * day),
    notAfter: new Date(now + toDay * day),
    extensions: [
      ...(permittedName === undefined ? [] : [onlyNamesBelow(permittedName)]),
      ...(request.isCA
        ? []
        : [
            new BasicConstraintsExtension(false, undefined, true),
            new KeyUsagesExtension(use, true),
          ]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create((request.issuer?.keys ?? keys).publicKey),
    ],
  });
}

/** Keys of the matrix where nothing else is said: Go's words for what does not fit are those of the kind. */
export const usualKeys: KeyKind = "ECDSA-P256";

/** A CA that lasts ten years. */
export function issueAuthority(
  commonName: string,
  more: Pick<IssueRequest, "issuer" | "permittedName"> = {},
): Promise<Issued> {
  return issue({ subject: `CN=${commonName}`, isCA: true, toDay: 3650, ...more });
}

/** NameConstraints (RFC 5280, 4.2.1.10) with one permitted dNSName. */
function onlyNamesBelow(name: string) {
  const wrap = (tag: number, inner: Buffer) => Buffer.concat([Buffer.of(tag, inner.length), inner]);
  const base = wrap(0x82, Buffer.from(name));
  return criticalExtension("2.5.29.30", wrap(0x30, wrap(0xa0, wrap(0x30, base))));
}

/** The public half of a key pair as PEM, for `--service-account-key-file`. */
export async function publicKeyPem({ keys }: Issued): Promise<string> {
  const der = await webcrypto.subtle.exportKey("spki", keys.publicKey);
  return `${PemConverter.encode(der, "PUBLIC KEY")}\n`;
}
