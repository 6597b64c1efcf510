/** Are two certificates, or two keys, the same? Yes, no, or unknown (see Identities in facts.ts). */
import type { CertificateFacts, Identities } from "../words/facts.ts";

export type Answer = "yes" | "no" | "unknown";

/** Compares two sets of identities. */
export function same(one: Identities, other: Identities): Answer {
  if (one.some((id) => other.includes(id))) {
    return "yes";
  }
  const schemes = new Set(one.map(scheme));
  return other.some((id) => schemes.has(scheme(id))) ? "no" : "unknown";
}

function scheme(id: string): string {
  return id.slice(0, id.indexOf(":"));
}

/**
 * What a kubelet makes at its first start is known by its names before it exists: `<host>@<time>` and
 * `<host>-ca@<time>`. A collected certificate of that name is taken for it; one of another name is not.
 */
export function sameOrCollected(one: CertificateFacts, other: CertificateFacts): Answer {
  const answer = same(one.ids, other.ids);
  const name = one.subject.known ? one.subject.value.commonName : "";
  if (answer !== "unknown" || !name.endsWith(unknownTime) || !other.subject.known) {
    return answer;
  }
  return isCollected(name, other.subject.value.commonName) ? "yes" : "no";
}

const unknownTime = "@<time>";

function isCollected(expected: string, name: string): boolean {
  const prefix = expected.slice(0, -unknownTime.length + 1);
  return name === expected || (name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)));
}

/** Did `issuer` sign `certificate`, as far as the stated signer says? */
export function signedByIdentity(certificate: CertificateFacts, issuer: CertificateFacts): Answer {
  if (!certificate.signedBy.known) {
    return "unknown";
  }
  const signer = certificate.signedBy.value;
  const issuerName = signer.subject?.commonName ?? "";
  if (
    issuerName.endsWith(unknownTime) &&
    issuer.subject.known &&
    same(signer.certificateIds ?? [], issuer.ids) === "unknown"
  ) {
    return isCollected(issuerName, issuer.subject.value.commonName) ? "yes" : "no";
  }
  const answers: Answer[] = [];
  if (signer.certificateIds) {
    answers.push(same(signer.certificateIds, issuer.ids));
  }
  if (signer.keyIds && issuer.key.known) {
    answers.push(same(signer.keyIds, issuer.key.value.ids));
  }
  if (answers.includes("yes")) {
    return "yes";
  }
  // Two certificates of one key are two identities: only the key's identity can say no for certain,
  // unless nothing is known about keys.
  if (signer.keyIds && issuer.key.known) {
    return answers.at(-1) ?? "unknown";
  }
  return answers.includes("no") ? "no" : "unknown";
}
