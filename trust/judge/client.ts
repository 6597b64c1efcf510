/**
 * The client side: does the kubelet let kube-apiserver in?
 * Sources: kubernetes `cmd/kubelet/app/auth.go`, `pkg/kubelet/server/server.go` (InstallAuthFilter),
 * `pkg/kubelet/server/auth.go` (GetRequestAttributes); apiserver `authentication/request/x509`.
 */
import { verifyChain } from "../certificates/verify.ts";
import { loadPair } from "../programs/kubelet/serving-certificate.ts";
import { authorize } from "../rbac/authorize.ts";
import type { Fact, Source } from "../words/fact.ts";
import { known, valueOr } from "../words/fact.ts";
import type { ApiServerFacts, CertificateFacts, Identity, KubeletFacts } from "../words/facts.ts";
import type { Outcome, RequestKind } from "../words/verdict.ts";
import { authenticationRemedies, authorizationRemedies, pairRemedies } from "./client-remedies.ts";
import { doesNotStart, fails, undecidable } from "./outcome.ts";
import { bundleOf } from "./serving.ts";
import { answerSeen, type PodReference, type Seen } from "./symptoms.ts";

/** What a caller presents. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "certificate"; readonly chain: readonly CertificateFacts[] };

/** Who the kubelet takes a caller for. */
type Authentication =
  | { readonly result: "user"; readonly identity: Identity; readonly byCertificate: boolean }
  | { readonly result: "unauthorized"; readonly reason: string }
  | { readonly result: "unknown"; readonly missing: readonly string[] };

/** A kubelet with everything about one caller that does not depend on the kind of request. */
export type Caller = {
  readonly kubelet: KubeletFacts;
  readonly apiserver: ApiServerFacts;
  readonly authentication: Authentication;
  readonly pod: PodReference;
};

/** kube-apiserver's credential: its pair, none where a half is absent, or the error of a pair that does not load. */
export function apiServerCredential(
  apiserver: ApiServerFacts,
): Fact<Credential | { readonly kind: "broken"; readonly error: string }> {
  const { clientCertificate, clientKey } = apiserver.access;
  if (!clientCertificate.known) {
    return clientCertificate;
  }
  if (!clientKey.known) {
    return clientKey;
  }
  if (clientCertificate.value === "" || clientKey.value === "") {
    return known({ kind: "none" });
  }
  const pair = loadPair(clientCertificate.value, clientKey.value, apiserver.files);
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
  apiserver: ApiServerFacts,
  at: Date,
  pod: PodReference,
): (kind: RequestKind) => ClientResult {
  const refused =
    doesNotStart("kube-apiserver", apiserver.start) ?? doesNotStart("kubelet", kubelet.start);
  if (refused) {
    return () => ({ outcome: refused });
  }
  const credential = apiServerCredential(apiserver);
  if (!credential.known) {
    return () => ({ outcome: undecidable([credential.missing], [credential.source]) });
  }
  const { clientCAFile } = kubelet.authentication;
  if (credential.value.kind === "broken") {
    // Without a client CA the kubelet asks for no certificate, and nobody loads the broken pair.
    const { error } = credential.value;
    if (!clientCAFile.known) {
      return () => ({ outcome: undecidable([clientCAFile.missing], [clientCAFile.source]) });
    }
    if (clientCAFile.value !== "") {
      return () => brokenPair(apiserver, error);
    }
  }
  const presented: Credential =
    credential.value.kind === "broken" ? { kind: "none" } : credential.value;
  const authentication = authenticate(kubelet, presented, at);
  const caller: Caller = { kubelet, apiserver, authentication, pod };
  return (kind) => answer(caller, kind);
}

/** An outcome; `connection` errors get the words of a connection that failed. */
export type ClientResult = { readonly outcome: Outcome; readonly connection?: string };

function brokenPair({ access }: ApiServerFacts, error: string): ClientResult {
  const sources = [access.clientCertificate.source, access.clientKey.source].filter(
    (source) => source !== undefined,
  );
  return {
    outcome: fails(
      error,
      "kube-apiserver cannot load its client certificate and key, and every call that needs them fails.",
      pairRemedies,
      sources,
    ),
    connection: error,
  };
}

/** Who a caller is to a kubelet. */
export function authenticate(
  kubelet: KubeletFacts,
  credential: Credential,
  at: Date,
): Authentication {
  const { clientCAFile, anonymous } = kubelet.authentication;
  // Whose certificates count does not matter to a stranger who has none.
  if (!clientCAFile.known && credential.kind === "certificate") {
    return { result: "unknown", missing: [clientCAFile.missing] };
  }
  if (clientCAFile.known && clientCAFile.value !== "" && credential.kind === "certificate") {
    const roots = bundleOf(clientCAFile, kubelet);
    if (!roots.known) {
      return { result: "unknown", missing: [roots.missing] };
    }
    const verification = verifyChain(credential.chain, roots.value, { usage: "clientAuth", at });
    if (verification.result === "unknown") {
      return { result: "unknown", missing: verification.missing };
    }
    const [leaf] = credential.chain;
    if (verification.result === "error") {
      // A bad certificate is an error, and an error keeps even an anonymous kubelet shut.
      return { result: "unauthorized", reason: clientReason(verification, leaf) };
    }
    if (!leaf?.subject.known) {
      return { result: "unknown", missing: ["the subject of kube-apiserver's client certificate"] };
    }
    const { commonName, organizations } = leaf.subject.value;
    if (commonName !== "") {
      return {
        result: "user",
        identity: { user: commonName, groups: organizations },
        byCertificate: true,
      };
    }
  }
  if (!anonymous.known) {
    return { result: "unknown", missing: [anonymous.missing] };
  }
  return anonymous.value
    ? {
        result: "user",
        identity: { user: "system:anonymous", groups: ["system:unauthenticated"] },
        byCertificate: false,
      }
    : { result: "unauthorized", reason: noCredentialReason(valueOr(clientCAFile, ""), credential) };
}

function clientReason(
  { message, complaint }: { readonly message: string; readonly complaint: string },
  leaf: CertificateFacts | undefined,
): string {
  const what = leaf?.label ?? "kube-apiserver's client certificate";
  switch (complaint) {
    case "validity":
      return `kube-apiserver presents ${what}, which is not valid at this time.`;
    case "usage":
      return `kube-apiserver presents ${what}, which is not meant for clients (extended key usage).`;
    default:
      return `kube-apiserver presents ${what}, which no CA of the kubelet's clientCAFile has signed (${message}).`;
  }
}

function noCredentialReason(clientCAFile: string, credential: Credential): string {
  if (credential.kind === "none") {
    return "kube-apiserver presents no client certificate: --kubelet-client-certificate and --kubelet-client-key must both be set.";
  }
  return clientCAFile === ""
    ? "The kubelet has no clientCAFile and ignores every client certificate."
    : "kube-apiserver's client certificate has no common name, and so names no user.";
}

/** Paths that stay open without the debugging handlers. */
const alwaysServed: readonly RequestKind[] = ["metrics", "stats", "pods", "healthz"];

/** What the kubelet answers to one kind of request. */
export function answer(caller: Caller, kind: RequestKind): ClientResult {
  // kubectl tries the websocket first and falls back to SPDY.
  if (kind === "exec" || kind === "attach" || kind === "portForward") {
    const first = answer(caller, "execWebSocket");
    return isSuccess(first.outcome) ? first : answer(caller, "execSpdy");
  }
  const { kubelet } = caller;
  const { enableDebuggingHandlers } = kubelet.authentication;
  if (!enableDebuggingHandlers.known && !alwaysServed.includes(kind)) {
    return {
      outcome: undecidable([enableDebuggingHandlers.missing], [enableDebuggingHandlers.source]),
    };
  }
  const debugging = valueOr(enableDebuggingHandlers, true) || alwaysServed.includes(kind);
  // Without the debugging handlers nothing stands at /configz, not even the authentication.
  if (!debugging && kind === "configz") {
    return { outcome: debuggingOff(kubelet, { symptom: "404 page not found", httpStatus: 404 }) };
  }
  const admitted = admit(caller, kind);
  if (!isSuccess(admitted) || debugging) {
    return { outcome: admitted };
  }
  return {
    outcome: debuggingOff(
      kubelet,
      answerSeen(kind, 405, "Debug endpoints are disabled.", caller.pod),
    ),
  };
}

function isSuccess({ verdict }: Outcome): boolean {
  return verdict === "verified" || verdict === "skipped" || verdict === "silentlySkipped";
}

function debuggingOff(kubelet: KubeletFacts, { symptom, httpStatus }: Seen): Outcome {
  const { source } = kubelet.authentication.enableDebuggingHandlers;
  return fails(
    symptom,
    "The kubelet's debugging handlers are off (enableDebuggingHandlers: false): logs, exec and the like are not served.",
    [
      {
        side: "kubelet",
        setting: "enableDebuggingHandlers",
        text: "Set enableDebuggingHandlers: true (or remove it) in the KubeletConfiguration.",
        changes: [],
      },
    ],
    source ? [source] : [],
    httpStatus,
  );
}

function admit(caller: Caller, kind: RequestKind): Outcome {
  const { authentication, kubelet, pod } = caller;
  if (authentication.result === "unknown") {
    return undecidable(authentication.missing, clientSources(caller));
  }
  if (authentication.result === "unauthorized") {
    const { symptom, httpStatus } = answerSeen(kind, 401, "Unauthorized", pod);
    const remedies = authenticationRemedies(kubelet);
    return fails(symptom, authentication.reason, remedies, clientSources(caller), httpStatus);
  }
  const { authorizationMode } = kubelet.authentication;
  if (!authorizationMode.known) {
    return undecidable([authorizationMode.missing], [authorizationMode.source]);
  }
  return authorizationMode.value === "AlwaysAllow"
    ? admitted(caller, "and the kubelet allows whoever is authenticated (AlwaysAllow)")
    : review(caller, kind);
}

function clientSources({ kubelet, apiserver }: Caller): Source[] {
  return [
    apiserver.access.clientCertificate.source,
    apiserver.access.clientKey.source,
    kubelet.authentication.clientCAFile.source,
    kubelet.authentication.anonymous.source,
  ].filter((source) => source !== undefined);
}

function admitted(caller: Caller, how: string): Outcome {
  const { authentication } = caller;
  const sources = [...clientSources(caller)];
  if (authentication.result === "user" && authentication.byCertificate) {
    return {
      verdict: "verified",
      reason: `The kubelet knows kube-apiserver as ${authentication.identity.user}, ${how}.`,
      remedies: [],
      sources,
    };
  }
  return {
    verdict: "silentlySkipped",
    reason: `The kubelet takes kube-apiserver for anybody (system:anonymous), ${how}.`,
    remedies: authenticationRemedies(caller.kubelet),
    sources,
  };
}

/** The verb and the subresources that a request is authorized by; any one of them is enough. */
function attributesOf(
  kind: RequestKind,
  fineGrained: boolean,
): { verb: string; subresources: string[] } {
  const verb = kind === "execSpdy" ? "create" : "get";
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

/** Mode Webhook: the kubelet asks kube-apiserver by SubjectAccessReview. */
function review(caller: Caller, kind: RequestKind): Outcome {
  const { kubelet, apiserver, authentication, pod } = caller;
  if (authentication.result !== "user") {
    return undecidable(["who kube-apiserver is to the kubelet"]);
  }
  const gates = kubelet.featureGates;
  const fineGrained = gates.known ? (gates.value.KubeletFineGrainedAuthz ?? false) : true;
  const { verb, subresources } = attributesOf(kind, fineGrained);
  const { user } = authentication.identity;
  const mayAsk = maySubmitReviews(kubelet, apiserver);
  if (mayAsk.answer === "unknown") {
    return undecidable([mayAsk.missing]);
  }
  if (mayAsk.answer === "no") {
    const body = `Authorization error (user=${user}, verb=${verb}, resource=nodes, subresource=${subresources[0]})`;
    const { symptom, httpStatus } = answerSeen(kind, 500, body, pod);
    const reason =
      "The kubelet may not create SubjectAccessReviews, so it cannot ask who may call it.";
    return fails(
      symptom,
      reason,
      authorizationRemedies(user, verb, subresources, true),
      [],
      httpStatus,
    );
  }
  const doubts: string[] = [];
  for (const subresource of subresources) {
    const name = valueOr(kubelet.node.name, "");
    const question = { apiGroup: "", resource: `nodes/${subresource}`, verb, name };
    const decision = authorize(authentication.identity, question, apiserver);
    if (decision.answer === "yes") {
      return admitted(caller, `who may ${verb} nodes/${subresource}`);
    }
    if (decision.answer === "unknown") {
      doubts.push(decision.missing);
    }
  }
  const sources = [kubelet.authentication.authorizationMode.source].filter(
    (source) => source !== undefined,
  );
  if (doubts.length > 0) {
    return undecidable([...new Set(doubts)], sources);
  }
  const body = `Forbidden (user=${user}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(" ")}])`;
  const { symptom, httpStatus } = answerSeen(kind, 403, body, pod);
  const reason = `kube-apiserver is ${user} to the kubelet, and no ClusterRoleBinding lets ${user} ${verb} nodes/${subresources.join(" or nodes/")}.`;
  return fails(
    symptom,
    reason,
    authorizationRemedies(user, verb, subresources, false),
    sources,
    httpStatus,
  );
}

function maySubmitReviews(
  kubelet: KubeletFacts,
  apiserver: ApiServerFacts,
): ReturnType<typeof authorize> {
  const question = {
    apiGroup: "authorization.k8s.io",
    resource: "subjectaccessreviews",
    verb: "create",
    name: "",
  };
  // A kubelet whose name is unknown is a node all the same.
  const identity = valueOr(kubelet.identity, {
    user: "system:node:<node name>",
    groups: ["system:nodes"],
  });
  return authorize(identity, question, apiserver);
}
