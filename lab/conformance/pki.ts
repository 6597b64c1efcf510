/** Certificates as a matrix needs them: by days from now, with the extensions that a CA puts into what it issues. */
import { webcrypto } from "node:crypto";
import { type Issued, issue as issueCertificate, makeKeys, type Request } from "../x509/issue.ts";
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
};

const day = 24 * 3600 * 1000;

/** Makes a key and a certificate for it. */
export async function issue({ fromDay = 0, toDay = 1, ...request }: IssueRequest): Promise<Issued> {
  const keys = await makeKeys(request.key);
  const now = Date.now() - 3600 * 1000;
  const use = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment;
  return issueCertificate({
    ...request,
    keys,
    notBefore: new Date(now + fromDay * day),
    notAfter: new Date(now + toDay * day),
    extensions: [
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

/** A CA that lasts ten years. */
export function issueAuthority(
  commonName: string,
  issuer?: Issued,
  key?: Request["key"],
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
