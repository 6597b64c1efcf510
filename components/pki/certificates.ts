/** Certificates that users hand in. What is written anywhere is written anew from them, never their text. */
import { encodePem, pemBlocks } from "../../trust/certificates/pem.ts";
import { type Certificate, parseCertificate } from "../../trust/certificates/x509.ts";

/** The certificates of a PEM text, in order; a sentence says why they cannot be read. */
export function certificatesIn(pem: string): Certificate[] | string {
  const begun = pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;
  const blocks = pemBlocks(pem).filter(({ type }) => type === "CERTIFICATE");
  if (blocks.length < begun) return "a PEM block holds no certificate that can be read.";
  const certificates: Certificate[] = [];
  for (const { der } of blocks) {
    const { certificate } = parseCertificate(der);
    if (certificate === undefined) return "a PEM block holds no certificate that can be read.";
    certificates.push(certificate);
  }
  return certificates;
}

/**
 * What is in a text of certificates and is none: above all a private key, which would be written where everyone may
 * read.
 *
 * @param remedy ends the sentence about a key
 */
export function strayProblems(pem: string, field: string, remedy: string): string[] {
  if (/PRIVATE KEY/i.test(pem)) {
    return [
      `${field}: a private key is in it, and certificates are written where everyone may read them. Give the certificates alone. ${remedy}`,
    ];
  }
  const [, other] = /-----BEGIN (?!CERTIFICATE-----)([^\n]{0,40}?)-----/.exec(pem) ?? [];
  return other === undefined
    ? []
    : [`${field}: a block ${JSON.stringify(other)} is in it. Give the certificates alone.`];
}

/** The certificates of a text, and nothing else of it. */
export function writtenAnew(pem: string): string {
  const certificates = certificatesIn(pem);
  return typeof certificates === "string" ? "" : encodePem(certificates);
}

/** Texts of certificates one after another, PEM. */
export function joinPems(pems: readonly string[]): string {
  return pems.map((pem) => `${pem.trim()}\n`).join("");
}
