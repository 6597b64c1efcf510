import { createPrivateKey, X509Certificate } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import { nameConstraintError } from "../../trust/certificates/constraints.ts";
import { encodePem } from "../../trust/certificates/pem.ts";
import { type Certificate, isSignedBy } from "../../trust/certificates/x509.ts";
import { certificatesIn, strayProblems } from "./certificates.ts";

/** A CA that exists already. */
export type ExistingAuthority = {
  /**
   * PEM of the CA certificate that issues; for an intermediate CA, its chain after it, each certificate followed by the
   * one that signed it, up to the root. Nothing else: no key.
   */
  certPem: pulumi.Input<string>;
  /** PEM of its private key, unencrypted. It is treated as a secret. Default: none; then nothing can be signed. */
  privateKeyPem?: pulumi.Input<string>;
};

/** Names that a certificate is issued for, which a CA's name constraints may forbid. */
export type IssuedNames = {
  /** Whose certificate it is, in words. */
  owner: string;
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
};

/** What a CA is adopted for. */
export type Adoption = {
  /** What the CA is called where it was given, e.g. `certificateAuthority`. */
  field: string;
  /** The names that certificates are issued for. */
  issued: readonly IssuedNames[];
  /** Lifetime of what it issues, in hours. */
  validityHours: number;
};

/** The parts of an existing CA, PEM. */
export type AuthorityParts = {
  /** The certificate that issues. */
  certPem: string;
  /** What follows the leaf in a leaf's file: the issuing certificate and its chain, without the root. Empty for a root. */
  chainPem: string;
  /** What follows the issuing certificate in its chain, the root included. Empty for a root. */
  restOfChainPem: string;
  /**
   * What those who verify trust: the root, and the CAs below it, since what kube-controller-manager signs comes
   * without its chain.
   */
  trustPem: string;
};

/**
 * What keeps certificates from being used as a CA: they are none, they may not sign what is issued, they are out of
 * their validity, they form no chain, a key is among them, or the key does not match. Each problem begins with the
 * field's name. Never quotes a key.
 *
 * @param now the time to check the validity at
 * @param issued the names that certificates are issued for. Default: none.
 */
export function authorityProblems(
  certPem: string,
  privateKeyPem: string | undefined,
  fields: { certificate: string; key: string },
  now: Date,
  issued: readonly IssuedNames[] = [],
): string[] {
  const stray = strayProblems(certPem, fields.certificate, `Give the key as ${fields.key}.`);
  if (stray.length > 0) return stray;
  const chain = certificatesIn(certPem);
  const issuer = typeof chain === "string" ? undefined : chain[0];
  if (typeof chain === "string" || issuer === undefined) {
    const what = typeof chain === "string" ? chain : "expected one PEM certificate, found 0.";
    return [
      `${fields.certificate}: ${what} Give the PEM of the CA certificate, and of its chain if it is an intermediate.`,
    ];
  }
  const problems = [
    ...chain.flatMap((certificate, index) =>
      certificateProblems(certificate, index, now).map(
        (what) => `${fields.certificate} (${subjectOf(certificate)}): ${what}`,
      ),
    ),
    ...chainProblems(chain, fields.certificate),
  ];
  if (problems.length === 0)
    problems.push(...constraintProblems(chain, issued, fields.certificate));
  if (privateKeyPem !== undefined) {
    problems.push(...keyProblems(issuer, privateKeyPem, fields.key));
  }
  return problems;
}

/**
 * What keeps a CA from being adopted for something: {@link authorityProblems}, names that it may not sign for, and
 * leaves that would outlive it.
 */
export function adoptionProblems(
  certPem: string,
  privateKeyPem: string | undefined,
  { field, issued, validityHours }: Adoption,
  now: Date,
): string[] {
  const fields = { certificate: `${field}.certPem`, key: `${field}.privateKeyPem` };
  const problems = authorityProblems(certPem, privateKeyPem, fields, now, issued);
  const end = authorityEnd(certPem);
  const left = Math.floor(((end?.getTime() ?? 0) - now.getTime()) / 3_600_000);
  if (problems.length === 0 && validityHours > left) {
    problems.push(
      `validityHours: ${validityHours} is longer than the ${left} hours that the CA handed in has left, and a certificate is worth nothing after its CA. Give at most ${left}, or a CA that lives longer.`,
    );
  }
  return problems;
}

/** End of validity of a CA: that of the first certificate of its chain to end; `undefined` when the PEM cannot be read. */
export function authorityEnd(certPem: string): Date | undefined {
  const chain = certificatesIn(certPem);
  if (typeof chain === "string" || chain.length === 0) return undefined;
  return new Date(Math.min(...chain.map(({ notAfter }) => notAfter.getTime())));
}

/**
 * The parts of an existing CA, written anew from its certificates, so that nothing else of the text goes on.
 *
 * @throws Error when the PEM cannot be read; {@link authorityProblems} says so before.
 */
export function authorityParts(certPem: string): AuthorityParts {
  const chain = certificatesIn(certPem);
  if (typeof chain === "string") throw new Error(chain);
  const below = chain.filter((certificate) => !isRoot(certificate));
  const roots = chain.filter(isRoot);
  return {
    certPem: encodePem(chain.slice(0, 1)),
    chainPem: encodePem(below),
    restOfChainPem: encodePem(chain.slice(1)),
    trustPem: encodePem([...roots, ...below]),
  };
}

function isRoot({ rawSubject, rawIssuer }: Certificate): boolean {
  return rawSubject === rawIssuer;
}

const keyCertSign = 1 << 5;

/** What keeps one certificate of the chain from being a CA here; `index` CAs stand below it. */
function certificateProblems(certificate: Certificate, index: number, now: Date): string[] {
  const { isCA, keyUsage, notAfter, notBefore, maxPathLength, extendedKeyUsages } = certificate;
  const problems: string[] = [];
  if (!isCA || (keyUsage !== 0 && (keyUsage & keyCertSign) === 0)) {
    problems.push(
      "this certificate is no CA that may sign: its basic constraints lack CA:TRUE, or its key usage lacks keyCertSign. Give the issuing CA's.",
    );
  }
  if (notAfter <= now) {
    problems.push(`it expired on ${notAfter.toUTCString()}. Give one that is still valid.`);
  }
  if (notBefore > now) {
    problems.push(
      `it is not valid before ${notBefore.toUTCString()}. Give one that is valid already.`,
    );
  }
  if (maxPathLength >= 0 && index > maxPathLength) {
    problems.push(
      `its path length ${maxPathLength} permits no ${index} CAs below it, and so many are in the chain. Give a CA that it may have signed.`,
    );
  }
  const lacks = ["serverAuth", "clientAuth"].filter(
    (usage) => !(extendedKeyUsages ?? ["any"]).some((one) => one === usage || one === "any"),
  );
  if (lacks.length > 0) {
    problems.push(
      `its extended key usages lack ${lacks.join(" and ")}, and the stack issues certificates for both servers and clients. Give a CA without extended key usages, or with both.`,
    );
  }
  if (certificate.unhandledCriticalExtension) {
    problems.push(
      "it has a critical extension that Kubernetes' programs do not know, and they would refuse it. Give a CA without.",
    );
  }
  return problems;
}

function chainProblems(chain: readonly Certificate[], field: string): string[] {
  return chain.flatMap((certificate, index) => {
    const signer = chain[index + 1];
    if (signer === undefined) return [];
    if (isRoot(certificate)) {
      return [
        `${field}: certificate ${index + 2} (${subjectOf(signer)}) follows a root, ${subjectOf(certificate)}, which nothing else has signed. Give one chain: the issuing CA first, then each one's signer.`,
      ];
    }
    return isSignedBy(certificate, signer) && certificate.rawIssuer === signer.rawSubject
      ? []
      : [
          `${field}: certificate ${index + 2} (${subjectOf(signer)}) did not sign certificate ${index + 1} (${subjectOf(certificate)}). Give the issuing CA first, then each one's signer.`,
        ];
  });
}

/** The first names that a CA of the chain may not sign for. */
function constraintProblems(
  chain: readonly Certificate[],
  issued: readonly IssuedNames[],
  field: string,
): string[] {
  const [issuer] = chain;
  if (issuer === undefined) return [];
  const refusals = issued.flatMap(({ owner, dnsNames, ipAddresses }) => {
    const error = nameConstraintError([{ ...issuer, dnsNames, ipAddresses }, ...chain]);
    return error === undefined ? [] : [`for ${owner}, ${error}`];
  });
  const [first] = refusals;
  if (first === undefined) return [];
  const others = refusals.length > 1 ? `, and ${refusals.length - 1} further certificates` : "";
  return [
    `${field} (${subjectOf(issuer)}): its name constraints forbid what the stack issues: ${first}${others}. Give a CA that may sign for these names and addresses.`,
  ];
}

function subjectOf({ der }: Certificate): string {
  return new X509Certificate(der).subject.replaceAll("\n", ", ");
}

function keyProblems(certificate: Certificate, pem: string, field: string): string[] {
  try {
    const read = new X509Certificate(certificate.der);
    if (read.checkPrivateKey(createPrivateKey(pem))) return [];
    return [
      `${field}: the private key does not match the certificate of ${subjectOf(certificate)}. Give the key that belongs to it.`,
    ];
  } catch {
    return [`${field}: not a private key that can be read. Give it as unencrypted PEM.`];
  }
}
