/** Whether a kubelet authorizes at all. */
import type { KubeletFacts } from "../words/facts.ts";

/**
 * Whether every authenticated user may do anything, exec into every container included: mode AlwaysAllow has no check.
 * Each user with a certificate of the client CA, and with token authentication each pod of the cluster, is authenticated.
 * Source: kubernetes `cmd/kubelet/app/auth.go` (BuildAuthz).
 */
export function isOpenToUsers({ authentication }: Pick<KubeletFacts, "authentication">): boolean {
  const { authorizationMode } = authentication;
  return authorizationMode.known && authorizationMode.value === "AlwaysAllow";
}
