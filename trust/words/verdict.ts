/**
 * The words of a verdict: what would happen between one kubelet and one kube-apiserver.
 */
import type { Source } from "./fact.ts";
import type { CallerName } from "./facts.ts";
import type { StopsStart } from "./refusal.ts";
import type { Remedy } from "./remedy.ts";

export type { Remedy } from "./remedy.ts";

/**
 * Kinds of request that kube-apiserver sends to a kubelet, where their answers can differ.
 *
 * `exec` is what `kubectl exec` does: `execWebSocket` first, then `execSpdy`. `proxy` stands for any path of
 * `nodes/<name>/proxy/` that has no kind of its own here.
 */
export const requestKinds = [
  "logs",
  "exec",
  "execWebSocket",
  "execSpdy",
  "attach",
  "portForward",
  "metrics",
  "stats",
  "pods",
  "healthz",
  "configz",
  "proxy",
] as const;
export type RequestKind = (typeof requestKinds)[number];

/**
 * What an outcome comes from. Equal for all kinds of request that one thing spoils, whatever their symptoms say.
 * `undecidable` outcomes have one cause for each thing that is missing: see `causeOf` in trust/judge/cause.ts.
 */
export type Cause =
  | "verified"
  /** Nothing is verified on the serving side. */
  | "nothing-verified"
  /** The caller is let in without being known, as anyone would be. */
  | "open-to-anyone"
  | "unknown"
  | "caller-does-not-start"
  | "kubelet-does-not-start"
  // Where nothing is reached.
  | "no-preferred-address"
  | "unresolvable-name"
  | "server-off"
  | "listens-elsewhere"
  /** Seen: nothing accepts a connection, or nothing answers it. */
  | "nothing-answers"
  /** Seen: a connection is accepted, and nothing comes back. */
  | "hangs"
  /** Seen: what answers at the port does not speak a kubelet's TLS. */
  | "no-kubelet"
  // Where the kubelet has no serving certificate.
  | "half-pair"
  /** A request that no one decides about, because there is no approver. */
  | "no-approver"
  | "csr-pending"
  | "csr-denied"
  | "csr-never-issued"
  | "no-node-ip"
  /** Seen, and nothing that is known says why. */
  | "no-certificate"
  // Where the serving certificate is not accepted.
  | "not-valid-now"
  | "no-ip-sans"
  | "wrong-name"
  | "unknown-authority"
  | "name-constraint"
  | "wrong-usage"
  // Where the caller is not let in.
  | "broken-client-pair"
  | "no-client-ca"
  | "no-client-certificate"
  | "client-no-common-name"
  | "client-not-valid-now"
  | "client-unknown-authority"
  | "client-name-constraint"
  | "client-wrong-usage"
  | "token-not-checked"
  | "forbidden"
  /** The kubelet itself may not ask who may call it. */
  | "may-not-ask"
  | "debugging-off"
  | "not-served"
  /** Seen, and nothing that is known says why. */
  | "unexplained";

type Explained = {
  readonly cause: Cause;
  /** Why, in one sentence. */
  readonly reason: string;
  /** Most preferred first; empty when nothing need change. */
  readonly remedies: readonly Remedy[];
  /** The settings that decided, for a person to find them. */
  readonly sources: readonly Source[];
};

/** It works and the peer is verified. */
export type Verified = Explained & { readonly verdict: "verified" };
/** It works, the peer is not verified, and an annotation says that this is meant. */
export type Skipped = Explained & { readonly verdict: "skipped" };
/** It works, the peer is not verified, and nothing says that this is meant. */
export type SilentlySkipped = Explained & { readonly verdict: "silentlySkipped" };
/** It does not work; `symptom` is what a user sees. */
export type Fails = Explained & {
  readonly verdict: "fails";
  readonly symptom: string;
  /** What kube-apiserver answers the user, when it answers at all. */
  readonly httpStatus?: number;
};
/** One of the two programs exits at once with `message`. */
export type DoesNotStart = Explained & {
  readonly verdict: "doesNotStart";
  readonly program: "kubelet" | CallerName;
  /** What it complains about first. */
  readonly message: string;
  /** Everything that stops it, in the order of its complaints. */
  readonly refusals: readonly StopsStart[];
  /** What a user sees who asks for the kubelet all the same; absent when kube-apiserver is the one. */
  readonly symptom?: string;
  readonly httpStatus?: number;
};
/** Not to be decided; each of `missing` completes the sentence "undecidable without ...". */
export type Undecidable = Explained & {
  readonly verdict: "undecidable";
  readonly missing: readonly string[];
};

export type Outcome = Verified | Skipped | SilentlySkipped | Fails | DoesNotStart | Undecidable;
export type VerdictWord = Outcome["verdict"];

/** What would happen between one kubelet and one kube-apiserver. */
export type Verdict = {
  /** Does kube-apiserver accept the kubelet's serving certificate? The same for every kind of request. */
  readonly serving: Outcome;
  /** Does the kubelet let kube-apiserver in? By kind, as if the serving side worked. */
  readonly client: Readonly<Record<RequestKind, Outcome>>;
  /** Both together: what a user sees, by kind, with the prefix that this kind of request has. */
  readonly requests: Readonly<Record<RequestKind, Outcome>>;
  /** Kinds that anyone who reaches the port may do without any credential. */
  readonly openToAnyone: readonly RequestKind[];
  /** Kinds that anyone may do whom the kubelet authenticates at all: any user, any ServiceAccount. */
  readonly openToAuthenticated: readonly RequestKind[];
  /** Kinds that any ServiceAccount may do, and not every user: each pod with a token of its own. */
  readonly openToServiceAccounts: readonly RequestKind[];
  /** Whether anyone may do without a credential what they like by way of kube-apiserver (`nodes/proxy`). */
  readonly openThroughApiServer: boolean;
  /** To whom it may be open beside, by a value that is not known. */
  readonly openInDoubt: readonly OpenInDoubt[];
};

/** The circles to which nothing must be open, the widest first. */
export type Circle = "anyone" | "anyone at kube-apiserver" | "authenticated" | "service accounts";

/** Whether a circle may exec is not to be decided; each of `missing` completes the sentence "undecidable without ...". */
export type OpenInDoubt = { readonly to: Circle; readonly missing: readonly string[] };

/** True for the verdicts in which the request gets its answer. */
export function works(outcome: Outcome): boolean {
  return (
    outcome.verdict === "verified" ||
    outcome.verdict === "skipped" ||
    outcome.verdict === "silentlySkipped"
  );
}
