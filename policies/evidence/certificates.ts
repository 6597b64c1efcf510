/**
 * The certificates that the stack's `tls` resources make: by cryptography once their PEM is known, and before that
 * by who feeds whom, which the engine tells from the first preview on.
 */

import { unknownIpFrom } from "../../trust/programs/node.ts";
import { readPem } from "../../trust/readers/pem.ts";
import { textFile } from "../../trust/readers/text-file.ts";
import { asList, asObject, asText, type Json } from "../../trust/readers/yaml.ts";
import { type Fact, known, mapFact, type Source, unknown } from "../../trust/words/fact.ts";
import type {
  CertificateFacts,
  DistinguishedName,
  ExtendedKeyUsage,
  FileContent,
  Identities,
  KeyFacts,
  Signer,
} from "../../trust/words/facts.ts";
import {
  describe,
  field,
  placeholder,
  type Resource,
  type Stack,
  text,
} from "../stack/resource.ts";

/** Type tokens of @pulumi/tls. */
const types = {
  privateKey: "tls:index/privateKey:PrivateKey",
  request: "tls:index/certRequest:CertRequest",
  selfSigned: "tls:index/selfSignedCert:SelfSignedCert",
  locallySigned: "tls:index/locallySignedCert:LocallySignedCert",
} as const;

/** The certificates of a stack. */
export type Certificates = {
  readonly all: readonly { readonly resource: Resource; readonly certificate: CertificateFacts }[];
  /** By URN of the resource that makes it. */
  readonly of: (resource: Resource) => CertificateFacts | undefined;
  /** By identity. */
  readonly byId: (id: string) => CertificateFacts | undefined;
  /** Certificates in a PEM text, with the identities that the stack's own resources give them. */
  readonly inText: (pem: string, source: Source) => readonly CertificateFacts[];
};

/** Whether the resource is a `tls` resource that makes a certificate. */
export function makesCertificate({ type }: Resource): boolean {
  return type === types.selfSigned || type === types.locallySigned;
}

/** Whether the resource is a `tls` request for a certificate. */
export function isRequest({ type }: Resource): boolean {
  return type === types.request;
}

/** Whether the resource is a `tls` private key. */
export function isPrivateKey({ type }: Resource): boolean {
  return type === types.privateKey;
}

const cache = new WeakMap<Stack, Certificates>();

/** Reads the certificates of a stack, once. */
export function certificatesOf(stack: Stack): Certificates {
  const made = cache.get(stack) ?? readCertificates(stack);
  cache.set(stack, made);
  return made;
}

function readCertificates(stack: Stack): Certificates {
  const byUrn = new Map<string, CertificateFacts>();
  const byId = new Map<string, CertificateFacts>();
  // What is made now is valid by the time anybody looks at it.
  const now = new Date(Date.now() - 60_000);
  const all = stack.resources.filter(makesCertificate).map((resource) => {
    const certificate = toCertificate(resource, now);
    byUrn.set(resource.urn, certificate);
    for (const id of certificate.ids) byId.set(id, certificate);
    return { resource, certificate };
  });
  return {
    all,
    of: ({ urn }) => byUrn.get(urn),
    byId: (id) => byId.get(id),
    inText: (pem, source) =>
      readPem(pem, source).certificates.map(
        (certificate) => certificate.ids.map((id) => byId.get(id)).find(Boolean) ?? certificate,
      ),
  };
}

/** A file's content: its text, or the certificates in it where resources of the stack have made them. */
export function contentOf(
  certificates: Certificates,
  path: string,
  text: string,
  source: Source,
): Fact<FileContent> {
  const made = text.includes("-----BEGIN CERTIFICATE-----")
    ? certificates.inText(text, source)
    : [];
  const isOurs = made.some(({ ids }) => ids.some((id) => id.startsWith("urn:")));
  return isOurs
    ? known({ kind: "certificates", certificates: made }, source)
    : textFile(path, text, source);
}

function urnId(resource: Resource): string {
  return `urn:${resource.urn}`;
}

/** The facts of one certificate: what its PEM says when there is one, and whatever the inputs say beside it. */
function toCertificate(resource: Resource, now: Date): CertificateFacts {
  const source = { where: describe(resource) };
  const stated = statedCertificate(resource, source, now);
  const pem = field(resource, "certPem");
  const [written] =
    pem.known && typeof pem.value === "string" ? readPem(pem.value, source).certificates : [];
  if (written === undefined) return stated;
  return {
    ...written,
    ids: [...written.ids, ...stated.ids],
    label: stated.label,
    key: mapFact(written.key, (key) => ({
      ...key,
      ids: [...key.ids, ...(stated.key.known ? stated.key.value.ids : [])],
    })),
    signedBy: stated.signedBy,
  };
}

function statedCertificate(resource: Resource, source: Source, now: Date): CertificateFacts {
  const request = requestOf(resource);
  const unseen = unseenNames(request);
  const missing = (what: string) => unknown(`the ${what} of ${describe(resource)}`, source);
  const key = keyOf(request ?? resource);
  const notBefore = timeOf(resource, "validityStartTime") ?? now;
  const hours = field(resource, "validityPeriodHours");
  const end = timeOf(resource, "validityEndTime");
  return {
    ids: [urnId(resource)],
    label: resource.name,
    subject: request ? subjectOf(request) : missing("subject"),
    dnsNames: request ? textsOf(request, "dnsNames") : missing("DNS names"),
    ipAddresses: request ? textsOf(request, "ipAddresses") : missing("IP addresses"),
    ...(unseen !== undefined && { unseen }),
    extendedKeyUsages: mapFact(textsOf(resource, "allowedUses"), extendedUsages),
    isCA: mapFact(field(resource, "isCaCertificate"), (value) => value === true),
    notBefore: known(notBefore, source),
    notAfter: end
      ? known(end, source)
      : hours.known && typeof hours.value === "number"
        ? known(new Date(notBefore.getTime() + hours.value * 3_600_000), source)
        : missing("validity"),
    key: key ?? missing("key"),
    signedBy:
      resource.type === types.selfSigned
        ? known({ certificateIds: [urnId(resource)], ...(key && { keyIds: key.value.ids }) })
        : signerOf(resource),
    source,
  };
}

/** What stands for the names that are not known yet. */
function unseenNames(request: Resource | undefined): CertificateFacts["unseen"] {
  if (request === undefined) return undefined;
  const isOpen = (property: string) => isNotKnown(request, property);
  return {
    ...(isOpen("dnsNames") && { dnsNames: "<DNS name>" }),
    ...(isOpen("ipAddresses") && {
      ipAddresses: unseenIp(request, "ipAddresses") ?? "<IP address>",
    }),
  };
}

/** Whether a property, or a part of it, is not known before it is deployed. */
export function isNotKnown(resource: Resource, ...path: string[]): boolean {
  const value = field(resource, ...path);
  return !value.known || (JSON.stringify(value.value) ?? "").includes(placeholder);
}

/**
 * What stands for the address that a property is made from: whoever it was made by. What was made by the same
 * resources holds the same address, as far as a preview can tell.
 *
 * @returns `undefined` where nothing says where it comes from
 */
export function unseenIp(resource: Resource, property: string): string | undefined {
  const makers = [...new Set(resource.madeFrom(property).map(({ urn }) => urn))].sort();
  return makers.length > 0 ? unknownIpFrom(makers.join(" and ")) : undefined;
}

/** Where subject and names are: in the request of a signed certificate, in a self-signed one itself. */
function requestOf(resource: Resource): Resource | undefined {
  if (resource.type === types.selfSigned) return resource;
  const requests = resource.madeFrom("certRequestPem").filter(({ type }) => type === types.request);
  return requests.length === 1 ? requests[0] : undefined;
}

/** The key by the resource that makes it, for certificates and requests. */
function keyOf(resource: Resource) {
  const keys = resource.madeFrom("privateKeyPem").filter(isPrivateKey);
  const [key] = keys;
  return key === undefined || keys.length > 1 ? undefined : known(keyFacts(key));
}

/** A private key of the stack, by identity alone. */
export function keyFacts(resource: Resource): KeyFacts {
  const algorithm = text(resource, "algorithm");
  return {
    ids: [urnId(resource)],
    ...(algorithm === "RSA" && { algorithm }),
    ...(algorithm === "ECDSA" && { algorithm }),
    ...(algorithm === "ED25519" && { algorithm: "Ed25519" as const }),
  };
}

function signerOf(resource: Resource): Fact<Signer> {
  const makers = resource.madeFrom("caCertPem").filter(makesCertificate);
  const keyIds: Identities = resource.madeFrom("caPrivateKeyPem").filter(isPrivateKey).map(urnId);
  const keys = keyIds.length === 1 ? { keyIds } : {};
  const pem = field(resource, "caCertPem");
  const [written] =
    pem.known && typeof pem.value === "string"
      ? readPem(pem.value, { where: describe(resource), key: "caCertPem" }).certificates
      : [];
  const [maker] = makers;
  const byMaker = maker !== undefined && makers.length === 1 ? [urnId(maker)] : [];
  const certificateIds = [...byMaker, ...(written?.ids ?? [])];
  const request = byMaker.length > 0 && maker ? requestOf(maker) : undefined;
  const subject = written?.subject ?? (request && subjectOf(request));
  return certificateIds.length > 0
    ? known({ certificateIds, ...keys, ...(subject?.known && { subject: subject.value }) })
    : unknown(`the CA that signs ${describe(resource)}`, {
        where: describe(resource),
        key: "caCertPem",
      });
}

function subjectOf(resource: Resource): Fact<DistinguishedName> {
  return mapFact(field(resource, "subject"), (value) => {
    const [only] = asList(value);
    const subject = asObject(value) ?? asObject(only);
    const organization = asText(subject?.organization);
    return {
      commonName: asText(subject?.commonName) ?? "",
      organizations: organization === undefined ? [] : [organization],
    };
  });
}

/** The texts of a list that are known. */
function textsOf(resource: Resource, property: string): Fact<readonly string[]> {
  return mapFact(field(resource, property), (value) =>
    asList(value as Json | undefined).flatMap((item) =>
      typeof item === "string" && item !== placeholder ? [item] : [],
    ),
  );
}

/** tls' names of extended key usages; it has others, and all key usages, in the same list. */
const extendedUsage: Readonly<Record<string, ExtendedKeyUsage>> = {
  any_extended: "any",
  client_auth: "clientAuth",
  server_auth: "serverAuth",
  code_signing: "1.3.6.1.5.5.7.3.3",
  email_protection: "1.3.6.1.5.5.7.3.4",
  timestamping: "1.3.6.1.5.5.7.3.8",
  ocsp_signing: "1.3.6.1.5.5.7.3.9",
};

function extendedUsages(uses: readonly string[]): readonly ExtendedKeyUsage[] | undefined {
  const found = uses.flatMap((use) => extendedUsage[use] ?? []);
  return found.length === 0 ? undefined : found;
}

function timeOf(resource: Resource, property: string): Date | undefined {
  const time = Date.parse(text(resource, property) ?? "");
  return Number.isNaN(time) ? undefined : new Date(time);
}
