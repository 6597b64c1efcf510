/** What there is to mend about a caller that a kubelet does not let in, or lets in as anyone. */
import { complaintsAbout } from "../certificates/verify.ts";
import { kubeletClientUser } from "../kubeadm/pki.ts";
import { authorize } from "../rbac/authorize.ts";
import { valueOr } from "../words/fact.ts";
import type { AuthorizerFacts, CertificateFacts, Identity } from "../words/facts.ts";
import { bundleOf } from "./bundle.ts";
import type { Call } from "./call.ts";
import type { ClientSituation } from "./client-remedies.ts";

/** Collects it from the facts, each thing by itself. */
export function clientSituation(call: Call): ClientSituation {
  const { kubelet, caller, credential, at, authorizer } = call;
  const { clientCAFile, anonymous, webhook, authorizationMode } = kubelet.authentication;
  const hasClientCA = valueOr(clientCAFile, "?") !== "";
  const chain = credential.kind === "certificate" ? credential.chain : [];
  const bundle = hasClientCA ? bundleOf(clientCAFile, kubelet) : undefined;
  const roots = bundle?.known ? bundle.value : undefined;
  const found = complaintsAbout(chain, roots, { usage: "clientAuth", at });
  const [leaf] = chain;
  const isNameless = leaf !== undefined && commonNameOf(leaf) === "";
  const identity = identityOf(call, leaf);
  const question = {
    apiGroup: "",
    resource: "nodes/proxy",
    verb: "get",
    name: valueOr(kubelet.node.name, ""),
  };
  const allowsAll = valueOr(authorizationMode, "") === "AlwaysAllow";
  const isAnonymousOn = valueOr(anonymous, false);
  const isAsked = !allowsAll || isAnonymousOn;
  return {
    caller: caller?.program ?? "kube-apiserver",
    credential: credential.kind,
    label: leaf?.label ?? "the client certificate",
    complaints: new Set([...found, ...(isNameless ? (["no-common-name"] as const) : [])]),
    hasClientCA,
    isStranger: roots !== undefined && (found.has("chain") || found.has("constraint")),
    takesTokens: valueOr(webhook, false),
    isAnonymousOn,
    isReadOnlyOpen: false,
    allowsAll,
    user: identity.user,
    mustBind: isAsked && authorize(identity, question, authorizer).answer === "no",
    modesWithoutRbac: modesWithoutRbac(authorizer),
  };
}

/** kube-apiserver's authorizers, where no binding counts. */
export function modesWithoutRbac({
  authorizationModes,
}: Pick<AuthorizerFacts, "authorizationModes">): readonly string[] | undefined {
  return authorizationModes.known && !authorizationModes.value.includes("RBAC")
    ? authorizationModes.value
    : undefined;
}

/** Who the caller would be once its credential is taken; kubeadm's user for one that names none. */
function identityOf({ credential }: Call, leaf: CertificateFacts | undefined): Identity {
  if (credential.kind === "token") {
    return valueOr(credential.identity, { user: "", groups: ["system:masters"] });
  }
  const subject = leaf && valueOr(leaf.subject, undefined);
  return {
    user: subject?.commonName || kubeletClientUser,
    groups: subject?.commonName ? subject.organizations : [],
  };
}

function commonNameOf({ subject }: CertificateFacts): string {
  return subject.known ? subject.value.commonName : "?";
}
