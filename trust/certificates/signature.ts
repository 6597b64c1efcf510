/**
 * Did a certificate sign another? Go's CheckSignatureFrom, with its words, over certificates that may be known by their
 * bytes or by identity alone.
 * Source: Go crypto/x509/x509.go.
 */
import type { CertificateFacts, DistinguishedName } from "../words/facts.ts";
import { type Answer, same, signedByIdentity } from "./identity.ts";
import { type Certificate, isSignedBy, parseCertificate } from "./x509.ts";

const constraintViolation =
  "x509: invalid signature: parent certificate cannot sign this kind of certificate";

const keyCertSign = 1 << 5;

/** Go's CheckSignatureFrom; without bytes, the stated signer decides. */
export function signatureError(
  child: CertificateFacts,
  candidate: CertificateFacts,
): { answer: Answer; message?: string } {
  const parsedChild = bytesOf(child);
  const parsed = bytesOf(candidate);
  if (!parsedChild || !parsed) {
    return identitySignature(child, candidate);
  }
  if (
    (parsed.version === 3 && !parsed.hasBasicConstraints) ||
    (parsed.hasBasicConstraints && !parsed.isCA)
  ) {
    return { answer: "no", message: constraintViolation };
  }
  if (parsed.keyUsage !== 0 && (parsed.keyUsage & keyCertSign) === 0) {
    return { answer: "no", message: constraintViolation };
  }
  const { name, key, insecure } = parsedChild.signatureAlgorithm;
  if (parsed.keyAlgorithm === "other" || key === "unknown") {
    return {
      answer: "no",
      message: "x509: cannot verify signature: algorithm unimplemented",
    };
  }
  if (insecure) {
    return { answer: "no", message: `x509: cannot verify signature: insecure algorithm ${name}` };
  }
  if (key !== parsed.keyAlgorithm) {
    return {
      answer: "no",
      message: `x509: signature algorithm specifies an ${key} public key, but have public key of type ${goKeyType(parsed)}`,
    };
  }
  return isSignedBy(parsedChild, parsed)
    ? { answer: "yes" }
    : { answer: "no", message: signatureFailure(parsed) };
}

function goKeyType(certificate: Certificate): string {
  const types = {
    RSA: "*rsa.PublicKey",
    ECDSA: "*ecdsa.PublicKey",
    Ed25519: "ed25519.PublicKey",
    other: "<nil>",
  };
  return types[certificate.keyAlgorithm];
}

function signatureFailure({ keyAlgorithm, keyBits }: Certificate): string {
  // Go refuses RSA keys below 1024 bits whatever they signed: crypto/rsa checkKeySize.
  if (keyAlgorithm === "RSA" && keyBits < 1024) {
    return `crypto/rsa: ${keyBits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)`;
  }
  return failureOf[keyAlgorithm];
}

const failureOf = {
  RSA: "crypto/rsa: verification error",
  ECDSA: "x509: ECDSA verification failure",
  Ed25519: "x509: Ed25519 verification failure",
  other: "x509: cannot verify signature: algorithm unimplemented",
};

function identitySignature(
  child: CertificateFacts,
  candidate: CertificateFacts,
): { answer: Answer; message?: string } {
  if (candidate.isCA.known && !candidate.isCA.value) {
    return { answer: "no" };
  }
  const signer = child.signedBy.known ? child.signedBy.value : undefined;
  const issuer = signer?.subject;
  const subject = candidate.subject.known ? candidate.subject.value : undefined;
  const answer = signedByIdentity(child, candidate);
  // A CA with another subject did not sign, even if it has the same key.
  const isAnother = answer !== "yes" || same(signer?.certificateIds ?? [], candidate.ids) === "no";
  if (isAnother && issuer && subject && !sameName(issuer, subject)) {
    return { answer: "no" };
  }
  const algorithm = candidate.key.known ? candidate.key.value.algorithm : undefined;
  return answer === "no" && issuer && subject && algorithm
    ? { answer, message: failureOf[algorithm] }
    : { answer };
}

function sameName(one: DistinguishedName, other: DistinguishedName): boolean {
  return (
    one.commonName === other.commonName &&
    one.organizations.join("\0") === other.organizations.join("\0")
  );
}

/** A certificate as its bytes say, where they are known. */
export function bytesOf(facts: CertificateFacts): Certificate | undefined {
  return facts.der && parseCertificate(facts.der).certificate;
}
