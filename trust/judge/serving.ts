/**
 * The serving side: does a caller accept the certificate that the kubelet presents?
 * Source: kubernetes `pkg/kubelet/client/kubelet_client.go`; Go crypto/tls.
 */
import {
  type Complaint,
  complaintsAbout,
  type Host,
  type Verification,
  verifyChain,
} from "../certificates/verify.ts";
import { canonicalIp, isLoopback, isUnspecified, sloppyIp } from "../go/ip.ts";
import { servedAsSeen } from "../programs/kubelet/presented.ts";
import {
  type Served,
  type ServedOrigin,
  servedBy,
} from "../programs/kubelet/serving-certificate.ts";
import { addressesOf, isIpAddress, isPlaceholder, unknownNodeName } from "../programs/node.ts";
import type { Fact, Source } from "../words/fact.ts";
import { known, valueOr } from "../words/fact.ts";
import type { CallerFacts, CertificateFacts, KubeletFacts } from "../words/facts.ts";
import { notMeant, reasonOfSkip } from "../words/skip.ts";
import type { Cause, Fails, Outcome } from "../words/verdict.ts";
import { bundleOf, holdsAuthority, isCollected } from "./bundle.ts";
import { type Dial, dial, dialSources, resolveError } from "./dial.ts";
import { doesNotStart, fails, present, undecidable } from "./outcome.ts";
import { servingAsSeen, unknownSituation } from "./seen-serving.ts";
import {
  addressRemedies,
  noCertificateRemedies,
  nodeIpRemedy,
  type Situation,
  silentSkipRemedies,
  verificationRemedies,
} from "./serving-remedies.ts";
import { settingsOf } from "./settings.ts";

/** Where a caller dials. */
type Target = Exclude<Dial, { noAddress: string }>;

/** The outcome of the serving side, with where the caller dialled. */
export type ServingResult = {
  readonly outcome: Outcome;
  readonly dial?: Target;
  /** The error comes before any connection is tried: it stands alone. */
  readonly bare?: true;
  /** kube-apiserver waits as well, and puts no words of its own before the symptom. */
  readonly silent?: true;
};

/** Judges the serving side; the same for every kind of request. What was seen of it decides. */
export function judgeServing(kubelet: KubeletFacts, caller: CallerFacts, at: Date): ServingResult {
  const result = judgeRead(kubelet, caller, at);
  const { called } = kubelet;
  if (called === undefined || caller.program !== "kube-apiserver") return result;
  const { dial: target, outcome } = result;
  const served = servedByFacts(kubelet, at);
  const [origin, chain] = chainOf(served);
  const situation = target
    ? situationOf({ kubelet, caller, served, target, at }, origin, chain)
    : unknownSituation(caller, "address");
  return {
    ...result,
    outcome: servingAsSeen(outcome, called, caller, situation),
    ...("silence" in called && { silent: true }),
  };
}

/** Judges the serving side by what was read. */
function judgeRead(kubelet: KubeletFacts, caller: CallerFacts, at: Date): ServingResult {
  const refused = doesNotStart(caller.program, caller.start);
  if (refused) {
    return { outcome: refused };
  }
  const { certificateAuthority } = caller.access;
  const dialled = dial(kubelet.node, caller.access);
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
  const sources = dialSources(kubelet.node, caller.access);
  if ("noAddress" in dialled.value) {
    return { outcome: unaddressed(kubelet, caller, dialled.value.noAddress, sources), bare: true };
  }
  const target = dialled.value;
  const unreachable = unreachableOutcome(kubelet, caller, target, sources);
  if (unreachable) {
    return { outcome: unreachable, dial: target };
  }
  if (!certificateAuthority.known) {
    return {
      outcome: undecidable([certificateAuthority.missing], [certificateAuthority.source]),
      dial: target,
    };
  }
  const pair: Pair = { kubelet, caller, served: servedByFacts(kubelet, at), target, at };
  return {
    outcome: certificateAuthority.value === "" ? unverified(pair) : verified(pair),
    dial: target,
  };
}

/** A kubelet, its caller, and what is known between them. */
type Pair = {
  readonly kubelet: KubeletFacts;
  readonly caller: CallerFacts;
  readonly served: Fact<Served>;
  readonly target: Target;
  readonly at: Date;
};

function unreachableOutcome(
  kubelet: KubeletFacts,
  { program }: CallerFacts,
  target: Target,
  sources: readonly Source[],
): Outcome | undefined {
  const unresolved = resolveError(target, kubelet.node);
  if (unresolved !== undefined) {
    return fails(unresolved, {
      cause: "unresolvable-name",
      reason: `${program} cannot resolve ${target.host.text}, the node's ${target.type}.`,
      remedies: addressRemedies(program),
      sources,
    });
  }
  const { enableServer, port, address } = kubelet.authentication;
  // What presents something, if only the lack of a certificate, listens.
  const isSeen = kubelet.serving.presented !== undefined;
  if (isSeen && !(enableServer.known && address.known)) {
    return undefined;
  }
  if (!enableServer.known) {
    return undecidable([enableServer.missing], [enableServer.source]);
  }
  const refused = `dial tcp ${joinHostPort(target.ip, valueOr(port, 10250))}: connect: connection refused`;
  if (!enableServer.value) {
    return fails(refused, {
      cause: "server-off",
      reason: "The kubelet's server is turned off (enableServer: false): nothing listens.",
      remedies: [
        {
          side: "kubelet",
          setting: "enableServer",
          text: "Set enableServer: true (or remove it) in the KubeletConfiguration.",
          changes: [{ do: "remove", side: "kubelet", setting: "enableServer" }],
        },
      ],
      sources: [enableServer.source],
    });
  }
  if (!address.known) {
    return undecidable([address.missing], [address.source]);
  }
  return listensAt(address.value, target.ip)
    ? undefined
    : fails(refused, {
        cause: "listens-elsewhere",
        reason: `The kubelet listens at ${address.value} alone, and ${program} dials ${target.ip}.`,
        remedies: [
          {
            side: "kubelet",
            setting: "address",
            text: "Remove address from the KubeletConfiguration: the kubelet then listens at every address of its machine.",
            changes: [{ do: "remove", side: "kubelet", setting: "address" }],
          },
        ],
        sources: [address.source],
      });
}

/** Whether a listener at one address gets what is sent to another; an address that is unknown may be the same. */
function listensAt(address: string, dialled: string): boolean {
  if (isUnspecified(address)) return true;
  return isPlaceholder(dialled) ? !isLoopback(address) : sloppyIp(address) === canonicalIp(dialled);
}

/** host:port, with brackets about an IPv6 address. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What was found to be served, by kubelet and moment: every caller asks for it. */
const servedBefore = new WeakMap<KubeletFacts, { at: number; served: Fact<Served> }>();

function unaddressed(
  { node: { refusedIp } }: KubeletFacts,
  { program }: CallerFacts,
  symptom: string,
  sources: readonly Source[],
): Fails {
  return fails(symptom, {
    cause: "no-preferred-address",
    reason: refusedIp
      ? `The kubelet refuses --node-ip ${refusedIp.ip}, ${refusedIp.kind}, and reports no address of its node.`
      : `None of the node's addresses is of a type that ${settingsOf[program].addressTypes ?? program} names.`,
    remedies: refusedIp ? [nodeIpRemedy] : addressRemedies(program),
    sources,
    httpStatus: 500,
  });
}

/** What the kubelet serves, from its facts. */
export function servedByFacts(kubelet: KubeletFacts, at: Date): Fact<Served> {
  const before = servedBefore.get(kubelet);
  if (before?.at === at.getTime()) {
    return before.served;
  }
  const gates = kubelet.featureGates;
  const derived = servedBy({
    serving: kubelet.serving,
    node: kubelet.node,
    files: kubelet.files,
    reloads: gates.known ? (gates.value.ReloadKubeletServerCertificateFile ?? true) : true,
    at,
  });
  const { presented } = kubelet.serving;
  const served = presented ? known(servedAsSeen(presented, derived, kubelet.serving)) : derived;
  servedBefore.set(kubelet, { at: at.getTime(), served });
  return served;
}

const requestCauses = {
  issued: "no-node-ip",
  pending: "csr-pending",
  denied: "csr-denied",
  neverIssued: "csr-never-issued",
  unseen: "no-certificate",
} as const;

function noCertificate(pair: Pair, served: Extract<Served, { kind: "none" }>): Fails {
  const { serving, files } = pair.kubelet;
  const { request, isUnattended } = served;
  const asked = request && requestCauses[request];
  // Half a pair: its certificate, where that is the half, is what would be served.
  const half = bundleOf(serving.tlsCertFile, { files });
  const chain = request === undefined ? valueOr(half, []) : [];
  const origin = request === undefined ? "configured" : "requested";
  return fails("remote error: tls: internal error", {
    cause: isUnattended ? "no-approver" : (asked ?? "half-pair"),
    reason: `The kubelet has no serving certificate to present: ${served.reason}.`,
    remedies: noCertificateRemedies(served, situationOf(pair, origin, chain)),
    sources: [
      serving.serverTLSBootstrap.source,
      serving.tlsCertFile.source,
      serving.tlsPrivateKeyFile.source,
    ],
  });
}

/** What there is to mend about a chain. */
function situationOf(
  { kubelet, caller, target, at }: Pair,
  origin: ServedOrigin,
  chain: readonly CertificateFacts[],
): Situation {
  const { certificateAuthority } = caller.access;
  const verifies = valueOr(certificateAuthority, "") !== "";
  const bundle = verifies ? bundleOf(certificateAuthority, caller) : undefined;
  const roots = bundle?.known ? bundle.value : undefined;
  const about = (host: Host): ReadonlySet<Complaint> =>
    complaintsAbout(chain, roots, { host, usage: "serverAuth", at });
  const other = addressesOf(kubelet.node).find(
    (one) =>
      one.type !== target.type &&
      !isPlaceholder(one.address) &&
      !about({ text: one.address, isIp: isIpAddress(one), placeholder: false }).has("name"),
  );
  return {
    caller: caller.program,
    origin,
    complaints: about(target.host),
    verifies,
    hasAuthority: roots !== undefined && holdsAuthority(roots),
    type: target.type,
    otherType: other?.type,
  };
}

function unverified(pair: Pair): Outcome {
  const { kubelet, caller, served } = pair;
  const { access, program } = caller;
  if (served.known && served.value.kind === "none") {
    return noCertificate(pair, served.value);
  }
  // Which certificate a path holds does not matter to a caller that verifies nothing; whether a requested one was ever
  // issued does.
  if (!served.known && valueOr(kubelet.serving.serverTLSBootstrap, true)) {
    return undecidable([served.missing], [served.source]);
  }
  if (!access.skip.known) {
    return undecidable([access.skip.missing], [access.skip.source]);
  }
  const sources = present([access.certificateAuthority.source, access.skip.source]);
  const meant = reasonOfSkip(access.skip.value);
  if (meant !== undefined) {
    return {
      verdict: "skipped",
      cause: "nothing-verified",
      reason: `${program} does not verify the kubelet's serving certificate, and says why: ${meant}`,
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
  const [origin, chain] = chainOf(served);
  return {
    verdict: "silentlySkipped",
    cause: "nothing-verified",
    reason: `${program} does not verify the kubelet's serving certificate: ${settingsOf[program].unverified}, and ${notMeant(access.skip.value)}.`,
    remedies: silentSkipRemedies(situationOf(pair, origin, chain)),
    sources,
  };
}

/** A served chain, and how the kubelet came by it; none where that is not known. */
function chainOf(served: Fact<Served>): readonly [ServedOrigin, readonly CertificateFacts[]] {
  return served.known && served.value.kind === "chain"
    ? [served.value.origin, served.value.chain]
    : ["configured", []];
}

function verified(pair: Pair): Outcome {
  const { kubelet, caller, served, target, at } = pair;
  const { certificateAuthority } = caller.access;
  if (served.known && served.value.kind === "none") {
    return noCertificate(pair, served.value);
  }
  const roots = bundleOf(certificateAuthority, caller);
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
  return toOutcome(verification, pair, served.value);
}

/** Whether a kubelet of unknown host name signed it. */
function isNameless({ dnsNames }: CertificateFacts): boolean {
  return dnsNames.known && dnsNames.value.includes(unknownNodeName);
}

function toOutcome(
  verification: Verification,
  pair: Pair,
  served: Extract<Served, { kind: "chain" }>,
): Outcome {
  const { kubelet, caller, target } = pair;
  const { access, program } = caller;
  const sources = present([
    access.certificateAuthority.source,
    access.preferredAddressTypes.source,
    kubelet.serving.tlsCertFile.source,
    kubelet.serving.serverTLSBootstrap.source,
  ]);
  const leaf = served.chain[0]?.label ?? "the serving certificate";
  switch (verification.result) {
    case "ok":
      return {
        verdict: "verified",
        cause: "verified",
        reason: `${program} verifies ${leaf} against ${valueOr(access.certificateAuthority, "")} and finds ${target.host.text} in it.`,
        remedies: [],
        sources,
      };
    case "unknown":
      return undecidable(verification.missing, sources);
    case "error":
      return fails(`tls: failed to verify certificate: ${verification.message}`, {
        cause: causeOf(verification.complaint, served.chain[0], target.host),
        reason: reasonFor(verification.complaint, pair, served.origin, leaf),
        remedies: verificationRemedies(situationOf(pair, served.origin, served.chain)),
        sources,
      });
  }
}

function causeOf(complaint: Complaint, leaf: CertificateFacts | undefined, host: Host): Cause {
  switch (complaint) {
    case "validity":
      return "not-valid-now";
    case "name":
      return host.isIp && leaf && valueOr(leaf.ipAddresses, ["?"]).length === 0
        ? "no-ip-sans"
        : "wrong-name";
    case "chain":
      return "unknown-authority";
    case "constraint":
      return "name-constraint";
    case "usage":
      return "wrong-usage";
  }
}

function reasonFor(
  complaint: Complaint,
  { caller: { program }, target }: Pair,
  origin: ServedOrigin,
  leaf: string,
): string {
  const selfSigned = origin === "selfSigned";
  switch (complaint) {
    case "validity":
      return `${program} verifies kubelets, and ${leaf} is not valid at this time.`;
    case "name":
      return selfSigned
        ? `${program} dials the node's ${target.type}, and the certificate that the kubelet signed itself names its host name alone.`
        : `${program} dials the node's ${target.type}, ${target.host.text}, which ${leaf} does not name.`;
    case "chain":
      return selfSigned
        ? `${program} verifies kubelets against its bundle, and this kubelet signs its own certificate.`
        : `No certificate of ${program}'s bundle has signed ${leaf}.`;
    case "constraint":
      return `A CA above ${leaf} may not sign for its names: its name constraints forbid it.`;
    case "usage":
      return `${leaf}, or a CA above it, is not meant for servers (extended key usage).`;
  }
}
