/**
 * Which serving certificate a kubelet presents.
 * Sources: kubernetes `cmd/kubelet/app/server.go` (InitializeTLS), `pkg/kubelet/kubelet.go` (NewMainKubelet),
 * `pkg/kubelet/certificate/kubelet.go`; client-go `util/certificate`.
 */

import { posix } from "node:path";
import { same } from "../../certificates/identity.ts";
import {
  type PrivateKeyFacts,
  pairError,
  readCertificateInput,
  readKeyInput,
} from "../../certificates/key-pair.ts";
import { parseCertificate } from "../../certificates/x509.ts";
import { canonicalIp, sloppyIp } from "../../go/ip.ts";
import { certificateFacts } from "../../readers/pem.ts";
import type { Fact, Source } from "../../words/fact.ts";
import { known, mapFact, valueOr } from "../../words/fact.ts";
import type {
  CertificateFacts,
  FileContent,
  HostFiles,
  KubeletServing,
  NodeFacts,
  ServingRequest,
} from "../../words/facts.ts";
import type { RefusalKind } from "../../words/refusal.ts";
import { addressesOf, isIpAddress, unknownNodeName } from "../node.ts";

/** A loaded pair: what is presented, leaf first; or why it cannot be loaded, as Go says it. */
export type Pair =
  | { readonly chain: readonly CertificateFacts[] }
  | {
      readonly error: string;
      readonly stage: "read" | "empty" | "pair";
      readonly fault: PairFault;
    };

/** What is wrong with a pair that cannot be loaded. */
export type PairFault = Extract<
  RefusalKind,
  | "missing-file"
  | "unreadable-file"
  | "not-a-file"
  | "empty-file"
  | "malformed-file"
  | "mismatched-pair"
>;

/** Loads a certificate file and a key file as the programs do: read both, then pair them. */
export function loadPair(certFile: string, keyFile: string, files: HostFiles): Fact<Pair> {
  const certificate = files(certFile);
  const key = files(keyFile);
  const readError =
    (certificate.known && readFileError(certFile, certificate.value)) ||
    (certificate.known && key.known && readFileError(keyFile, key.value)) ||
    undefined;
  if (readError !== undefined) {
    const unread = [certificate, key].find((one) => one.known && unreadFault(one.value));
    const fault = (unread?.known && unreadFault(unread.value)) || "missing-file";
    return known({ error: readError, stage: "read", fault });
  }
  if (!certificate.known) {
    return certificate;
  }
  if (isEmpty(certificate.value) || (key.known && isEmpty(key.value))) {
    return known({ error: "", stage: "empty", fault: "empty-file" });
  }
  const presented = presentedBy(certFile, certificate.value, certificate.source);
  if ("error" in presented) {
    return known({ error: presented.error, stage: "pair", fault: "malformed-file" });
  }
  // Where the key is unknown, the pair is taken to match: a certificate is issued to who has its key.
  const mismatch = key.known ? pairMismatch(presented.chain, key.value) : undefined;
  return mismatch === undefined
    ? known({ chain: presented.chain })
    : known({
        error: mismatch,
        stage: "pair",
        fault: mismatch === keyMismatch ? "mismatched-pair" : "malformed-file",
      });
}

const keyMismatch = "tls: private key does not match public key";

function unreadFault({ kind }: FileContent): PairFault | undefined {
  const faults: Readonly<Partial<Record<FileContent["kind"], PairFault>>> = {
    missing: "missing-file",
    unreadable: "unreadable-file",
    directory: "not-a-file",
  };
  return faults[kind];
}

/** What os.ReadFile says of a path; undefined when it can be read. */
export function readFileError(path: string, content: FileContent): string | undefined {
  switch (content.kind) {
    case "missing":
      return `open ${path}: no such file or directory`;
    case "unreadable":
      return `open ${path}: permission denied`;
    case "directory":
      return `read ${path}: is a directory`;
    default:
      return undefined;
  }
}

function isEmpty(content: FileContent): boolean {
  return content.kind === "text" && content.text === "";
}

type Presented = { readonly chain: readonly CertificateFacts[] } | { readonly error: string };

function presentedBy(path: string, content: FileContent, source: Source | undefined): Presented {
  if (content.kind === "certificates") {
    return { chain: content.certificates };
  }
  if (content.kind !== "text") {
    return { error: "tls: failed to find any PEM data in certificate input" };
  }
  const input = readCertificateInput(content.text);
  if ("error" in input) {
    return input;
  }
  const where = source ?? { where: path };
  return {
    chain: input.ders.flatMap((der) => {
      const parsed = parseCertificate(der);
      return parsed.certificate ? [certificateFacts(parsed.certificate, where)] : [];
    }),
  };
}

function pairMismatch(
  chain: readonly CertificateFacts[],
  content: FileContent,
): string | undefined {
  const [leaf] = chain;
  const parsed = leaf?.der && parseCertificate(leaf.der).certificate;
  if (content.kind === "privateKey") {
    return leaf?.key.known &&
      leaf.key.value.ids.length > 0 &&
      content.key.ids.length > 0 &&
      same(leaf.key.value.ids, content.key.ids) === "no"
      ? keyMismatch
      : undefined;
  }
  if (content.kind !== "text") {
    return "tls: failed to find any PEM data in key input";
  }
  const key: PrivateKeyFacts | { error: string } = readKeyInput(content.text);
  if ("error" in key) {
    return key.error;
  }
  return parsed && pairError(parsed, key);
}

/** The certificates that a kubelet makes for itself: a leaf for its host name, and the CA that signs it. */
export function selfSigned(hostName: string, at: Date): CertificateFacts[] {
  // GenerateSelfSignedCertKey: valid from an hour before its first start, for a year.
  const hour = 3600_000;
  const ip = sloppyIp(hostName);
  const [caId, leafId] = [`selfSigned:${hostName}:ca`, `selfSigned:${hostName}:leaf`];
  const validity = {
    notBefore: known(new Date(at.getTime() - hour)),
    notAfter: known(new Date(at.getTime() - hour + 365 * 24 * hour)),
  };
  const issuer = { commonName: `${hostName}-ca@<time>`, organizations: [] };
  const authority: CertificateFacts = {
    ids: [caId],
    label: `the -ca part of kubelet.crt of ${hostName}`,
    subject: known(issuer),
    dnsNames: known([]),
    ipAddresses: known([]),
    extendedKeyUsages: known(undefined),
    isCA: known(true),
    ...validity,
    key: known({ ids: [`${caId}:key`], algorithm: "RSA" }),
    signedBy: known({ certificateIds: [caId], subject: issuer }),
  };
  const leaf: CertificateFacts = {
    ids: [leafId],
    label: `kubelet.crt of ${hostName}`,
    subject: known({ commonName: `${hostName}@<time>`, organizations: [] }),
    // GenerateSelfSignedCertKey puts a host that is an IP address among the IP addresses.
    dnsNames: known(ip === undefined ? [hostName] : []),
    ipAddresses: known(ip === undefined ? [] : [ip]),
    extendedKeyUsages: known(["serverAuth"]),
    isCA: known(false),
    ...validity,
    key: known({ ids: [`${leafId}:key`], algorithm: "RSA" }),
    signedBy: known({ certificateIds: [caId], subject: issuer }),
  };
  return [leaf, authority];
}

/**
 * How a kubelet came by what it serves: `configured` is tlsCertFile's; `requested` was issued for its request;
 * `selfSigned` it made itself: nothing renews it, and only its host name is in it; `placed` is a kubelet.crt in its
 * certificate directory that a CA has issued: nothing renews that either.
 */
export type ServedOrigin = "configured" | "requested" | "selfSigned" | "placed";

/** What stands behind the port: a chain, nothing (every handshake fails), or a kubelet that refuses to start. */
export type Served =
  | {
      readonly kind: "chain";
      readonly chain: readonly CertificateFacts[];
      readonly origin: ServedOrigin;
    }
  | {
      readonly kind: "none";
      readonly reason: string;
      readonly setting: string;
      /** What became of the request, where the kubelet files one; `unseen` where that is not known. */
      readonly request?: ServingRequest["state"] | "unseen";
      /** It waits, and no approver is there that could decide. */
      readonly isUnattended?: boolean;
      /** One of the two files is named alone. */
      readonly isHalfPair?: boolean;
    }
  | {
      readonly kind: "refuses";
      readonly error: string;
      readonly fault: PairFault;
      /** What is wrong with the pair, in Go's words. */
      readonly pairError: string;
      /** Whether the pair is read `once`, or `again` whenever its files change. */
      readonly loaded: "once" | "again";
    };

export type ServedInputs = {
  readonly serving: KubeletServing;
  readonly node: NodeFacts;
  readonly files: HostFiles;
  /** Gate ReloadKubeletServerCertificateFile, on by default since 1.31. */
  readonly reloads: boolean;
  readonly at: Date;
};

/** Decides what a kubelet serves. `refuses` carries the error as NewMainKubelet or InitializeTLS returns it. */
export function servedBy(inputs: ServedInputs): Fact<Served> {
  const { serverTLSBootstrap, tlsCertFile, tlsPrivateKeyFile } = inputs.serving;
  if (!serverTLSBootstrap.known) {
    return serverTLSBootstrap;
  }
  if (!tlsCertFile.known) {
    return tlsCertFile;
  }
  if (!tlsPrivateKeyFile.known) {
    return tlsPrivateKeyFile;
  }
  const [certFile, keyFile] = [tlsCertFile.value, tlsPrivateKeyFile.value];
  if (serverTLSBootstrap.value) {
    return requested(certFile, keyFile, inputs);
  }
  if (certFile === "" && keyFile === "") {
    return selfSigning(inputs);
  }
  if (certFile === "" || keyFile === "") {
    const [given, absent] =
      certFile === "" ? ["tlsPrivateKeyFile", "tlsCertFile"] : ["tlsCertFile", "tlsPrivateKeyFile"];
    return known({
      kind: "none",
      reason: `${given} is set without ${absent}, so the kubelet loads no serving certificate`,
      setting: absent ?? "",
      isHalfPair: true,
    });
  }
  return fromFiles(certFile, keyFile, inputs, () => "configured");
}

function fromFiles(
  certFile: string,
  keyFile: string,
  { files, reloads }: ServedInputs,
  originOf: (leaf: CertificateFacts | undefined) => ServedOrigin,
): Fact<Served> {
  return mapFact(loadPair(certFile, keyFile, files), (pair): Served => {
    if ("chain" in pair) {
      return { kind: "chain", chain: pair.chain, origin: originOf(pair.chain[0]) };
    }
    if (!reloads) {
      const error =
        pair.stage === "empty"
          ? "tls: failed to find any PEM data in certificate input"
          : pair.error;
      return {
        kind: "refuses",
        error: `failed to load certificate: ${error}`,
        fault: pair.fault,
        pairError: error,
        loaded: "once",
      };
    }
    const error =
      pair.stage === "empty"
        ? `missing content for serving cert "kubelet-server-cert-files::${certFile}::${keyFile}"`
        : pair.error;
    return {
      kind: "refuses",
      error: `failed to initialize file based certificate manager: unable to set up dynamic certificate manager for kubelet server cert files: ${error}`,
      fault: pair.fault,
      pairError: error,
      loaded: "again",
    };
  });
}

/** Reuses kubelet.crt and kubelet.key of the certificate directory, or makes them where neither is there. */
function selfSigning(inputs: ServedInputs): Fact<Served> {
  const { certDirectory } = inputs.serving;
  if (!certDirectory.known) {
    return certDirectory;
  }
  const certFile = posix.join(certDirectory.value, "kubelet.crt");
  const keyFile = posix.join(certDirectory.value, "kubelet.key");
  const [certificate, key] = [inputs.files(certFile), inputs.files(keyFile)];
  if (isThere(certificate) || isThere(key)) {
    return fromFiles(certFile, keyFile, inputs, (leaf) =>
      leaf === undefined || isSelfMade(leaf) ? "selfSigned" : "placed",
    );
  }
  const name = valueOr(inputs.node.name, unknownNodeName);
  return known({ kind: "chain", chain: selfSigned(name, inputs.at), origin: "selfSigned" });
}

/** Whether a kubelet made a certificate, as far as its name says: `<host>@<time>`. */
export function isSelfMade({ subject }: CertificateFacts): boolean {
  return !subject.known || /@(\d+|<time>)$/.test(subject.value.commonName);
}

/** The half of a self-signed pair that is missing, as InitializeTLS complains about it. */
export function halfPairError(serving: KubeletServing, files: HostFiles): string | undefined {
  const { serverTLSBootstrap, tlsCertFile, tlsPrivateKeyFile, certDirectory } = serving;
  const selfSigns =
    serverTLSBootstrap.known &&
    !serverTLSBootstrap.value &&
    valueOr(tlsCertFile, "?") === "" &&
    valueOr(tlsPrivateKeyFile, "?") === "";
  if (!selfSigns || !certDirectory.known) {
    return undefined;
  }
  const paths = ["kubelet.crt", "kubelet.key"].map((name) => posix.join(certDirectory.value, name));
  const absent = paths.filter((path) => isAbsent(files(path)));
  const there = paths.filter((path) => isThere(files(path)));
  return absent.length === 1 && there.length === 1
    ? `error reading ${absent[0]}, certificate and key must be supplied as a pair`
    : undefined;
}

function isThere(file: Fact<FileContent>): boolean {
  return file.known && file.value.kind !== "missing" && file.value.kind !== "unreadable";
}

function isAbsent(file: Fact<FileContent>): boolean {
  return file.known && (file.value.kind === "missing" || file.value.kind === "unreadable");
}

/**
 * serverTLSBootstrap: a certificate on disk that has not expired is served; a request is filed only where it
 * does not name the node and all its addresses. A mismatched pair stops the kubelet.
 */
function requested(certFile: string, keyFile: string, inputs: ServedInputs): Fact<Served> {
  const onDisk = storedPair(certFile, keyFile, inputs);
  if (onDisk && !onDisk.known) {
    return onDisk;
  }
  if (onDisk && "error" in onDisk.value) {
    return known({
      kind: "refuses",
      error: `failed to initialize certificate manager: failed to initialize server certificate manager: ${onDisk.value.error}`,
      fault: onDisk.value.fault,
      pairError: onDisk.value.error,
      loaded: "again",
    });
  }
  const stored = onDisk && "chain" in onDisk.value ? onDisk.value : undefined;
  const leaf = stored?.chain[0];
  const current = stored && leaf && !isExpired(leaf, inputs.at) ? stored : undefined;
  if (current && leaf && satisfiesRequest(leaf, inputs.node)) {
    return known({ kind: "chain", chain: current.chain, origin: current.origin });
  }
  return issued(current, inputs);
}

function issued(current: Stored | undefined, { serving, node }: ServedInputs): Fact<Served> {
  const { request } = serving;
  if (!request.known) {
    return request;
  }
  if (request.value.state === "issued" && hasIp(node)) {
    return known({ kind: "chain", chain: request.value.chain, origin: "requested" });
  }
  if (current) {
    return known({ kind: "chain", chain: current.chain, origin: current.origin });
  }
  return known(withoutCertificate(request.value));
}

/** Nothing is served, for what became of a request. */
export function withoutCertificate(request: ServingRequest): Extract<Served, { kind: "none" }> {
  const reasons = {
    issued: "the node has no IP address, and a kubelet requests no certificate without one",
    pending: "the kubelet's request for a serving certificate is not approved",
    denied: "the kubelet's request for a serving certificate was denied",
    neverIssued: "no signer takes up the kubelet's approved request for a serving certificate",
  };
  return {
    kind: "none",
    reason: reasons[request.state] + because(request),
    setting: "serverTLSBootstrap",
    request: request.state,
    isUnattended: request.state === "pending" && request.because === undefined,
  };
}

function because(request: ServingRequest): string {
  return "because" in request && request.because !== undefined ? `: ${request.because}` : "";
}

function hasIp(node: NodeFacts): boolean {
  return addressesOf(node).some(isIpAddress);
}

type Stored = { readonly chain: readonly CertificateFacts[]; readonly origin: ServedOrigin };

/** The first of: kubelet-server-current.pem, the configured pair, kubelet-server.crt with its key. */
function storedPair(
  certFile: string,
  keyFile: string,
  { serving, files }: ServedInputs,
): Fact<Stored | Extract<Pair, { error: string }>> | undefined {
  const directory = valueOr(serving.certDirectory, "");
  const store = (name: string) => posix.join(directory, name);
  const candidates = [
    [store("kubelet-server-current.pem"), store("kubelet-server-current.pem"), "requested"],
    [certFile, keyFile, "configured"],
    [store("kubelet-server.crt"), store("kubelet-server.key"), "requested"],
  ] as const;
  for (const [certificate, key, origin] of candidates) {
    if (certificate !== "" && key !== "" && isThere(files(certificate)) && !isAbsent(files(key))) {
      return mapFact(loadPair(certificate, key, files), (pair) =>
        "chain" in pair ? { ...pair, origin } : pair,
      );
    }
  }
  // A configured pair whose files are not described may be there or not.
  const configured = certFile === "" || keyFile === "" ? undefined : files(certFile);
  return configured && !configured.known ? configured : undefined;
}

function isExpired(leaf: CertificateFacts, at: Date): boolean {
  return leaf.notAfter.known && at >= leaf.notAfter.value;
}

/** Whether the kubelet keeps a certificate instead of requesting another. */
function satisfiesRequest(leaf: CertificateFacts, node: NodeFacts): boolean {
  if (!node.name.known || !node.addresses.known) {
    return true;
  }
  const subject = valueOr(leaf.subject, undefined);
  const names: readonly string[] = valueOr(leaf.dnsNames, []);
  const ips = valueOr(leaf.ipAddresses, []).map(canonicalIp);
  return (
    subject?.commonName === `system:node:${node.name.value}` &&
    subject.organizations.includes("system:nodes") &&
    addressesOf(node).every(({ type, address }) => {
      const ip = canonicalIp(address);
      return ip === undefined ? type.endsWith("IP") || names.includes(address) : ips.includes(ip);
    })
  );
}
