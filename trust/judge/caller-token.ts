/**
 * Whether the token of another caller lets it in: the kubelet hands it to kube-apiserver, and asks there what its owner
 * may do.
 */
import type { CallerPiece, CallerProgram } from "../readers/piece.ts";
import { type Fact, known, mapFact, unknown } from "../words/fact.ts";
import type { AuthorizerFacts, Identity, KubeletFacts, RbacFacts } from "../words/facts.ts";
import { works } from "../words/verdict.ts";
import { authenticate, type Credential } from "./authenticate.ts";
import { accessOf, type Caller, type CallerOutcome, callerPrograms } from "./caller.ts";
import { answer } from "./client.ts";
import { askingRemedies } from "./client-remedies.ts";
import { maySubmit } from "./reviews.ts";
import { anyPod } from "./symptoms.ts";

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
  // What speaks no TLS sends no token.
  if (caller.piece.refusal !== undefined || caller.piece.isPlain) return undefined;
  const outcomes = authorizers.flatMap((one) => tokenOutcome(kubelet, caller, one, at) ?? []);
  return outcomes.find(({ verdict }) => verdict === "fails") ?? outcomes[0];
}

function tokenOutcome(
  kubelet: KubeletFacts,
  { piece, files, token, tokenless }: Caller,
  authorizer: AuthorizerFacts,
  at: Date,
): CallerOutcome | undefined {
  if (tokenless !== undefined) return withoutTokenFile(piece, tokenless);
  const { label, program, origin, serviceAccount } = piece;
  const account = serviceAccount ?? unknown(`the ServiceAccount of ${label}`, origin.source);
  const isStranger = piece.credential === "none";
  const credential: Credential = isStranger
    ? { kind: "none" }
    : { kind: "token", identity: mapFact(account, identityOf) };
  const authentication = authenticate(kubelet, credential, at);
  const { webhook } = kubelet.authentication;
  const isTaken = webhook.known && webhook.value;
  if (isTaken && !isStranger) {
    const mayAsk = maySubmit("tokenreviews", kubelet, authorizer);
    if (mayAsk.answer === "no") return withoutTokenReview(piece);
    if (token !== undefined) return undecided(token.missing, piece);
    if (!isSpokenOf(account, authorizer.rbac)) return undefined;
    if (mayAsk.answer === "unknown") return undecided(mayAsk.missing, piece);
  }
  const { outcome } = answer(
    {
      ...{ kubelet, authorizer, credential, authentication, pod: anyPod, at },
      caller: { program, label, start: known({ starts: true }), access: accessOf(piece), files },
    },
    callerPrograms[program].asks,
  );
  if (works(outcome)) return undefined;
  const told = {
    reason: isStranger ? `${label} sends no credential, and is anybody.` : outcome.reason,
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
    remedies: isStranger
      ? [sayingWho(program)]
      : outcome.remedies.map(({ side, text }) => `(${side}) ${text}`),
  };
}

/** The only way out that opens nothing. */
function sayingWho(program: CallerProgram): string {
  return `(${program}) Set bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token (authorization.credentials_file in prometheus.yml), and let its ServiceAccount get nodes/metrics.`;
}

/** Source: prometheus/common `config/http_config.go` (authorizationCredentialsRoundTripper, fileSecret). */
function withoutTokenFile(
  { program, label, credential, origin }: CallerPiece,
  because: string,
): CallerOutcome {
  const file = typeof credential === "object" ? credential.tokenFile : "its token";
  return {
    verdict: "fails",
    symptom: `unable to read authorization credentials: unable to read file ${file}: open ${file}: no such file or directory`,
    reason: `${label} takes its token from ${file}, which is not in its pod: ${because}.`,
    sources: [origin.source],
    remedies: [sayingWho(program)],
  };
}

/**
 * A kubelet that may not ask whose a token is takes none.
 * Source: kubernetes `pkg/kubelet/server/server.go` (InstallAuthFilter: 401 where authentication ends in an error).
 */
function withoutTokenReview({ program, origin }: CallerPiece): CallerOutcome {
  return {
    verdict: "fails",
    reason: "The kubelet may not create TokenReviews, so it cannot ask whose a token is.",
    sources: [origin.source],
    symptom: callerPrograms[program].refused(statusText(401)),
    remedies: askingRemedies.map(({ side, text }) => `(${side}) ${text}`),
  };
}

function undecided(missing: string, { origin }: CallerPiece): CallerOutcome {
  return {
    verdict: "undecidable",
    reason: `Undecidable without ${missing}.`,
    sources: [origin.source],
    remedies: [`Supply ${missing}.`],
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
