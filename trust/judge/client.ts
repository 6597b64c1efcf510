/**
 * The client side: does the kubelet let a caller in?
 * Sources: kubernetes `cmd/kubelet/app/auth.go`, `pkg/kubelet/server/server.go` (InstallAuthFilter),
 * `pkg/kubelet/server/auth.go` (GetRequestAttributes); apiserver `authentication/request/x509`.
 */

import { minorOf } from "../kubernetes/tables.ts";
import { versionOf } from "../kubernetes/version.ts";
import { loadPair } from "../programs/kubelet/serving-certificate.ts";
import { type Authorization, authorize } from "../rbac/authorize.ts";
import type { Fact, Source } from "../words/fact.ts";
import { known, valueOr } from "../words/fact.ts";
import type { AuthorizerFacts, CallerFacts, KubeletFacts } from "../words/facts.ts";
import type { Remedy } from "../words/remedy.ts";
import type { Outcome, RequestKind } from "../words/verdict.ts";
import { type Authentication, authenticate, type Credential } from "./authenticate.ts";
import type { Call } from "./call.ts";
import {
  askingRemedies,
  authenticationRemedies,
  authorizationRemedies,
} from "./client-remedies.ts";
import { clientSituation, modesWithoutRbac } from "./client-situation.ts";
import { doesNotStart, fails, present, undecidable } from "./outcome.ts";
import { maySubmit } from "./reviews.ts";
import { type PodReference, type Seen, answerSeen as throughApiServer } from "./symptoms.ts";

/** A caller's credential: its pair or token, none where a half is absent, or the error of a pair that does not load. */
function credentialOf(
  caller: CallerFacts,
): Fact<Credential | { readonly kind: "broken"; readonly error: string }> {
  const { clientCertificate, clientKey, token } = caller.access;
  if (!clientCertificate.known) {
    return clientCertificate;
  }
  if (!clientKey.known) {
    return clientKey;
  }
  if (clientCertificate.value === "" || clientKey.value === "") {
    return known(token ? { kind: "token", identity: token } : { kind: "none" });
  }
  const pair = loadPair(clientCertificate.value, clientKey.value, caller.files);
  if (!pair.known) {
    return pair;
  }
  if ("chain" in pair.value) {
    return known({ kind: "certificate", chain: pair.value.chain });
  }
  const { stage, error } = pair.value;
  return known({
    kind: "broken",
    error: stage === "empty" ? "tls: failed to find any PEM data in certificate input" : error,
  });
}

/** Judges the client side of every kind of request, as if the serving side worked. */
export function judgeClient(
  kubelet: KubeletFacts,
  caller: CallerFacts,
  authorizer: AuthorizerFacts,
  { at, pod }: { readonly at: Date; readonly pod: PodReference },
): ClientJudgement {
  const refused =
    doesNotStart(caller.program, caller.start) ?? doesNotStart("kubelet", kubelet.start);
  if (refused) {
    return { of: () => ({ outcome: refused }) };
  }
  const credential = credentialOf(caller);
  if (!credential.known) {
    const outcome = undecidable([credential.missing], [credential.source]);
    return { of: () => ({ outcome }) };
  }
  const call = (presented: Credential): Call => ({
    kubelet,
    caller,
    authorizer,
    credential: presented,
    authentication: authenticate(kubelet, presented, at),
    pod,
    at,
  });
  if (credential.value.kind === "broken") {
    // Without a client CA the kubelet asks for no certificate, and the broken pair is not loaded.
    const { clientCAFile } = kubelet.authentication;
    const { error } = credential.value;
    if (!clientCAFile.known) {
      const outcome = undecidable([clientCAFile.missing], [clientCAFile.source]);
      return { of: () => ({ outcome }) };
    }
    if (clientCAFile.value !== "") {
      const result = brokenPair(call({ kind: "none" }), caller, error);
      return { of: () => result };
    }
  }
  const presented: Credential =
    credential.value.kind === "broken" ? { kind: "none" } : credential.value;
  const made = call(presented);
  return { of: (kind) => answer(made, kind), call: made };
}

/** The client side of each kind of request, and the call itself, where one is made. */
export type ClientJudgement = {
  readonly of: (kind: RequestKind) => ClientResult;
  readonly call?: Call;
};

/** What is the same for every kind of request of a call is worked out once. */
function once<T>(before: WeakMap<Call, T>, call: Call, make: () => T): T {
  const result = before.get(call) ?? make();
  before.set(call, result);
  return result;
}

const remediesBefore = new WeakMap<Call, readonly Remedy[]>();

/** What would let a caller in as itself: the same for every kind of request. */
function remediesFor(call: Call): readonly Remedy[] {
  return once(remediesBefore, call, () => authenticationRemedies(clientSituation(call)));
}

/** An outcome; `connection` errors get the words of a connection that failed. */
export type ClientResult = { readonly outcome: Outcome; readonly connection?: string };

function brokenPair(call: Call, { access, program }: CallerFacts, error: string): ClientResult {
  return {
    outcome: fails(error, {
      cause: "broken-client-pair",
      reason: `${program} cannot load its client certificate and key, and every call that needs them fails.`,
      remedies: authenticationRemedies({ ...clientSituation(call), credential: "broken" }),
      sources: [access.clientCertificate.source, access.clientKey.source],
    }),
    connection: error,
  };
}

/** Paths that stay open without the debugging handlers. */
export const alwaysServed: readonly RequestKind[] = ["metrics", "stats", "pods", "healthz"];

const answersBefore = new WeakMap<Call, Map<RequestKind, ClientResult>>();

/** What the kubelet answers to one kind of request; several kinds come down to the same. */
export function answer(call: Call, kind: RequestKind): ClientResult {
  const answers = once(answersBefore, call, () => new Map<RequestKind, ClientResult>());
  const result = answers.get(kind) ?? newAnswer(call, kind);
  answers.set(kind, result);
  return result;
}

function newAnswer(call: Call, kind: RequestKind): ClientResult {
  const other = fallbackOf(call, kind);
  if (other !== kind) return answer(call, other);
  const { kubelet } = call;
  const debugging = debuggingFor(kubelet, kind);
  if (!debugging.known) {
    return { outcome: undecidable([debugging.missing], [debugging.source]) };
  }
  // Without the debugging handlers nothing stands at /configz, not even the authentication.
  if (!debugging.value && kind === "configz") {
    return { outcome: debuggingOff(kubelet, { symptom: "404 page not found", httpStatus: 404 }) };
  }
  const decision = decide(call, kind);
  if (debugging.value || !isLetIn(decision)) {
    return { outcome: told(call, kind, decision) };
  }
  return {
    outcome: debuggingOff(kubelet, answerSeen(call, kind, 405, "Debug endpoints are disabled.")),
  };
}

/** Whether the kubelet serves a kind of request: whether what {@link answer} says works, without its words. */
export function serves(call: Call, kind: RequestKind): boolean {
  const asked = fallbackOf(call, kind);
  const debugging = debuggingFor(call.kubelet, asked);
  return debugging.known && debugging.value && isLetIn(decide(call, asked));
}

/** kubectl tries the websocket first and falls back to SPDY where it is not accepted. */
function fallbackOf(call: Call, kind: RequestKind): RequestKind {
  if (kind !== "exec" && kind !== "attach" && kind !== "portForward") return kind;
  return isTranslated(call, "execWebSocket") || serves(call, "execWebSocket")
    ? "execWebSocket"
    : "execSpdy";
}

/** Whether what serves a kind of request is on. */
function debuggingFor({ authentication }: KubeletFacts, kind: RequestKind): Fact<boolean> {
  return alwaysServed.includes(kind) ? isServed : authentication.enableDebuggingHandlers;
}

const isServed = known(true);

/** kube-apiserver puts words of its own before an answer; who calls the kubelet directly gets it as it is. */
function answerSeen(call: Call, kind: RequestKind, status: number, body: string): Seen {
  if (call.caller === undefined) return { symptom: body, httpStatus: status };
  return isTranslated(call, kind)
    ? {
        symptom: `Internal error occurred: unable to upgrade connection: ${body}`,
        httpStatus: 500,
      }
    : throughApiServer(kind, status, body, call.pod);
}

/** The first minor version in which kube-apiserver passes WebSockets on, to kubelets that take them. */
const passesWebSockets = 36;

/**
 * Whether kube-apiserver accepts a WebSocket itself and asks the kubelet by SPDY, as it does unless both are new enough:
 * then the kubelet asks for `create`, and what it refuses is told after the WebSocket was accepted.
 * Source: kubernetes `pkg/registry/core/pod/rest/subresources.go` (gate ExtendWebSocketsToKubelet), apiserver
 * `pkg/util/proxy/streamtranslator.go`.
 */
function isTranslated({ caller, kubelet }: Call, kind: RequestKind): boolean {
  if (kind !== "execWebSocket" || caller?.program !== "kube-apiserver") return false;
  const { featureGates, version } = kubelet;
  const gates: Readonly<Record<string, boolean>> = valueOr(featureGates, {});
  return (
    gates.ExtendWebSocketsToKubelet === false ||
    [version, caller.version].some((one) => one && minorOf(versionOf(one)) < passesWebSockets)
  );
}

/** The kubelet serves nothing of the kind. */
export function debuggingOff(kubelet: KubeletFacts, { symptom, httpStatus }: Seen): Outcome {
  return fails(symptom, {
    cause: "debugging-off",
    reason:
      "The kubelet's debugging handlers are off (enableDebuggingHandlers: false): logs, exec and the like are not served.",
    remedies: [
      {
        side: "kubelet",
        setting: "enableDebuggingHandlers",
        text: "Set enableDebuggingHandlers: true (or remove it) in the KubeletConfiguration.",
        changes: [{ do: "remove", side: "kubelet", setting: "enableDebuggingHandlers" }],
      },
    ],
    sources: [kubelet.authentication.enableDebuggingHandlers.source],
    httpStatus,
  });
}

/** What the kubelet decides on a request, before anything is said about it. */
type Decision =
  | {
      readonly is: "allowed";
      readonly by?: { readonly verb: string; readonly subresource: string };
    }
  | { readonly is: "unauthorized"; readonly why: Unauthorized }
  | ({ readonly is: "mayNotAsk" } & Asked)
  | ({ readonly is: "forbidden" } & Asked)
  | {
      readonly is: "unknown";
      readonly missing: readonly string[];
      readonly sources?: readonly Source[];
    };

type Unauthorized = Extract<Authentication, { result: "unauthorized" }>;

/** Who is asked about, and what: one of the subresources is enough. */
type Asked = {
  readonly who: Extract<Authentication, { result: "user" }>;
  readonly verb: string;
  readonly subresources: readonly string[];
};

function isLetIn({ is }: Decision): boolean {
  return is === "allowed";
}

function decide(call: Call, kind: RequestKind): Decision {
  const { authentication, kubelet } = call;
  if (authentication.result === "unknown") {
    return { is: "unknown", missing: authentication.missing, sources: clientSources(call) };
  }
  if (authentication.result === "unauthorized") {
    return { is: "unauthorized", why: authentication };
  }
  const { authorizationMode } = kubelet.authentication;
  if (!authorizationMode.known) {
    const { missing, source } = authorizationMode;
    return { is: "unknown", missing: [missing], sources: present([source]) };
  }
  return authorizationMode.value === "AlwaysAllow"
    ? { is: "allowed" }
    : review(call, kind, authentication);
}

function told(call: Call, kind: RequestKind, decision: Decision): Outcome {
  switch (decision.is) {
    case "allowed":
      return admitted(
        call,
        decision.by
          ? `who may ${decision.by.verb} nodes/${decision.by.subresource}`
          : "and the kubelet allows everything to everyone whom it authenticates (AlwaysAllow)",
      );
    case "unknown":
      return undecidable(decision.missing, decision.sources);
    case "unauthorized":
      return unauthorized(call, kind, decision.why);
    case "mayNotAsk":
      return mayNotAsk(call, kind, decision);
    case "forbidden":
      return forbidden(call, kind, decision);
  }
}

function unauthorized(call: Call, kind: RequestKind, { cause, reason }: Unauthorized): Outcome {
  const { symptom, httpStatus } = answerSeen(call, kind, 401, "Unauthorized");
  return fails(symptom, {
    cause,
    reason: reasonOf(reason, call),
    remedies: remediesFor(call),
    sources: clientSources(call),
    httpStatus,
  });
}

function nameOf({ caller }: Call): string {
  return caller?.program ?? "The caller";
}

function reasonOf(reason: string, call: Call): string {
  return reason.replaceAll("<caller>", nameOf(call));
}

function clientSources({ kubelet, caller }: Call): Source[] {
  return present([
    caller?.access.clientCertificate.source,
    caller?.access.clientKey.source,
    kubelet.authentication.clientCAFile.source,
    kubelet.authentication.anonymous.source,
  ]);
}

function admitted(call: Call, how: string): Outcome {
  const { authentication } = call;
  const sources = clientSources(call);
  if (authentication.result === "user" && authentication.isKnown) {
    return {
      verdict: "verified",
      cause: "verified",
      reason: `The kubelet knows ${nameOf(call)} as ${authentication.identity.user}, ${how}.`,
      remedies: [],
      sources,
    };
  }
  return {
    verdict: "silentlySkipped",
    cause: "open-to-anyone",
    reason: `The kubelet takes ${nameOf(call)} for anyone (system:anonymous), ${how}.`,
    remedies: remediesFor(call),
    sources,
  };
}

/** The verb and the subresources that a request is authorized by; any one of them is enough. */
function attributesOf(
  kind: RequestKind,
  fineGrained: boolean,
  translated: boolean,
): { verb: string; subresources: string[] } {
  const verb = kind === "execSpdy" || translated ? "create" : "get";
  switch (kind) {
    case "metrics":
    case "stats":
      return { verb, subresources: [kind] };
    case "pods":
    case "healthz":
    case "configz":
      return { verb, subresources: fineGrained ? [kind, "proxy"] : ["proxy"] };
    default:
      return { verb, subresources: ["proxy"] };
  }
}

const asksBefore = new WeakMap<Call, Authorization>();

/** Whether the kubelet may ask who may do what: the same for every kind of request. */
function mayAskAbout(call: Call): Authorization {
  const { kubelet, authorizer } = call;
  return once(asksBefore, call, () => maySubmit("subjectaccessreviews", kubelet, authorizer));
}

/** Mode Webhook: the kubelet asks kube-apiserver by SubjectAccessReview. */
function review(call: Call, kind: RequestKind, who: Asked["who"]): Decision {
  const { kubelet, authorizer } = call;
  const gates = kubelet.featureGates;
  const fineGrained = gates.known ? (gates.value.KubeletFineGrainedAuthz ?? false) : true;
  const { verb, subresources } = attributesOf(kind, fineGrained, isTranslated(call, kind));
  const mayAsk = mayAskAbout(call);
  if (mayAsk.answer === "unknown") return { is: "unknown", missing: [mayAsk.missing] };
  if (mayAsk.answer === "no") return { is: "mayNotAsk", who, verb, subresources };
  const name = valueOr(kubelet.node.name, "");
  const doubts: string[] = [];
  for (const subresource of subresources) {
    const question = { apiGroup: "", resource: `nodes/${subresource}`, verb, name };
    const decision = authorize(who.identity, question, authorizer);
    if (decision.answer === "yes") return { is: "allowed", by: { verb, subresource } };
    if (decision.answer === "unknown") doubts.push(decision.missing);
  }
  return doubts.length > 0
    ? { is: "unknown", missing: [...new Set(doubts)], sources: modeSources(call) }
    : { is: "forbidden", who, verb, subresources };
}

function modeSources({ kubelet }: Call): Source[] {
  return present([kubelet.authentication.authorizationMode.source]);
}

function mayNotAsk(call: Call, kind: RequestKind, { who, verb, subresources }: Asked): Outcome {
  const { user } = who.identity;
  const body = `Authorization error (user=${user}, verb=${verb}, resource=nodes, subresource=${subresources[0]})`;
  const { symptom, httpStatus } = answerSeen(call, kind, 500, body);
  return fails(symptom, {
    cause: "may-not-ask",
    reason: "The kubelet may not create SubjectAccessReviews, so it cannot ask who may call it.",
    remedies: askingRemedies,
    httpStatus,
  });
}

function forbidden(call: Call, kind: RequestKind, { who, verb, subresources }: Asked): Outcome {
  const { user } = who.identity;
  const body = `Forbidden (user=${user}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(" ")}])`;
  const { symptom, httpStatus } = answerSeen(call, kind, 403, body);
  const isAnyone = !who.isKnown;
  const withoutRbac = modesWithoutRbac(call.authorizer);
  const why = withoutRbac
    ? `no authorizer of kube-apiserver's --authorization-mode=${withoutRbac.join(",")}`
    : "no ClusterRoleBinding";
  return fails(symptom, {
    cause: who.anonymousCause ?? "forbidden",
    reason: isAnyone
      ? `The kubelet takes ${nameOf(call)} for anyone (system:anonymous), who may not ${verb} nodes/${subresources.join(" or nodes/")}.`
      : `${nameOf(call)} is ${user} to the kubelet, and ${why} lets ${user} ${verb} nodes/${subresources.join(" or nodes/")}.`,
    remedies: isAnyone
      ? remediesFor(call)
      : authorizationRemedies(user, subresources.at(-1) ?? "", withoutRbac),
    sources: isAnyone ? clientSources(call) : modeSources(call),
    httpStatus,
  });
}
