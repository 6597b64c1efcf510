/** Whom a kubelet, or the cluster's authorization, lets in without asking who it is. */
import type { Source } from "../words/fact.ts";
import type { ApiServerFacts, KubeletFacts } from "../words/facts.ts";
import type { Circle, OpenInDoubt, Verdict } from "../words/verdict.ts";

/**
 * Whether every authenticated user may do anything, exec into every container included: mode AlwaysAllow has no check.
 * Each user with a certificate of the client CA, and with token authentication each pod of the cluster, is authenticated.
 * Source: kubernetes `cmd/kubelet/app/auth.go` (BuildAuthz).
 */
export function isOpenToUsers({ authentication }: Pick<KubeletFacts, "authentication">): boolean {
  const { authorizationMode } = authentication;
  return authorizationMode.known && authorizationMode.value === "AlwaysAllow";
}

/** Whom the cluster's authorization lets do anything on a kubelet that asks it. */
export type AuthorizedOpening = {
  /** As a sentence begins. */
  readonly who: string;
  /** What they may, in a word or as kinds of request. */
  readonly what: string;
  /** What lets them. */
  readonly by: "RBAC" | "--authorization-mode";
  readonly symptom: string;
  readonly reason: string;
  readonly remedy: string;
  readonly source: Source | undefined;
};

function symptomOf(group: "system:authenticated" | "system:serviceaccounts"): string {
  const who =
    group === "system:authenticated"
      ? "Any certificate of the client CA, or any token of the cluster,"
      : "The token of any ServiceAccount";
  return `no error: that is the trouble. ${who} opens https://<node>:10250/exec.`;
}

/**
 * Whom kube-apiserver says yes to, whoever it is, when a kubelet asks who may exec: the widest circles alone. Where
 * `--authorization-mode` is not given among flags that somebody states, nothing is known of it.
 */
export function openedByAuthorizer(
  verdict: Pick<
    Verdict,
    "openToAuthenticated" | "openToServiceAccounts" | "openThroughApiServer" | "openToAnyone"
  >,
  kubelet: Pick<KubeletFacts, "authentication">,
  { authorizationModes }: Pick<ApiServerFacts, "authorizationModes">,
): readonly AuthorizedOpening[] {
  if (!authorizationModes.known) return [];
  const { value: modes, source } = authorizationModes;
  const { openToAuthenticated, openToServiceAccounts, openThroughApiServer } = verdict;
  const asks = !isOpenToUsers(kubelet);
  if (modes.includes("AlwaysAllow")) {
    const isOpen = asks && source !== undefined && openToAuthenticated.includes("exec");
    return isOpen ? [alwaysAllowed(source)] : [];
  }
  if (!modes.includes("RBAC")) return [];
  const byRbac = { by: "RBAC", source: undefined } as const;
  const [group, kinds, who] = openToAuthenticated.includes("exec")
    ? (["system:authenticated", openToAuthenticated, "whoever is authenticated"] as const)
    : (["system:serviceaccounts", openToServiceAccounts, "every pod with a token"] as const);
  return [
    ...(openThroughApiServer
      ? [
          {
            ...byRbac,
            who: "anyone who reaches kube-apiserver",
            what: "nodes/proxy",
            symptom:
              "no error: that is the trouble. https://<kube-apiserver>/api/v1/nodes/<node>/proxy/ answers anyone.",
            reason:
              "kube-apiserver takes anonymous requests, and RBAC allows system:anonymous or its group system:unauthenticated what users do on nodes/proxy.",
            remedy:
              "Take system:anonymous and system:unauthenticated out of the ClusterRoleBinding that grants nodes/proxy.",
          },
        ]
      : []),
    ...(asks && kinds.includes("exec")
      ? [
          {
            ...byRbac,
            who,
            what: kinds.join(", "),
            symptom: symptomOf(group),
            reason: `The group ${group} is allowed what users do on nodes/proxy (${kinds.join(", ")}).`,
            remedy: `Bind nodes/proxy to those who need it, and never to ${group}.`,
          },
        ]
      : []),
  ];
}

/** Whom a circle is, as a sentence goes on. */
const circleNames: Readonly<Record<Circle, string>> = {
  anyone: "anyone who reaches it",
  "anyone at kube-apiserver": "anyone who reaches kube-apiserver",
  authenticated: "whoever is authenticated",
  "service accounts": "every pod with a token",
};

/** What is not known of who may exec, as a sentence. */
export function doubtOf({ to }: OpenInDoubt): string {
  return `nobody can tell whether ${circleNames[to]} may exec into every container on it.`;
}

function alwaysAllowed(source: Source): AuthorizedOpening {
  return {
    who: "whoever is authenticated",
    what: "everything",
    by: "--authorization-mode",
    symptom: symptomOf("system:authenticated"),
    reason:
      "kube-apiserver's --authorization-mode AlwaysAllow says yes to whatever a kubelet asks.",
    remedy: "Set --authorization-mode=Node,RBAC, which without the flag is AlwaysAllow.",
    source,
  };
}
