/** Certificates and keys out of PEM text, as facts. */
import { privateKeyFacts } from "../certificates/key-pair.ts";
import { pemBlocks } from "../certificates/pem.ts";
import { type Certificate, parseCertificate } from "../certificates/x509.ts";
import type { Problem, Source } from "../words/fact.ts";
import { known } from "../words/fact.ts";
import type { CertificateFacts, FileContent, KeyFacts } from "../words/facts.ts";

export type PemContents = {
  /** In file order. */
  readonly certificates: readonly CertificateFacts[];
  /** Public halves of the private keys that were found; a private key itself is never kept. */
  readonly keys: readonly KeyFacts[];
  readonly problems: readonly Problem[];
};

/** Reads certificates and keys out of PEM text with junk anywhere between the blocks. Never throws. */
export function readPem(text: string, source: Source): PemContents {
  const certificates: CertificateFacts[] = [];
  const keys: KeyFacts[] = [];
  const problems: Problem[] = [];
  for (const block of pemBlocks(text)) {
    if (block.type === "CERTIFICATE" && !block.hasHeaders) {
      const parsed = parseCertificate(block.der);
      if (parsed.certificate) {
        certificates.push(certificateFacts(parsed.certificate, source));
      } else {
        problems.push({ message: parsed.error, source, fatal: false });
      }
    } else if (block.type.endsWith("PRIVATE KEY")) {
      const key = privateKeyFacts(block.der);
      if ("error" in key) {
        problems.push({ message: key.error, source, fatal: false });
      } else {
        keys.push({ ids: [`sha256:${key.fingerprint}`], algorithm: key.algorithm });
      }
    }
  }
  return { certificates, keys, problems };
}

/** The certificates of a file; none where it holds none. */
export function certificatesIn(content: FileContent, path: string): readonly CertificateFacts[] {
  if (content.kind === "certificates") return content.certificates;
  return content.kind === "text" ? readPem(content.text, { where: path }).certificates : [];
}

/** The facts of a certificate whose bytes are known. */
export function certificateFacts(certificate: Certificate, source: Source): CertificateFacts {
  return {
    ids: [`sha256:${certificate.fingerprint}`],
    label: label(certificate, source),
    subject: known({
      commonName: certificate.commonName,
      organizations: certificate.organizations,
      raw: certificate.rawSubject,
    }),
    dnsNames: known(certificate.dnsNames),
    ipAddresses: known(certificate.ipAddresses),
    extendedKeyUsages: known(certificate.extendedKeyUsages),
    isCA: known(certificate.isCA),
    notBefore: known(certificate.notBefore),
    notAfter: known(certificate.notAfter),
    key: known({
      ids: [`sha256:${certificate.keyFingerprint}`],
      algorithm: certificate.keyAlgorithm,
    }),
    // Cryptography finds the signer; the name alone proves nothing.
    signedBy: known({}),
    der: certificate.der,
    source,
  };
}

function label(certificate: Certificate, source: Source): string {
  const name = certificate.commonName || certificate.organizations[0];
  return name === undefined ? `a certificate of ${source.where}` : `certificate ${name}`;
}
