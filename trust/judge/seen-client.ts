/**
 * The client side of two programs that run: what the kubelet answered to kube-apiserver's `/configz` decides; files,
 * settings and RBAC, as far as they were seen, say why.
 */
import type { KubeletFacts, SeenCall } from "../words/facts.ts";
import { type Outcome, type RequestKind, works } from "../words/verdict.ts";
import { alwaysServed, type ClientJudgement, type ClientResult, debuggingOff } from "./client.ts";
import { authenticationRemedies, authorizationRemedies } from "./client-remedies.ts";
import { clientSituation } from "./client-situation.ts";
import { fails, undecidable } from "./outcome.ts";
import { isOfClientPair } from "./seen-serving.ts";
import { answerSeen, type PodReference } from "./symptoms.ts";

/** Kinds that are authorized by a subresource of their own: what `/configz` got says nothing of them. */
const apart: readonly RequestKind[] = ["metrics", "stats", "pods", "healthz"];

/** The result for a kind of request that agrees with what was seen. */
export function clientAsSeen(
  result: ClientResult,
  kind: RequestKind,
  called: SeenCall,
  { call }: ClientJudgement,
  { kubelet, pod }: { readonly kubelet: KubeletFacts; readonly pod: PodReference },
): ClientResult {
  const { outcome } = result;
  if (outcome.verdict === "doesNotStart") return result;
  if ("error" in called) return isOfClientPair(called) ? brokenPair(result, called.error) : result;
  const { status, body = "" } = called;
  const seen = (otherwise: string) => {
    const { symptom, httpStatus } = answerSeen(kind, status, otherwise, pod);
    return { symptom, httpStatus };
  };
  switch (true) {
    case status === 401: {
      if (outcome.verdict === "fails") return result;
      const { symptom, httpStatus } = seen("Unauthorized");
      const hasNone = call?.credential.kind === "none";
      return {
        outcome: fails(symptom, {
          cause: hasNone ? "no-client-certificate" : "unexplained",
          reason: hasNone
            ? "kube-apiserver has no client certificate with its key, and the kubelet was seen to refuse it without one (401)."
            : "The kubelet was seen to refuse kube-apiserver's credential (401), and what was read does not say why.",
          remedies: call ? authenticationRemedies(clientSituation(call)) : [],
          httpStatus,
        }),
      };
    }
    case status === 403: {
      if (outcome.verdict === "fails" || apart.includes(kind)) return result;
      if (kind !== "configz" && works(outcome)) return result;
      const user = /\(user=([^,]*),/.exec(body)?.[1] ?? "";
      const { symptom, httpStatus } = seen(kind === "configz" ? body : ofProxy(body, kind));
      const isAnyone = user === "system:anonymous";
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
      return { outcome: debuggingOff(kubelet, seen("Debug endpoints are disabled.")) };
    }
    case status < 400:
      return admitted(result, kind);
    default:
      return result;
  }
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
