/**
 * Other programs that call kubelets, judged by the serving side that kube-apiserver is judged by, with defaults of their
 * own; they authenticate by a token, which the kubelet hands to kube-apiserver.
 * Sources: metrics-server `pkg/scraper/client/config.go`, `cmd/metrics-server/app/options/kubelet_client.go`;
 * prometheus `discovery/kubernetes/node.go` (nodeAddress).
 */
import { kubeadmPkiDirectory } from "../kubeadm/pki.ts";
import type { CallerPiece, CallerProgram } from "../readers/piece.ts";
import { type Fact, known, mapFact, type Source, unknown, valueOr } from "../words/fact.ts";
import type {
  AuthorizerFacts,
  CallerFacts,
  FileContent,
  HostFiles,
  Identity,
  KubeletFacts,
  RbacFacts,
} from "../words/facts.ts";
import { skipOf } from "../words/skip.ts";
import { type VerdictWord, works } from "../words/verdict.ts";
import { defaultPreferredAddressTypes } from "../words/vocabulary.ts";
import { authenticate } from "./authenticate.ts";
import { answer } from "./client.ts";
import { joinHostPort, judgeServing, type ServingResult } from "./serving.ts";
import { anyPod } from "./symptoms.ts";

/** A caller with the files that it sees. */
export type Caller = { readonly piece: CallerPiece; readonly files: HostFiles };

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
  /** What it says of an answer that is no success. */
  readonly refused: (status: string) => string;
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
    refused: (status) => `request failed, status: ${JSON.stringify(status)}`,
    noAddress: (types) => `no address matched types [${types.join(" ")}]`,
  },
  prometheus: {
    addressTypes: ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "Hostname"],
    authority: publicAuthorities,
    skipSetting: "insecureSkipVerify",
    path: "/metrics",
    refused: (status) => `server returned HTTP status ${status}`,
  },
};

/**
 * Whether a caller accepts the kubelet's serving certificate. Pure; never throws.
 *
 * @param shared what lies on every machine of the cluster; its CA is what pods get
 */
export function judgeCaller(
  kubelet: KubeletFacts,
  { piece, files }: Caller,
  shared: HostFiles,
  at: Date,
): CallerOutcome {
  const { label, program, refusal, origin } = piece;
  const { source } = origin;
  const own = callerPrograms[program];
  const access = accessOf(piece);
  const bundle = access.certificateAuthority;
  if (refusal !== undefined) {
    return {
      verdict: "doesNotStart",
      symptom: refusal,
      reason: `${label} exits at once.`,
      remedies: [`(${program}) Remove one of the flags that it names.`],
      sources: [source],
    };
  }
  const empty: FileContent = { kind: "certificates", certificates: [] };
  const serving = judgeServing(
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
        remedies: [
          "(kubelet) Set serverTLSBootstrap: true, with an approver for signer kubernetes.io/kubelet-serving, or issue a serving certificate that names the node's addresses.",
          `(${program}) Let it verify against the CA that issues the kubelets' serving certificates.`,
        ],
      };
    case "silentlySkipped":
      return {
        ...told,
        verdict: outcome.verdict,
        reason: `${label} does not verify the kubelet's serving certificate (${own.skipSetting}), and nothing says that this is meant.`,
        remedies: [
          `(${program}) Remove ${own.skipSetting}, and let it verify against the CA that issues the kubelets' serving certificates.`,
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

/** How a caller reaches kubelets, with its own defaults. */
function accessOf({
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
  { path, noAddress, addressTypes }: Program,
): string {
  if (bare) return noAddress?.(addressTypes) ?? error;
  const host = dial?.host.text ?? valueOr(node.name, "<node>");
  const port = valueOr(authentication.port, 10_250);
  return `Get "https://${joinHostPort(host, port)}${path}": ${error}`;
}

/**
 * What keeps a caller's token from letting it in, by the rules that every caller of a kubelet is under; `undefined`
 * where nothing does, and where nothing in the cluster's RBAC speaks of its ServiceAccount. Pure; never throws.
 *
 * @param authorizers kube-apiservers that the kubelet could ask; the worst answer stands
 */
export function judgeCallerToken(
  kubelet: KubeletFacts,
  caller: Caller,
  authorizers: readonly AuthorizerFacts[],
  at: Date,
): CallerOutcome | undefined {
  if (caller.piece.refusal !== undefined) return undefined;
  const outcomes = authorizers.flatMap((one) => tokenOutcome(kubelet, caller, one, at) ?? []);
  return outcomes.find(({ verdict }) => verdict === "fails") ?? outcomes[0];
}

function tokenOutcome(
  kubelet: KubeletFacts,
  { piece, files }: Caller,
  authorizer: AuthorizerFacts,
  at: Date,
): CallerOutcome | undefined {
  const { label, program, origin, serviceAccount } = piece;
  const account = serviceAccount ?? unknown(`the ServiceAccount of ${label}`, origin.source);
  const credential = { kind: "token", identity: mapFact(account, identityOf) } as const;
  const authentication = authenticate(kubelet, credential, at);
  const { webhook } = kubelet.authentication;
  const isTaken = webhook.known && webhook.value;
  if (isTaken && !isSpokenOf(account, authorizer.rbac)) return undefined;
  const { outcome } = answer(
    {
      ...{ kubelet, authorizer, credential, authentication, pod: anyPod, at },
      caller: { program, label, start: known({ starts: true }), access: accessOf(piece), files },
    },
    "metrics",
  );
  if (works(outcome)) return undefined;
  const told = {
    reason: outcome.reason,
    sources: [...outcome.sources, origin.source],
  };
  if (outcome.verdict === "undecidable") {
    const remedies = [`Supply ${outcome.missing.join("; ")}.`];
    return { ...told, verdict: outcome.verdict, remedies };
  }
  // What keeps the kubelet from starting is told of the kubelet.
  if (outcome.verdict !== "fails") return undefined;
  return {
    ...told,
    verdict: outcome.verdict,
    symptom: callerPrograms[program].refused(statusText(outcome.httpStatus)),
    remedies: outcome.remedies.map(({ side, text }) => `(${side}) ${text}`),
  };
}

/** Source: kubernetes apiserver `pkg/authentication/serviceaccount/util.go` (MakeUsername, MakeGroupNames). */
function identityOf(account: string): Identity {
  const [namespace = "", name = ""] = account.split("/");
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: [
      "system:serviceaccounts",
      `system:serviceaccounts:${namespace}`,
      "system:authenticated",
    ],
  };
}

/** Whether a binding names the account; where none does, its RBAC may be elsewhere. */
function isSpokenOf(account: Fact<string>, rbac: Fact<RbacFacts>): boolean {
  if (!account.known || !rbac.known) return false;
  const [namespace = "", name = ""] = account.value.split("/");
  return rbac.value.bindings.some(({ subjects }) =>
    subjects.some(
      (subject) =>
        subject.kind === "ServiceAccount" &&
        subject.name === name &&
        subject.namespace === namespace,
    ),
  );
}

/** Source: Go `net/http/status.go`. */
function statusText(status: number | undefined): string {
  switch (status) {
    case 401:
      return "401 Unauthorized";
    case 403:
      return "403 Forbidden";
    default:
      return `${status ?? 500} Internal Server Error`;
  }
}
