/**
 * The serving side: does kube-apiserver accept the certificate that the kubelet presents?
 * Source: kubernetes `pkg/kubelet/client/kubelet_client.go`; Go crypto/tls.
 */
import { type Verification, verifyChain } from "../certificates/verify.ts";
import { type Served, servedBy, unknownNodeName } from "../programs/kubelet/serving-certificate.ts";
import { readPem } from "../readers/pem.ts";
import type { Fact, Source } from "../words/fact.ts";
import { known, unknown, valueOr } from "../words/fact.ts";
import type { ApiServerFacts, CertificateFacts, KubeletFacts } from "../words/facts.ts";
import type { Fails, Outcome } from "../words/verdict.ts";
import { type Dial, dial, dialSources, resolveError } from "./dial.ts";
import { doesNotStart, fails, undecidable } from "./outcome.ts";
import {
  addressRemedies,
  noCertificateRemedies,
  silentSkipRemedies,
  verificationRemedies,
} from "./serving-remedies.ts";

/** The outcome of the serving side, with where kube-apiserver dialled. */
export type ServingResult = {
  readonly outcome: Outcome;
  readonly dial?: Exclude<Dial, { noAddress: string }>;
  /** The error comes before any connection is tried: it stands alone. */
  readonly bare?: true;
};

/** Judges the serving side; the same for every kind of request. */
export function judgeServing(
  kubelet: KubeletFacts,
  apiserver: ApiServerFacts,
  at: Date,
): ServingResult {
  const refused = doesNotStart("kube-apiserver", apiserver.start);
  if (refused) {
    return { outcome: refused };
  }
  const { certificateAuthority } = apiserver.access;
  const dialled = dial(kubelet.node, apiserver.access);
  const kubeletRefuses = doesNotStart("kubelet", kubelet.start);
  if (kubeletRefuses) {
    return {
      outcome: kubeletRefuses,
      ...(dialled.known && "host" in dialled.value && { dial: dialled.value }),
    };
  }
  if (!dialled.known) {
    return { outcome: undecidable([dialled.missing], [dialled.source]) };
  }
  const sources = dialSources(kubelet.node, apiserver.access);
  if ("noAddress" in dialled.value) {
    const reason =
      "None of the node's addresses is of a type that --kubelet-preferred-address-types names.";
    return {
      outcome: fails(dialled.value.noAddress, reason, addressRemedies, sources, 500),
      bare: true,
    };
  }
  const target = dialled.value;
  const unreachable = unreachableOutcome(kubelet, target, sources);
  if (unreachable) {
    return { outcome: unreachable, dial: target };
  }
  if (!certificateAuthority.known) {
    return {
      outcome: undecidable([certificateAuthority.missing], [certificateAuthority.source]),
      dial: target,
    };
  }
  const served = servedByFacts(kubelet, at);
  const outcome =
    certificateAuthority.value === ""
      ? unverified(kubelet, apiserver, served)
      : verified(kubelet, apiserver, served, target, at);
  return { outcome, dial: target };
}

function unreachableOutcome(
  kubelet: KubeletFacts,
  target: Exclude<Dial, { noAddress: string }>,
  sources: readonly Source[],
): Outcome | undefined {
  const unresolved = resolveError(target, kubelet.node);
  if (unresolved !== undefined) {
    const reason = `kube-apiserver cannot resolve ${target.host.text}, the node's ${target.type}.`;
    return fails(unresolved, reason, addressRemedies, sources);
  }
  const { enableServer, port } = kubelet.authentication;
  if (!enableServer.known) {
    return undecidable([enableServer.missing], [enableServer.source]);
  }
  if (enableServer.value) {
    return undefined;
  }
  const remedy = {
    side: "kubelet" as const,
    setting: "enableServer",
    text: "Set enableServer: true (or remove it) in the KubeletConfiguration.",
    changes: [],
  };
  return fails(
    `dial tcp ${joinHostPort(target.ip, valueOr(port, 10250))}: connect: connection refused`,
    "The kubelet's server is turned off (enableServer: false): nothing listens.",
    [remedy],
    enableServer.source ? [enableServer.source] : [],
  );
}

/** host:port, with brackets about an IPv6 address. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What the kubelet serves, from its facts. */
export function servedByFacts(kubelet: KubeletFacts, at: Date): Fact<Served> {
  const gates = kubelet.featureGates;
  return servedBy({
    serving: kubelet.serving,
    node: kubelet.node,
    files: kubelet.files,
    reloads: gates.known ? (gates.value.ReloadKubeletServerCertificateFile ?? true) : true,
    at,
  });
}

function noCertificate(kubelet: KubeletFacts, served: Extract<Served, { kind: "none" }>): Fails {
  const { serving } = kubelet;
  const sources = [
    serving.serverTLSBootstrap.source,
    serving.tlsCertFile.source,
    serving.tlsPrivateKeyFile.source,
  ].filter((source) => source !== undefined);
  return fails(
    "remote error: tls: internal error",
    `The kubelet has no serving certificate to present: ${served.reason}.`,
    noCertificateRemedies(served),
    sources,
  );
}

function unverified(
  kubelet: KubeletFacts,
  { access }: ApiServerFacts,
  served: Fact<Served>,
): Outcome {
  if (served.known && served.value.kind === "none") {
    return noCertificate(kubelet, served.value);
  }
  // Which certificate a path holds does not matter to an apiserver that verifies nothing; whether a
  // requested one was ever issued does.
  if (!served.known && valueOr(kubelet.serving.serverTLSBootstrap, true)) {
    return undecidable([served.missing], [served.source]);
  }
  if (!access.skip.known) {
    return undecidable([access.skip.missing], [access.skip.source]);
  }
  const sources = [access.certificateAuthority.source, access.skip.source].filter(
    (source) => source !== undefined,
  );
  const skip = access.skip.value;
  if (skip) {
    return {
      verdict: "skipped",
      reason: `kube-apiserver does not verify the kubelet's serving certificate, and says why: ${skip.reason}`,
      remedies: [],
      sources,
    };
  }
  // Whether a kubelet signs for itself is what a silent skip is judged by.
  const { tlsCertFile, tlsPrivateKeyFile } = kubelet.serving;
  for (const path of [tlsCertFile, tlsPrivateKeyFile]) {
    if (!path.known) {
      return undecidable([path.missing], [path.source]);
    }
  }
  return {
    verdict: "silentlySkipped",
    reason:
      "kube-apiserver does not verify the kubelet's serving certificate: --kubelet-certificate-authority is absent, and nothing says that this is meant.",
    remedies: silentSkipRemedies(
      served.known && served.value.kind === "chain" && served.value.selfSigned,
    ),
    sources,
  };
}

function verified(
  kubelet: KubeletFacts,
  apiserver: ApiServerFacts,
  served: Fact<Served>,
  target: Exclude<Dial, { noAddress: string }>,
  at: Date,
): Outcome {
  const { certificateAuthority } = apiserver.access;
  if (served.known && served.value.kind === "none") {
    return noCertificate(kubelet, served.value);
  }
  const roots = bundleOf(apiserver.access.certificateAuthority, apiserver);
  if (!served.known || served.value.kind !== "chain") {
    return undecidable(
      [served.known ? "the serving certificate" : served.missing],
      [served.source],
    );
  }
  if (!roots.known) {
    return undecidable([roots.missing], [certificateAuthority.source]);
  }
  const verification = verifyChain(served.value.chain, roots.value, {
    host: target.host,
    usage: "serverAuth",
    at,
  });
  const { hostName } = kubelet.node;
  if (
    verification.result === "error" &&
    verification.complaint === "chain" &&
    !hostName.known &&
    served.value.chain.some(isNameless) &&
    roots.value.some(isCollected)
  ) {
    return undecidable(
      [`${hostName.missing}, whose kubelet.crt may be in the bundle`],
      [certificateAuthority.source],
    );
  }
  return toOutcome(verification, kubelet, apiserver, served.value, target);
}

/** Whether a kubelet made it whose name nobody knows, by flag or otherwise. */
function isNameless({ dnsNames }: CertificateFacts): boolean {
  return dnsNames.known && dnsNames.value.includes(unknownNodeName);
}

/** Whether a kubelet has made it: `<host>@<time>` or `<host>-ca@<time>`. */
function isCollected({ subject }: CertificateFacts): boolean {
  return subject.known && /@\d+$/.test(subject.value.commonName);
}

function toOutcome(
  verification: Verification,
  kubelet: KubeletFacts,
  { access }: ApiServerFacts,
  served: Extract<Served, { kind: "chain" }>,
  target: Exclude<Dial, { noAddress: string }>,
): Outcome {
  const sources = [
    access.certificateAuthority.source,
    access.preferredAddressTypes.source,
    kubelet.serving.tlsCertFile.source,
    kubelet.serving.serverTLSBootstrap.source,
  ].filter((source) => source !== undefined);
  const leaf = served.chain[0]?.label ?? "the serving certificate";
  switch (verification.result) {
    case "ok":
      return {
        verdict: "verified",
        reason: `kube-apiserver verifies ${leaf} against ${valueOr(access.certificateAuthority, "")} and finds ${target.host.text} in it.`,
        remedies: [],
        sources,
      };
    case "unknown":
      return undecidable(verification.missing, sources);
    case "error":
      return fails(
        `tls: failed to verify certificate: ${verification.message}`,
        reasonFor(verification.complaint, served.selfSigned, leaf, target),
        verificationRemedies(verification.complaint, served.selfSigned, target),
        sources,
      );
  }
}

function reasonFor(
  complaint: Extract<Verification, { result: "error" }>["complaint"],
  selfSigned: boolean,
  leaf: string,
  target: Exclude<Dial, { noAddress: string }>,
): string {
  switch (complaint) {
    case "validity":
      return `kube-apiserver verifies kubelets, and ${leaf} is not valid at this time.`;
    case "name":
      return selfSigned
        ? `kube-apiserver dials the node's ${target.type}, and the certificate that the kubelet signed itself names its host name alone.`
        : `kube-apiserver dials the node's ${target.type}, ${target.host.text}, which ${leaf} does not name.`;
    case "chain":
      return selfSigned
        ? "kube-apiserver verifies kubelets against its bundle, and this kubelet signs its own certificate."
        : `No certificate of kube-apiserver's bundle has signed ${leaf}.`;
    case "usage":
      return `${leaf}, or a CA above it, is not meant for servers (extended key usage).`;
  }
}

/** The certificates of a bundle file on the apiserver's host. */
export function bundleOf(
  path: Fact<string>,
  { files }: Pick<ApiServerFacts, "files">,
): Fact<readonly CertificateFacts[]> {
  if (!path.known) {
    return path;
  }
  const file = files(path.value);
  if (!file.known) {
    return unknown(file.missing, file.source);
  }
  switch (file.value.kind) {
    case "certificates":
      return known(file.value.certificates, file.source);
    case "text":
      return known(
        readPem(file.value.text, file.source ?? { where: path.value }).certificates,
        file.source,
      );
    default:
      return known([], file.source);
  }
}
