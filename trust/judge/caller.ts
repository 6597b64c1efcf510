/**
 * Other programs that call kubelets, judged by the serving side that kube-apiserver is judged by, with defaults of their
 * own; they authenticate by a token, which the kubelet hands to kube-apiserver.
 * Sources: metrics-server `pkg/scraper/client/config.go`, `cmd/metrics-server/app/options/kubelet_client.go`;
 * prometheus `discovery/kubernetes/node.go` (nodeAddress); VictoriaMetrics `lib/promscrape/discovery/kubernetes/node.go`;
 * opentelemetry-collector-contrib `internal/kubelet/client.go`; datadog-agent `pkg/util/kubernetes/kubelet/kubelet_client.go`;
 * Grafana Alloy's `prometheus.scrape`, which is Prometheus.
 */
import { kubeadmPkiDirectory } from "../kubeadm/pki.ts";
import type { CallerPiece, CallerProgram } from "../readers/piece.ts";
import { known, mapFact, type Source, type Unknown, valueOr } from "../words/fact.ts";
import type { CallerFacts, FileContent, HostFiles, KubeletFacts } from "../words/facts.ts";
import type { Remedy } from "../words/remedy.ts";
import { notMeant, skipOf } from "../words/skip.ts";
import type { VerdictWord } from "../words/verdict.ts";
import { defaultPreferredAddressTypes } from "../words/vocabulary.ts";
import { joinHostPort, judgeServing, type ServingResult } from "./serving.ts";

/** A caller with the files that it sees. */
export type Caller = {
  readonly piece: CallerPiece;
  readonly files: HostFiles;
  /** Unknown where it is not known whether its token is one that kube-apiserver takes. */
  readonly token?: Unknown;
  /** Why the file that it takes its token from is not in its pod, where that is known. */
  readonly tokenless?: string;
};

/** What happens when a caller scrapes a kubelet. */
export type CallerOutcome = {
  readonly verdict: VerdictWord;
  /** What its log says. */
  readonly symptom?: string;
  readonly reason: string;
  /** Most preferred first, a sentence each. */
  readonly remedies: readonly string[];
  readonly sources: readonly Source[];
};

/** Where every pod finds the cluster's CA. */
const clusterAuthority = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

type Program = {
  readonly addressTypes: readonly string[];
  /** What it verifies with when it is not told. */
  readonly authority: string;
  readonly skipSetting: string;
  /** What it asks a kubelet for. */
  readonly path: string;
  /** The kind of request that this is. */
  readonly asks: "metrics" | "stats" | "pods";
  /** What it says of an answer that is no success. */
  readonly refused: (status: string) => string;
  /** What it says of a certificate that it does not accept, where it has other words than Go's HTTP client. */
  readonly handshake?: string;
  /** What it says of a node that it finds no address of; absent where it passes such a node over. */
  readonly noAddress?: (types: readonly string[]) => string;
};

/** What it verifies with by default where that is the machine's own list of public CAs. */
const publicAuthorities = "the public CAs of its image";

/** The callers by their own defaults. */
export const callerPrograms: Readonly<Record<CallerProgram, Program>> = {
  "metrics-server": {
    addressTypes: defaultPreferredAddressTypes,
    authority: clusterAuthority,
    skipSetting: "--kubelet-insecure-tls",
    path: "/metrics/resource",
    asks: "metrics",
    refused: (status) => `request failed, status: ${JSON.stringify(status)}`,
    noAddress: (types) => `no address matched types [${types.join(" ")}]`,
  },
  prometheus: {
    addressTypes: ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "Hostname"],
    authority: publicAuthorities,
    skipSetting: "insecureSkipVerify",
    path: "/metrics",
    asks: "metrics",
    refused: (status) => `server returned HTTP status ${status}`,
  },
  vmagent: {
    addressTypes: ["InternalIP", "ExternalIP", "LegacyHostIP", "Hostname"],
    authority: publicAuthorities,
    skipSetting: "insecureSkipVerify",
    path: "/metrics",
    asks: "metrics",
    refused: (status) => `unexpected status code returned: ${status}`,
  },
  "otel-collector": {
    addressTypes: ["InternalIP"],
    authority: clusterAuthority,
    skipSetting: "insecure_skip_verify",
    path: "/stats/summary",
    asks: "stats",
    refused: (status) => `kubelet request GET /stats/summary failed - ${JSON.stringify(status)}`,
  },
  "datadog-agent": {
    addressTypes: ["InternalIP"],
    authority: clusterAuthority,
    skipSetting: "DD_KUBELET_TLS_VERIFY=false",
    path: "/spec",
    asks: "metrics",
    refused: (status) => `unexpected status code ${status.split(" ")[0]}`,
  },
  "grafana-alloy": {
    addressTypes: ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "Hostname"],
    authority: publicAuthorities,
    skipSetting: "insecure_skip_verify",
    path: "/metrics",
    asks: "metrics",
    refused: (status) => `server returned HTTP status ${status}`,
  },
  "fluent-bit": {
    addressTypes: ["Hostname"],
    authority: clusterAuthority,
    skipSetting: "tls.verify Off",
    path: "/pods",
    asks: "pods",
    refused: (status) => `HTTP Status: ${status.split(" ")[0]}`,
    handshake: "certificate verify failed",
  },
  telegraf: {
    addressTypes: ["InternalIP"],
    authority: publicAuthorities,
    skipSetting: "insecure_skip_verify",
    path: "/stats/summary",
    asks: "stats",
    refused: (status) => `returned HTTP status ${status}`,
  },
  metricbeat: {
    addressTypes: ["Hostname"],
    authority: publicAuthorities,
    skipSetting: "ssl.verification_mode: none",
    path: "/stats/summary",
    asks: "stats",
    refused: (status) => `HTTP error ${status.split(" ")[0]} in : ${status}`,
  },
};

/**
 * Whether a caller accepts the kubelet's serving certificate. Pure; never throws.
 *
 * @param shared what lies on every machine of the cluster; its CA is what pods get
 */
export function judgeCaller(
  kubelet: KubeletFacts,
  caller: Caller,
  shared: HostFiles,
  at: Date,
): CallerOutcome {
  const { piece } = caller;
  const { label, program, refusal, origin } = piece;
  const { source } = origin;
  const own = callerPrograms[program];
  const access = accessOf(piece);
  const bundle = access.certificateAuthority;
  if (refusal !== undefined) {
    return {
      verdict: "doesNotStart",
      symptom: refusal.says,
      reason: `${label} exits at once.`,
      remedies: [`(${program}) ${refusal.remedy}`],
      sources: [source],
    };
  }
  if (piece.isPlain && isAskedAtServer(piece, kubelet)) return withoutTls(piece);
  const serving = servingTo(kubelet, caller, shared, at);
  const { outcome } = serving;
  const elsewhere = asksElsewhere(piece, kubelet, serving, own);
  if (elsewhere) return elsewhere;
  const told = { sources: outcome.sources.length > 0 ? outcome.sources : [source] };
  switch (outcome.verdict) {
    case "fails":
      return {
        ...told,
        verdict: outcome.verdict,
        symptom: seen(serving, outcome.symptom, kubelet, {
          ...own,
          addressTypes: valueOr(access.preferredAddressTypes, own.addressTypes),
        }),
        reason: `${label} verifies kubelets against ${bundle.known ? bundle.value : "its CA"}, and its handshake with this one fails.`,
        remedies: closing(outcome.remedies).map((remedy) => said(remedy, program)),
      };
    case "silentlySkipped":
      return {
        ...told,
        verdict: outcome.verdict,
        reason: `${label} does not verify the kubelet's serving certificate (${own.skipSetting}), and ${notMeant(valueOr(access.skip, undefined))}.`,
        remedies: [
          ...closing(outcome.remedies).map(
            (remedy) => `${said(remedy, program)} Then remove ${own.skipSetting}.`,
          ),
          "Annotate the workload with kubelet-trust/kubelet-serving-verification: skip and kubelet-trust/reason.",
        ],
      };
    case "skipped":
      return {
        ...told,
        verdict: outcome.verdict,
        reason: `${label} does not verify the kubelet's serving certificate, on purpose.`,
        remedies: [],
      };
    case "undecidable":
      return {
        ...told,
        verdict: outcome.verdict,
        reason: outcome.reason,
        remedies: [`Supply ${outcome.missing.join("; ")}.`],
      };
    default:
      return { ...told, verdict: outcome.verdict, reason: outcome.reason, remedies: [] };
  }
}

/** Whether it asks at the port where kubelets speak TLS. */
function isAskedAtServer({ port }: CallerPiece, { authentication }: KubeletFacts): boolean {
  const own = authentication.port;
  return port === undefined || (port.known && own.known && port.value === own.value);
}

/** Source: Go `net/http/server.go` (a request in the clear is answered by 400), metrics-server `scraper/client`. */
function withoutTls({ label, program, origin }: CallerPiece): CallerOutcome {
  return {
    verdict: "fails",
    symptom: callerPrograms[program].refused("400 Bad Request"),
    reason: `${label} speaks no TLS (--deprecated-kubelet-completely-insecure), and the kubelet speaks nothing else at its port.`,
    remedies: [`(${program}) Remove --deprecated-kubelet-completely-insecure.`],
    sources: [origin.source],
  };
}

/** What a kubelet serves, and whether a caller that starts accepts it; with the ways out. Pure; never throws. */
export function servingTo(
  kubelet: KubeletFacts,
  { piece, files }: Caller,
  shared: HostFiles,
  at: Date,
): ServingResult {
  const { program, label } = piece;
  const access = accessOf(piece);
  const empty: FileContent = { kind: "certificates", certificates: [] };
  return judgeServing(
    kubelet,
    {
      program,
      label,
      start: known({ starts: true }),
      access,
      files: (path) => {
        if (path === publicAuthorities) return known(empty);
        const file = files(path);
        return path === clusterAuthority && !file.known
          ? shared(`${kubeadmPkiDirectory}/ca.crt`)
          : file;
      },
    },
    at,
  );
}

/** The ways out that leave nothing unverified. */
export function closing(remedies: readonly Remedy[]): readonly Remedy[] {
  return remedies.filter(({ changes }) => !changes.some((change) => change.do === "saySkip"));
}

function said({ side, text }: Remedy, program: CallerProgram): string {
  return `(${side === "caller" ? program : side}) ${text}`;
}

/** How a caller reaches kubelets, with its own defaults. */
export function accessOf({
  program,
  verification,
  addressTypes,
  origin: { annotations, source },
}: CallerPiece): CallerFacts["access"] {
  const own = callerPrograms[program];
  const bundle = mapFact(verification, (told) => {
    if (told.skip) return "";
    return told.caFile === "" ? own.authority : told.caFile;
  });
  return {
    certificateAuthority: bundle.known ? known(bundle.value, source) : bundle,
    clientCertificate: known(""),
    clientKey: known(""),
    preferredAddressTypes: addressTypes ?? known(own.addressTypes),
    skip: skipOf(annotations, source),
  };
}

/** What comes of asking at another port than the kubelet's, once the node's name is found. */
function asksElsewhere(
  { label, program, port, origin }: CallerPiece,
  { authentication }: KubeletFacts,
  { dial, outcome }: ServingResult,
  { path }: Program,
): CallerOutcome | undefined {
  const own = authentication.port;
  if (dial === undefined || outcome.cause === "unresolvable-name") return undefined;
  if (!port?.known || !own.known || port.value === own.value) return undefined;
  const url = `https://${joinHostPort(dial.host.text, port.value)}${path}`;
  return {
    verdict: "fails",
    symptom: `Get "${url}": dial tcp ${joinHostPort(dial.ip, port.value)}: connect: connection refused`,
    reason: `${label} asks at port ${port.value}, and the kubelet listens at ${own.value}.`,
    remedies: [
      `(${program}) Set --kubelet-use-node-status-port, so that it asks where the node's status says.`,
    ],
    sources: [origin.source, own.source].filter((source) => source !== undefined),
  };
}

/** An error of the connection in the words of Go's HTTP client, which both programs are built on. */
function seen(
  { dial, bare }: ServingResult,
  error: string,
  { authentication, node }: KubeletFacts,
  { path, noAddress, addressTypes, handshake }: Program,
): string {
  if (handshake !== undefined && error.includes("x509")) return handshake;
  if (bare) return noAddress?.(addressTypes) ?? error;
  const host = dial?.host.text ?? valueOr(node.name, "<node>");
  const port = valueOr(authentication.port, 10_250);
  return `Get "https://${joinHostPort(host, port)}${path}": ${error}`;
}
