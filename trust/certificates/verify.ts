/**
 * Does a presented chain lead to a trusted root? Go's Certificate.Verify, with its order of complaints and
 * its words, over certificates that may be known by their bytes or by identity alone.
 * Source: Go crypto/x509/verify.go.
 */
import { valueOr } from "../words/fact.ts";
import type { CertificateFacts } from "../words/facts.ts";
import { nameConstraintError } from "./constraints.ts";
import { hostnameError } from "./hostname.ts";
import { type Answer, same, sameOrCollected } from "./identity.ts";
import { bytesOf, signatureError } from "./signature.ts";
import type { Certificate } from "./x509.ts";

/** What is dialled. A placeholder stands for a value that is not known yet. */
export type Host = { readonly text: string; readonly isIp: boolean; readonly placeholder: boolean };

export type VerifyOptions = {
  /** Absent on the kubelet's side: client certificates are not bound to a host. */
  readonly host?: Host;
  readonly usage: "serverAuth" | "clientAuth";
  readonly at: Date;
};

/** What about the certificate is complained about. */
export type Complaint = "validity" | "name" | "chain" | "usage" | "constraint";

export type Verification =
  | { readonly result: "ok" }
  | { readonly result: "error"; readonly message: string; readonly complaint: Complaint }
  | { readonly result: "unknown"; readonly missing: readonly string[] };

/**
 * Verifies a presented chain (leaf first) against roots. Where something is unknown but a later check
 * fails for certain, that failure is the answer; else the answer is `unknown` with what is missing.
 */
export function verifyChain(
  presented: readonly CertificateFacts[],
  roots: readonly CertificateFacts[],
  options: VerifyOptions,
): Verification {
  const [leaf, ...intermediates] = presented;
  if (!leaf) {
    return { result: "unknown", missing: ["the certificate that is presented"] };
  }
  const missing: string[] = [];
  const validity = validityError(leaf, options.at, missing);
  if (validity) {
    return { result: "error", message: validity, complaint: "validity" };
  }
  const name = options.host && nameError(leaf, options.host, missing);
  if (name) {
    return { result: "error", message: name, complaint: "name" };
  }
  const search: Search = { roots, intermediates, options, checks: 0, doubts: [] };
  const built = findChains(leaf, roots, search);
  const judged = judgeChains(built.chains, options, leaf);
  if (judged.sound && missing.length === 0) {
    return { result: "ok" };
  }
  const doubts = [...missing, ...(judged.sound ? [] : [...judged.missing, ...search.doubts])];
  if (doubts.length > 0) {
    return { result: "unknown", missing: [...new Set(doubts)] };
  }
  return built.chains.length === 0
    ? { result: "error", message: built.error ?? unknownAuthority, complaint: "chain" }
    : { result: "error", message: judged.error ?? unknownAuthority, complaint: judged.complaint };
}

/**
 * Everything that is wrong with a presented chain, each by itself: what would be complained about next, once the first
 * complaint is mended.
 *
 * @param roots absent where nothing is verified: then every complaint about the chain is left out
 */
export function complaintsAbout(
  presented: readonly CertificateFacts[],
  roots: readonly CertificateFacts[] | undefined,
  options: VerifyOptions,
): ReadonlySet<Complaint> {
  const found = new Set<Complaint>();
  const [leaf] = presented;
  if (!leaf) return found;
  if (validityError(leaf, options.at, [])) found.add("validity");
  if (options.host && nameError(leaf, options.host, [])) found.add("name");
  if (allowsUsage([leaf], options.usage) === "no") found.add("usage");
  if (roots) {
    const { host: _, ...others } = options;
    const at = found.has("validity") ? valueOr(leaf.notAfter, options.at) : options.at;
    const verification = verifyChain(presented, roots, { ...others, at });
    if (verification.result === "error") found.add(verification.complaint);
  }
  return found;
}

const unknownAuthority = "x509: certificate signed by unknown authority";

type Search = {
  readonly roots: readonly CertificateFacts[];
  readonly intermediates: readonly CertificateFacts[];
  readonly options: VerifyOptions;
  checks: number;
  /** What would have to be known to rule further chains in or out. */
  readonly doubts: string[];
};

type Chain = { readonly certificates: readonly CertificateFacts[]; readonly missing: string[] };
type Built = { readonly chains: readonly Chain[]; readonly error?: string };

function findChains(
  leaf: CertificateFacts,
  roots: readonly CertificateFacts[],
  search: Search,
): Built {
  if (roots.some((root) => sameOrCollected(leaf, root) === "yes")) {
    return { chains: [{ certificates: [leaf], missing: [] }] };
  }
  return buildChains([leaf], search, []);
}

const maxSignatureChecks = 100;

function buildChains(
  current: readonly CertificateFacts[],
  search: Search,
  doubts: string[],
): Built {
  const child = current.at(-1) as CertificateFacts;
  const chains: Chain[] = [];
  let error: string | undefined;
  let hint: { message: string; candidate: CertificateFacts } | undefined;
  const consider = (candidate: CertificateFacts, isRoot: boolean): void => {
    search.checks += 1;
    if (search.checks > maxSignatureChecks) {
      error = "x509: signature check attempts limit reached while verifying certificate chain";
      return;
    }
    if (current.some((one) => isSameHolder(candidate, one))) {
      return;
    }
    const signature = signatureError(child, candidate);
    if (signature.answer === "unknown") {
      search.doubts.push(`who signed ${child.label}`);
      return;
    }
    if (signature.answer === "no") {
      hint ??=
        signature.message === undefined ? undefined : { message: signature.message, candidate };
      return;
    }
    const missing = [...doubts];
    const invalid = candidateError(candidate, current, isRoot, search.options.at, missing);
    error = invalid;
    if (invalid !== undefined) {
      hint ??= { message: invalid, candidate };
      return;
    }
    if (isRoot) {
      chains.push({ certificates: [...current, candidate], missing });
      return;
    }
    const below = buildChains([...current, candidate], search, missing);
    chains.push(...below.chains);
    error = below.error;
  };
  for (const root of potentialParents(child, search.roots)) {
    consider(root, true);
  }
  for (const intermediate of potentialParents(child, search.intermediates)) {
    consider(intermediate, false);
  }
  if (chains.length > 0) {
    return { chains };
  }
  return { chains, error: error ?? withHint(hint) };
}

function withHint(hint: { message: string; candidate: CertificateFacts } | undefined): string {
  if (!hint) {
    return unknownAuthority;
  }
  return `${unknownAuthority} (possibly because of ${quote(hint.message)} while trying to verify candidate authority certificate ${quote(authorityName(hint.candidate))})`;
}

function authorityName(candidate: CertificateFacts): string {
  const subject = candidate.subject.known ? candidate.subject.value : undefined;
  const parsed = bytesOf(candidate);
  return (
    subject?.commonName || subject?.organizations[0] || (parsed ? `serial:${parsed.serial}` : "")
  );
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** Go tries those whose key identifiers agree first, then those where one has none, then the others. */
function potentialParents(
  child: CertificateFacts,
  pool: readonly CertificateFacts[],
): CertificateFacts[] {
  const parsedChild = bytesOf(child);
  const ranked: [number, CertificateFacts][] = [];
  for (const candidate of pool) {
    const parsed = bytesOf(candidate);
    if (!parsedChild || !parsed) {
      ranked.push([1, candidate]);
    } else if (parsed.rawSubject === parsedChild.rawIssuer) {
      ranked.push([keyIdRank(parsed.subjectKeyId, parsedChild.authorityKeyId), candidate]);
    }
  }
  return ranked.sort(([a], [b]) => a - b).map(([, candidate]) => candidate);
}

function keyIdRank(subjectKeyId: string, authorityKeyId: string): number {
  if (subjectKeyId === authorityKeyId) {
    return 0;
  }
  return subjectKeyId === "" || authorityKeyId === "" ? 1 : 2;
}

function candidateError(
  candidate: CertificateFacts,
  current: readonly CertificateFacts[],
  isRoot: boolean,
  at: Date,
  missing: string[],
): string | undefined {
  const validity = validityError(candidate, at, missing);
  if (validity) {
    return validity;
  }
  const parsed = bytesOf(candidate);
  if (!parsed) {
    if (!candidate.isCA.known) {
      missing.push(`whether ${candidate.label} is a CA`);
    }
    return undefined;
  }
  if (!isRoot && (!parsed.hasBasicConstraints || !parsed.isCA)) {
    return "x509: certificate is not authorized to sign other certificates";
  }
  if (
    parsed.hasBasicConstraints &&
    parsed.maxPathLength >= 0 &&
    current.length - 1 > parsed.maxPathLength
  ) {
    return "x509: too many intermediates for path length constraint";
  }
  return undefined;
}

function validityError(
  certificate: CertificateFacts,
  at: Date,
  missing: string[],
): string | undefined {
  if (bytesOf(certificate)?.unhandledCriticalExtension) {
    return "x509: unhandled critical extension";
  }
  const { notBefore, notAfter } = certificate;
  const prefix = "x509: certificate has expired or is not yet valid: current time";
  if (notBefore.known && at < notBefore.value) {
    return `${prefix} ${rfc3339(at)} is before ${rfc3339(notBefore.value)}`;
  }
  if (notAfter.known && at > notAfter.value) {
    return `${prefix} ${rfc3339(at)} is after ${rfc3339(notAfter.value)}`;
  }
  if (!notBefore.known || !notAfter.known) {
    missing.push(`the validity of ${certificate.label}`);
  }
  return undefined;
}

function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

function nameError(leaf: CertificateFacts, host: Host, missing: string[]): string | undefined {
  const parsed = bytesOf(leaf);
  if (parsed) {
    const names = { ...parsed, hasSubjectAltName: parsed.subjectAltName !== "" };
    return settle(hostnameError(names, host.text), host, names, leaf, missing);
  }
  const { dnsNames, ipAddresses } = leaf;
  const unseen = leaf.unseen?.[host.isIp ? "ipAddresses" : "dnsNames"];
  if (unseen !== undefined && host.placeholder && unseen === host.text) return undefined;
  if (!(host.isIp ? ipAddresses : dnsNames).known) {
    missing.push(`the ${host.isIp ? "IP addresses" : "DNS names"} of ${leaf.label}`);
    return undefined;
  }
  const names = {
    commonName: leaf.subject.known ? leaf.subject.value.commonName : "",
    dnsNames: dnsNames.known ? dnsNames.value : [],
    ipAddresses: ipAddresses.known ? ipAddresses.value : [],
    hasSubjectAltName: true,
  };
  names.hasSubjectAltName = names.dnsNames.length + names.ipAddresses.length > 0;
  const error = hostnameError(names, host.text);
  if (error !== undefined && unseen !== undefined) {
    missing.push(`whether ${leaf.label} names ${host.text}`);
    return undefined;
  }
  return settle(error, host, names, leaf, missing);
}

/** A placeholder that matches no name may still turn out to: that is unknown, unless there is no name at all. */
function settle(
  error: string | undefined,
  host: Host,
  names: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] },
  leaf: CertificateFacts,
  missing: string[],
): string | undefined {
  const candidates = host.isIp ? names.ipAddresses : names.dnsNames;
  if (!host.placeholder || candidates.length === 0) {
    return host.placeholder && candidates.length === 0 && host.isIp
      ? `x509: cannot validate certificate for ${host.text} because it doesn't contain any IP SANs`
      : error;
  }
  if (!candidates.includes(host.text)) {
    missing.push(`whether ${leaf.label} names ${host.text}`);
  }
  return undefined;
}

/** Go's alreadyInChain: the same subject, key and SAN are the same holder. */
function isSameHolder(a: CertificateFacts, b: CertificateFacts): boolean {
  const [one, other] = [bytesOf(a), bytesOf(b)];
  if (!one || !other) {
    return same(a.ids, b.ids) === "yes";
  }
  return (
    one.rawSubject === other.rawSubject &&
    one.keyFingerprint === other.keyFingerprint &&
    one.subjectAltName === other.subjectAltName
  );
}

type Judged = {
  readonly sound: boolean;
  readonly missing: readonly string[];
  readonly error?: string;
  readonly complaint: Complaint;
};

function judgeChains(
  chains: readonly Chain[],
  options: VerifyOptions,
  leaf: CertificateFacts,
): Judged {
  const missing: string[] = [];
  let constraint: string | undefined;
  for (const chain of chains) {
    const usage = allowsUsage(chain.certificates, options.usage);
    if (usage === "no") {
      continue;
    }
    const error = constraintError(chain.certificates);
    if (error) {
      constraint ??= `x509: a root or intermediate certificate is not authorized to sign for this name: ${error}`;
      continue;
    }
    if (usage === "yes" && chain.missing.length === 0) {
      return { sound: true, missing: [], complaint: "chain" };
    }
    missing.push(...chain.missing);
    if (usage === "unknown") {
      missing.push(`the extended key usages of ${leaf.label} and its issuers`);
    }
  }
  return constraint === undefined
    ? {
        sound: false,
        missing,
        error: "x509: certificate specifies an incompatible key usage",
        complaint: "usage",
      }
    : { sound: false, missing, error: constraint, complaint: "constraint" };
}

/** Extended key usages nest: each certificate of the chain must allow the use, or say nothing. */
function allowsUsage(chain: readonly CertificateFacts[], usage: string): Answer {
  let answer: Answer = "yes";
  for (const certificate of chain) {
    if (!certificate.extendedKeyUsages.known) {
      answer = "unknown";
      continue;
    }
    const usages = certificate.extendedKeyUsages.value;
    if (usages && usages.length > 0 && !usages.includes("any") && !usages.includes(usage)) {
      return "no";
    }
  }
  return answer;
}

function constraintError(chain: readonly CertificateFacts[]): string | undefined {
  const parsed = chain.map(bytesOf);
  return parsed.every((one): one is Certificate => one !== undefined)
    ? nameConstraintError(parsed)
    : undefined;
}
