/** Who a caller is to a kubelet. Sources: kubernetes `cmd/kubelet/app/auth.go`; apiserver `authentication/request/x509`. */
import { type Verification, verifyChain } from "../certificates/verify.ts";
import type { Fact } from "../words/fact.ts";
import type { CertificateFacts, Identity, KubeletFacts } from "../words/facts.ts";
import type { Cause } from "../words/verdict.ts";
import { bundleOf } from "./bundle.ts";

/** What a caller presents. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "certificate"; readonly chain: readonly CertificateFacts[] }
  | { readonly kind: "token"; readonly identity: Fact<Identity> };

/** Who the kubelet takes a caller for. In reasons `<caller>` stands for its program. */
export type Authentication =
  | {
      readonly result: "user";
      readonly identity: Identity;
      /** By certificate or token; false for system:anonymous. */
      readonly isKnown: boolean;
      /** Why it is not known. */
      readonly anonymousCause?: Cause;
    }
  | { readonly result: "unauthorized"; readonly reason: string; readonly cause: Cause }
  | { readonly result: "unknown"; readonly missing: readonly string[] };

/** Who a caller is to a kubelet. */
export function authenticate(
  kubelet: KubeletFacts,
  credential: Credential,
  at: Date,
): Authentication {
  const { clientCAFile, webhook } = kubelet.authentication;
  if (credential.kind === "token") {
    if (!webhook.known) return { result: "unknown", missing: [webhook.missing] };
    if (!webhook.value) return asAnonymous(kubelet, credential, "token-not-checked");
    return credential.identity.known
      ? { result: "user", identity: credential.identity.value, isKnown: true }
      : { result: "unknown", missing: [credential.identity.missing] };
  }
  // Whose certificates count does not matter to a stranger who has none.
  if (credential.kind === "none") return asAnonymous(kubelet, credential, "no-client-certificate");
  if (!clientCAFile.known) {
    return { result: "unknown", missing: [clientCAFile.missing] };
  }
  if (clientCAFile.value === "") return asAnonymous(kubelet, credential, "no-client-ca");
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
    return {
      result: "unauthorized",
      reason: clientReason(verification, leaf),
      cause: causes[verification.complaint],
    };
  }
  if (!leaf?.subject.known) {
    return { result: "unknown", missing: ["the subject of the caller's client certificate"] };
  }
  const { commonName, organizations } = leaf.subject.value;
  return commonName === ""
    ? asAnonymous(kubelet, credential, "client-no-common-name")
    : { result: "user", identity: { user: commonName, groups: organizations }, isKnown: true };
}

const causes = {
  validity: "client-not-valid-now",
  usage: "client-wrong-usage",
  constraint: "client-name-constraint",
  chain: "client-unknown-authority",
  name: "client-unknown-authority",
} as const;

function asAnonymous(
  { authentication: { anonymous } }: KubeletFacts,
  credential: Credential,
  cause: keyof typeof noCredentialReasons,
): Authentication {
  if (!anonymous.known) {
    return { result: "unknown", missing: [anonymous.missing] };
  }
  return anonymous.value
    ? {
        result: "user",
        identity: { user: "system:anonymous", groups: ["system:unauthenticated"] },
        isKnown: false,
        ...(credential.kind !== "none" && { anonymousCause: cause }),
      }
    : { result: "unauthorized", reason: noCredentialReasons[cause], cause };
}

const noCredentialReasons = {
  "no-client-certificate":
    "<caller> presents no client certificate: --kubelet-client-certificate and --kubelet-client-key must both be set.",
  "no-client-ca": "The kubelet has no clientCAFile and ignores every client certificate.",
  "client-no-common-name":
    "<caller>'s client certificate has no common name, and so names no user.",
  "token-not-checked":
    "<caller> sends a token, and the kubelet has none checked (authentication.webhook.enabled: false).",
} as const;

function clientReason(
  { message, complaint }: Extract<Verification, { result: "error" }>,
  leaf: CertificateFacts | undefined,
): string {
  const what = leaf?.label ?? "its client certificate";
  switch (complaint) {
    case "validity":
      return `<caller> presents ${what}, which is not valid at this time.`;
    case "usage":
      return `<caller> presents ${what}, which is not meant for clients (extended key usage).`;
    case "constraint":
      return `<caller> presents ${what}, for whose names a CA above it may not sign (name constraints).`;
    default:
      return `<caller> presents ${what}, which no CA of the kubelet's clientCAFile has signed (${message}).`;
  }
}
