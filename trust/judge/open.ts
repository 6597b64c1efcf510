/** Whether a kubelet authorizes at all. */
import type { AuthorizerFacts, KubeletFacts } from "../words/facts.ts";
import type { Verdict } from "../words/verdict.ts";

/**
 * Whether every authenticated user may do anything, exec into every container included: mode AlwaysAllow has no check.
 * Each user with a certificate of the client CA, and with token authentication each pod of the cluster, is authenticated.
 * Source: kubernetes `cmd/kubelet/app/auth.go` (BuildAuthz).
 */
export function isOpenToUsers({ authentication }: Pick<KubeletFacts, "authentication">): boolean {
  const { authorizationMode } = authentication;
  return authorizationMode.known && authorizationMode.value === "AlwaysAllow";
}

/**
 * Whether RBAC lets every authenticated user exec: the kubelet asks, and the answer is yes to each. Where
 * `--authorization-mode` has no RBAC, or is not given among the flags that somebody states, RBAC says nothing.
 */
export function isOpenByRbac(
  { openToAuthenticated }: Pick<Verdict, "openToAuthenticated">,
  kubelet: Pick<KubeletFacts, "authentication">,
  { authorizationModes }: Pick<AuthorizerFacts, "authorizationModes">,
): boolean {
  return (
    !isOpenToUsers(kubelet) &&
    openToAuthenticated.includes("exec") &&
    authorizationModes.known &&
    authorizationModes.value.includes("RBAC")
  );
}
