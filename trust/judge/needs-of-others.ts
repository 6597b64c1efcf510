/** What those around kubelets and kube-apiserver ask of both, where neither is at hand; a sentence each. */
import { authorize } from "../rbac/authorize.ts";
import type { CallerPiece } from "../readers/piece.ts";
import { type Fact, known } from "../words/fact.ts";
import type { Identity, RbacFacts } from "../words/facts.ts";
import { callerPrograms } from "./caller.ts";

/** What a caller beside kube-apiserver needs of each kubelet. */
export function needsOfCaller({
  program,
  verification,
  addressTypes,
  serviceAccount,
}: CallerPiece): readonly string[] {
  const own = callerPrograms[program];
  const types = addressTypes ?? known(own.addressTypes);
  const account = serviceAccount?.known ? serviceAccount.value : "its ServiceAccount";
  return [
    ...(!verification.known
      ? [`Undecidable without ${verification.missing}.`]
      : verification.value.skip
        ? [`It verifies no kubelet (${verification.value.key}): any serving certificate will do.`]
        : [
            `Each kubelet needs a serving certificate that a CA in ${verification.value.caFile || own.authority} signed; one that it signs itself will not do.`,
            types.known
              ? `It must name the first address that its node has of ${types.value.join(", ")}: an IP address as an IP SAN, a name as a DNS SAN.`
              : `Undecidable without ${types.missing}.`,
          ]),
    `Each kubelet needs authentication.webhook.enabled: true, and RBAC that lets ${account} get nodes/metrics.`,
  ];
}

/**
 * What a kube-controller-manager that signs means for both.
 *
 * @param signer path of the CA that signs kubelet serving certificates; `undefined`: it signs none
 */
export function needsOfSigner(signer: Fact<string | undefined>): readonly string[] {
  if (!signer.known) return [`Undecidable without ${signer.missing}.`];
  return signer.value === undefined
    ? [
        "It signs no kubelet serving certificate: kubelets need tlsCertFile and tlsPrivateKeyFile, not serverTLSBootstrap.",
      ]
    : [
        `It signs what kubelets with serverTLSBootstrap: true request with ${signer.value}: --kubelet-certificate-authority of kube-apiserver needs that CA.`,
        "The requests need an approver for signer kubernetes.io/kubelet-serving; kube-controller-manager approves none.",
      ];
}

/**
 * What an approver means for both.
 *
 * @param idle why it approves nothing; `undefined` when it does
 */
export function needsOfApprover(idle: Fact<string | undefined>): readonly string[] {
  if (!idle.known) return [`Undecidable without ${idle.missing}.`];
  return [
    ...(idle.value === undefined ? [] : [`It approves nothing: ${idle.value}.`]),
    "Kubelets need serverTLSBootstrap: true to request what it approves.",
    "--kubelet-certificate-authority of kube-apiserver needs the CA that kube-controller-manager signs them with.",
  ];
}

/** Whom RBAC lets call kubelets: what the certificate behind `--kubelet-client-certificate` must say. */
export function needsOfRbac(rbac: RbacFacts): readonly string[] {
  const question = { apiGroup: "", resource: "nodes/proxy", verb: "get", name: "" };
  const subjects = rbac.bindings.flatMap((binding) => binding.subjects);
  const may = (who: Identity) =>
    authorize(who, question, { authorizationModes: known(["RBAC"]), rbac: known(rbac) }).answer;
  const callers = subjects.flatMap(({ kind, name }) => {
    if (kind === "ServiceAccount") return [];
    const who = kind === "User" ? { user: name, groups: [] } : { user: "", groups: [name] };
    return may(who) === "yes" ? [kind === "User" ? `user ${name} (CN)` : `group ${name} (O)`] : [];
  });
  const named = [...new Set(callers)].sort();
  return [
    named.length === 0
      ? "It lets no user and no group of its own get nodes/proxy: bind the user of --kubelet-client-certificate to ClusterRole system:kubelet-api-admin."
      : `The certificate of --kubelet-client-certificate needs ${named.join(" or ")}, by which RBAC lets it get nodes/proxy.`,
    "Kubelets ask RBAC with authorization.mode: Webhook.",
  ];
}
