import { createPrivateKey, X509Certificate } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";

/** A CA that exists already. */
export interface ExistingAuthority {
  /** PEM of exactly one CA certificate. */
  certPem: pulumi.Input<string>;
  /** PEM of its private key, unencrypted. It is treated as a secret. Default: none; then nothing can be signed. */
  privateKeyPem?: pulumi.Input<string>;
}

/**
 * What keeps a certificate from being used as a CA: it is none, it may not sign, it is out of its validity, or
 * the key does not match. Each problem begins with the field's name. Never quotes a key.
 *
 * @param now the time to check the validity at
 */
export function authorityProblems(
  certPem: string,
  privateKeyPem: string | undefined,
  fields: { certificate: string; key: string },
  now: Date,
): string[] {
  const certificate = parseSingleCertificate(certPem);
  if (typeof certificate === "string") {
    return [`${fields.certificate}: ${certificate} Give the PEM of one CA certificate.`];
  }
  const subject = certificate.subject.replaceAll("\n", ", ");
  const problem = (what: string) => `${fields.certificate} (${subject}): ${what}`;
  const problems: string[] = [];
  // OpenSSL's notion of a CA: basic constraints say so, and the key usage, if any, has keyCertSign.
  if (!certificate.ca) {
    problems.push(
      problem(
        "this certificate is no CA that may sign: its basic constraints lack CA:TRUE, or its key usage lacks keyCertSign. Give the issuing CA's.",
      ),
    );
  }
  if (new Date(certificate.validTo) <= now) {
    problems.push(problem(`it expired on ${certificate.validTo}. Give one that is still valid.`));
  }
  if (new Date(certificate.validFrom) > now) {
    problems.push(
      problem(`it is not valid before ${certificate.validFrom}. Give one that is valid already.`),
    );
  }
  if (privateKeyPem !== undefined) {
    problems.push(...keyProblems(certificate, privateKeyPem, fields.key, subject));
  }
  return problems;
}

/** End of validity of a CA certificate, or `undefined` when the PEM cannot be read. */
export function authorityEnd(certPem: string): Date | undefined {
  const certificate = parseSingleCertificate(certPem);
  return typeof certificate === "string" ? undefined : new Date(certificate.validTo);
}

/** The certificate, or a sentence that says why the text is none. */
function parseSingleCertificate(pem: string): X509Certificate | string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;
  if (blocks !== 1) return `expected one PEM certificate, found ${blocks}.`;
  try {
    return new X509Certificate(pem);
  } catch {
    return "the PEM block holds no certificate that can be read.";
  }
}

function keyProblems(
  certificate: X509Certificate,
  pem: string,
  field: string,
  subject: string,
): string[] {
  try {
    if (certificate.checkPrivateKey(createPrivateKey(pem))) return [];
    return [
      `${field}: the private key does not match the certificate of ${subject}. Give the key that belongs to it.`,
    ];
  } catch {
    return [`${field}: not a private key that can be read. Give it as unencrypted PEM.`];
  }
}
