/** Calls that come straight to a kubelet, past every caller of its cluster; and what is open to strangers. */
import { authorize } from "../rbac/authorize.ts";
import { valueOr } from "../words/fact.ts";
import type { AuthorizerFacts, CertificateFacts, Identity, KubeletFacts } from "../words/facts.ts";
import type { Remedy } from "../words/remedy.ts";
import { type Outcome, type RequestKind, requestKinds } from "../words/verdict.ts";
import { type Authentication, authenticate, type Credential } from "./authenticate.ts";
import type { Call } from "./call.ts";
import { anyAccount, anyUser, stranger } from "./circles.ts";
import { answer, serves } from "./client.ts";
import type { JudgeOptions } from "./options.ts";
import { doesNotStart, fails, undecidable } from "./outcome.ts";
import { anyPod } from "./symptoms.ts";

export type DirectCall = {
  readonly port: "secure" | "readOnly";
  readonly kind: RequestKind;
  /** The caller's certificate and what it sends after it; absent for a caller without one. */
  readonly certificate?: readonly CertificateFacts[];
};

/** What closes the read-only port. */
export const readOnlyRemedies: readonly Remedy[] = [
  {
    side: "kubelet",
    setting: "readOnlyPort",
    text: "Set readOnlyPort: 0 (or remove it).",
    changes: [{ do: "set", side: "kubelet", setting: "readOnlyPort", value: 0 }],
  },
];

/** Kinds that the read-only port serves to everyone. */
const readOnlyKinds: readonly RequestKind[] = ["metrics", "stats", "pods", "healthz"];

/**
 * What a kubelet answers to a call that does not come through kube-apiserver. kube-apiserver matters all the same: in
 * mode Webhook it says who may do what.
 */
export function judgeDirectCall(
  kubelet: KubeletFacts,
  authorizer: AuthorizerFacts,
  call: DirectCall,
  options: JudgeOptions = {},
): Outcome {
  const closed = closedOutcome(kubelet, call.port);
  if (closed) {
    return closed;
  }
  if (call.port === "readOnly") {
    return readOnlyAnswer(call.kind);
  }
  const credential = call.certificate
    ? ({ kind: "certificate", chain: call.certificate } as const)
    : ({ kind: "none" } as const);
  return answer(direct(kubelet, authorizer, credential, options), call.kind).outcome;
}

function direct(
  kubelet: KubeletFacts,
  authorizer: AuthorizerFacts,
  credential: Credential,
  options: JudgeOptions,
): Call {
  const at = options.at ?? new Date();
  const authentication = authenticate(kubelet, credential, at);
  return { kubelet, authorizer, credential, authentication, pod: options.pod ?? anyPod, at };
}

function closedOutcome(kubelet: KubeletFacts, port: DirectCall["port"]): Outcome | undefined {
  const { enableServer, readOnlyPort } = kubelet.authentication;
  const refused = doesNotStart("kubelet", kubelet.start);
  if (refused) {
    return refused;
  }
  // The read-only port listens with the kubelet's server off, too; source: `cmd/kubelet/app/server.go` (startKubelet).
  const listens = port === "secure" ? enableServer : readOnlyPort;
  if (!listens.known) return undecidable([listens.missing]);
  return listens.value === false || listens.value === 0
    ? fails("connect: connection refused", {
        cause: "server-off",
        reason: "Nothing listens on this port.",
        remedies: [],
      })
    : undefined;
}

function readOnlyAnswer(kind: RequestKind): Outcome {
  if (readOnlyKinds.includes(kind)) {
    return {
      verdict: "silentlySkipped",
      cause: "open-to-anyone",
      reason: "The read-only port answers everyone who reaches it.",
      remedies: readOnlyRemedies,
      sources: [],
    };
  }
  const [symptom, httpStatus] =
    kind === "configz"
      ? (["404 page not found", 404] as const)
      : (["Debug endpoints are disabled.", 405] as const);
  return fails(symptom, {
    cause: "not-served",
    reason: "The read-only port serves no such path.",
    remedies: [],
    httpStatus,
  });
}

/** The ports at which a kind of request is open. */
export type OpenPorts = { readonly secure: boolean; readonly readOnly: boolean };

/** What a kubelet gives to strangers. */
export type Open = {
  /** Kinds that anyone may do without a credential. */
  readonly toAnyone: ReadonlyMap<RequestKind, OpenPorts>;
  /** Kinds that anyone may do whom the kubelet authenticates at all, and that are not open to anyone. */
  readonly toAuthenticated: readonly RequestKind[];
  /** Kinds that any ServiceAccount may do, and that are not open to every user. */
  readonly toServiceAccounts: readonly RequestKind[];
  /** Anyone may ask kube-apiserver to ask the kubelet. */
  readonly throughApiServer: boolean;
};

/** Finds what is open. A port whose state is unknown is left out: the other outcomes say what is missing. */
export function openTo(kubelet: KubeletFacts, authorizer: AuthorizerFacts, at: Date): Open {
  const toAnyone = new Map<RequestKind, OpenPorts>();
  const isSecureOn = !closedOutcome(kubelet, "secure");
  const isReadOnlyOn = !closedOutcome(kubelet, "readOnly");
  const call = direct(kubelet, authorizer, { kind: "none" }, { at });
  const lets = (who: Authentication) => {
    const asking = { ...call, authentication: who };
    return (kind: RequestKind) => isSecureOn && serves(asking, kind);
  };
  const isAnyoneKnown = call.authentication.result === "user";
  const letsAnyone = lets(call.authentication);
  for (const kind of requestKinds) {
    const secure = isAnyoneKnown && letsAnyone(kind);
    const readOnly = isReadOnlyOn && readOnlyKinds.includes(kind);
    if (secure || readOnly) toAnyone.set(kind, { secure, readOnly });
  }
  const toSome = (who: Identity | undefined, others: readonly RequestKind[]) => {
    if (who === undefined) return [];
    const letsSome = lets({ result: "user", identity: who, isKnown: true });
    return requestKinds.filter(
      (kind) => !toAnyone.has(kind) && !others.includes(kind) && letsSome(kind),
    );
  };
  const toAuthenticated = toSome(someone(kubelet), []);
  return {
    toAnyone,
    toAuthenticated,
    toServiceAccounts: toSome(someAccount(kubelet), toAuthenticated),
    throughApiServer: isSecureOn && letsStrangersProxy(kubelet, authorizer),
  };
}

/**
 * Whether kube-apiserver lets strangers use a node's proxy, and the kubelet never learns who asks. Beside an authorizer
 * that allows everything there are no strangers.
 * Source: kubernetes `pkg/kubeapiserver/options/authentication.go` (ApplyAuthorization).
 */
function letsStrangersProxy(
  { node }: KubeletFacts,
  authorizer: Pick<AuthorizerFacts, "authorizationModes" | "rbac" | "takesAnonymous">,
): boolean {
  const { takesAnonymous, authorizationModes } = authorizer;
  if (!takesAnonymous?.known || !takesAnonymous.value) return false;
  if (authorizationModes.known && authorizationModes.value.includes("AlwaysAllow")) return false;
  const name = valueOr(node.name, "");
  return ["get", "create"].some(
    (verb) =>
      authorize(stranger, { apiGroup: "", resource: "nodes/proxy", verb, name }, authorizer)
        .answer === "yes",
  );
}

/** Any user that the kubelet can authenticate; undefined where it can authenticate none. */
function someone({ authentication }: KubeletFacts): Identity | undefined {
  const takesCertificates = valueOr(authentication.clientCAFile, "") !== "";
  return takesCertificates || valueOr(authentication.webhook, false) ? anyUser : undefined;
}

/** Any ServiceAccount; undefined where the kubelet takes no tokens. */
function someAccount({ authentication }: KubeletFacts): Identity | undefined {
  return valueOr(authentication.webhook, false) ? anyAccount : undefined;
}
