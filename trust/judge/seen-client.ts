/**
 * The client side of two programs that run: what the kubelet answered to kube-apiserver's `/configz` decides; files,
 * settings and RBAC, as far as they were seen, say why.
 */
import { kubeadmPkiDirectory } from "../kubeadm/pki.ts";
import { type Fact, known } from "../words/fact.ts";
import type { KubeletFacts, SeenCall } from "../words/facts.ts";
import { type Cause, type Outcome, type RequestKind, works } from "../words/verdict.ts";
import type { Credential } from "./authenticate.ts";
import type { Call } from "./call.ts";
import { alwaysServed, type ClientJudgement, type ClientResult, debuggingOff } from "./client.ts";
import {
  askingRemedies,
  authenticationRemedies,
  authorizationRemedies,
} from "./client-remedies.ts";
import { clientSituation } from "./client-situation.ts";
import { fails, undecidable } from "./outcome.ts";
import { isOfClientPair } from "./seen-serving.ts";
import { answerSeen, type PodReference } from "./symptoms.ts";

/** Kinds that are authorized by a subresource of their own: what `/configz` got says nothing of them. */
const apart: readonly RequestKind[] = ["metrics", "stats", "pods", "healthz"];

/** The client side as it was read. */
export type SeenJudgement = ClientJudgement & {
  /** As it would be with {@link supposedKubelet}. */
  readonly supposed?: ClientJudgement;
};

/** The result for a kind of request that agrees with what was seen. */
export function clientAsSeen(
  result: ClientResult,
  kind: RequestKind,
  called: SeenCall,
  { of, call, supposed }: SeenJudgement,
  { kubelet, pod }: { readonly kubelet: KubeletFacts; readonly pod: PodReference },
): ClientResult {
  const { outcome } = result;
  if (outcome.verdict === "doesNotStart") return result;
  if ("silence" in called) return result;
  if ("error" in called) return isOfClientPair(called) ? brokenPair(result, called.error) : result;
  const { status, body = "" } = called;
  const seen = (otherwise: string) => {
    const { symptom, httpStatus } = answerSeen(kind, status, otherwise, pod);
    return { symptom, httpStatus };
  };
  switch (true) {
    case status === 401: {
      if (outcome.verdict === "fails") return result;
      if (supposed && statusOf(supposed.of("configz")) === 401) return supposed.of(kind);
      const { symptom, httpStatus } = seen("Unauthorized");
      const [cause, reason] = unexplained(call);
      const remedies = call ? authenticationRemedies(clientSituation(call)) : [];
      return { outcome: fails(symptom, { cause, reason, remedies, httpStatus }) };
    }
    case status === 403: {
      if (outcome.verdict === "undecidable" && supposed) {
        const told = supposed.of("configz").outcome;
        if (told.verdict === "fails" && told.symptom === body) return supposed.of(kind);
      }
      if (outcome.verdict === "fails") return result;
      const user = /\(user=([^,]*),/.exec(body)?.[1] ?? "";
      // Logs are authorized by the verb and the subresource that were refused; the others by something else beside.
      if (works(outcome) && kind !== "configz" && kind !== "logs") {
        return works(of("configz").outcome) ? contradicted(user, outcome) : result;
      }
      if (apart.includes(kind)) return result;
      const { symptom, httpStatus } = seen(kind === "configz" ? body : ofProxy(body, kind));
      const isAnyone = user === anyone;
      return {
        outcome: fails(symptom, {
          cause: isAnyone ? "no-client-certificate" : "forbidden",
          reason: `kube-apiserver was seen to be ${user === "" ? "somebody" : user} to the kubelet, who may not ask it.`,
          remedies: isAnyone
            ? call
              ? authenticationRemedies(clientSituation(call))
              : []
            : authorizationRemedies(user, "proxy"),
          httpStatus,
        }),
      };
    }
    case status === 404: {
      if (outcome.verdict === "fails" || alwaysServed.includes(kind)) return result;
      const expected = supposed?.of(kind);
      if (expected?.outcome.verdict === "fails") return expected;
      const body = "Debug endpoints are disabled.";
      return {
        outcome: debuggingOff(
          kubelet,
          kind === "configz" ? seen("404 page not found") : answerSeen(kind, 405, body, pod),
        ),
      };
    }
    case status === 500 && body.startsWith("Authorization error"): {
      if (outcome.verdict === "fails") return result;
      const { symptom, httpStatus } = seen(ofSubresource(body, kind));
      return {
        outcome: fails(symptom, {
          cause: "may-not-ask",
          reason:
            "The kubelet was seen to fail when it asked kube-apiserver who may call it (SubjectAccessReview): it may not ask, or was not answered.",
          remedies: [
            {
              side: "kubelet",
              setting: "kubeconfig",
              text: "See whether the kubelet reaches the kube-apiserver of its kubeconfig, and what that answers it (journalctl -u kubelet).",
              changes: [],
            },
            ...askingRemedies,
          ],
          httpStatus,
        }),
      };
    }
    case status < 400:
      return admitted(result, kind);
    default:
      return result;
  }
}

const anyone = "system:anonymous";

function statusOf({ outcome }: ClientResult): number | undefined {
  return outcome.verdict === "fails" ? outcome.httpStatus : undefined;
}

/** Why a credential is refused in which nothing was found that the cluster's CA would not take. */
function unexplained(call: Call | undefined): readonly [Cause, string] {
  switch (call?.credential.kind) {
    case "none":
      return [
        "no-client-certificate",
        "kube-apiserver has no client certificate with its key, and the kubelet was seen to refuse it without one (401).",
      ];
    case "certificate":
      return [
        "client-unknown-authority",
        "kube-apiserver presents a client certificate with which nothing else is wrong, and the kubelet was seen to refuse it (401): the kubelet's clientCAFile does not hold the CA that has signed it, or it has none.",
      ];
    default:
      return [
        "unexplained",
        "The kubelet was seen to refuse kube-apiserver's credential (401), and what was read does not say why.",
      ];
  }
}

/**
 * A kubelet that answered, with what is not known of its settings as kubeadm has it, and as its answer tells: `/configz`
 * stands beside the debugging handlers, and who is known to nobody is let in as anyone or not at all. It says why an
 * answer is as it was, where that is what it would answer.
 *
 * @param credential what kube-apiserver presents; undefined where that is not known
 */
export function supposedKubelet(
  kubelet: KubeletFacts,
  { status, body = "" }: Extract<SeenCall, { readonly status: number }>,
  credential: Credential | undefined,
): KubeletFacts {
  const { authentication } = kubelet;
  const isAnyone = status === 403 && body.includes(`(user=${anyone},`);
  const [leaf] = credential?.kind === "certificate" ? credential.chain : [];
  // A certificate that names somebody, and counts for nothing: no CA is asked for.
  const isOverlooked = isAnyone && leaf?.subject.known && leaf.subject.value.commonName !== "";
  const or = <T>(fact: Fact<T>, value: T): Fact<T> => (fact.known ? fact : known(value));
  return {
    ...kubelet,
    authentication: {
      ...authentication,
      clientCAFile: or(authentication.clientCAFile, isOverlooked ? "" : kubeadmClientCa),
      anonymous: or(authentication.anonymous, isAnyone),
      authorizationMode: or(authentication.authorizationMode, "Webhook"),
      enableDebuggingHandlers: or(authentication.enableDebuggingHandlers, status !== 404),
    },
  };
}

const kubeadmClientCa = `${kubeadmPkiDirectory}/ca.crt`;

/** The same for another kind of request. Source: kubernetes `pkg/kubelet/server/server.go` (InstallAuthFilter). */
function ofSubresource(body: string, kind: RequestKind): string {
  if (kind === "configz") return body;
  return body
    .replace(/verb=\w+/, `verb=${kind === "execSpdy" ? "create" : "get"}`)
    .replace(/subresource=[^)]*/, `subresource=${apart.includes(kind) ? kind : "proxy"}`);
}

function ofProxy(body: string, kind: RequestKind): string {
  const verb = kind === "execSpdy" ? "create" : "get";
  return body.replace(/verb=\w+/, `verb=${verb}`).replace(/\[[^\]]*\]/, "[proxy]");
}

function brokenPair(result: ClientResult, error: string): ClientResult {
  if (result.outcome.verdict === "fails") return result;
  return {
    outcome: fails(error, {
      cause: "broken-client-pair",
      reason: "kube-apiserver was seen to fail at its own client certificate and key.",
      remedies: [
        {
          side: "apiserver",
          setting: "--kubelet-client-certificate",
          text: "Give kube-apiserver a client certificate and its key that belong together (--kubelet-client-certificate, --kubelet-client-key), and restart it.",
          changes: [{ do: "issue", side: "apiserver", what: "client" }],
        },
      ],
    }),
    connection: error,
  };
}

/** Who was refused what it may do by all that was read may be refused the rest as well. */
function contradicted(user: string, { reason }: Outcome): ClientResult {
  return {
    outcome: undecidable([
      `what ${user === "" ? "kube-apiserver" : user} may do at the kubelet: it was seen to be refused configz (403), and what was read says otherwise (${reason})`,
    ]),
  };
}

/** The kubelet let kube-apiserver in, at least for `/configz`. */
function admitted(result: ClientResult, kind: RequestKind): ClientResult {
  const { outcome } = result;
  if (works(outcome)) return result;
  if (kind === "configz") {
    const seen: Outcome = {
      verdict: "verified",
      cause: "verified",
      reason: "The kubelet was seen to let kube-apiserver in.",
      remedies: [],
      sources: outcome.sources,
    };
    return { outcome: seen };
  }
  // Who was let in once is not kept out for who it is; what it may do beside is another question.
  return outcome.verdict === "fails" && outcome.httpStatus === 401
    ? {
        outcome: undecidable([
          `who kube-apiserver is to the kubelet: it was seen to be let in, and what was read says otherwise (${outcome.reason})`,
        ]),
      }
    : result;
}
