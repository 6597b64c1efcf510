/** What anyone who reaches a kubelet may do without any credential. */
import { valueOr } from "../evidence.ts";
import type { ApiServerFacts, KubeletFacts } from "../facts.ts";
import { type RequestKind, requestKinds, works } from "../verdict.ts";
import { answer, authenticate } from "./client.ts";
import { anyPod } from "./symptoms.ts";

/** Kinds that the read-only port serves, to whoever asks. */
export const readOnlyKinds: readonly RequestKind[] = ["metrics", "stats", "pods", "healthz"];

/** Kinds that are open on the secure port to an anonymous caller, or on the read-only port. */
export function openToAnyone(
  kubelet: KubeletFacts,
  apiserver: ApiServerFacts,
  at: Date,
): readonly RequestKind[] {
  const { enableServer, readOnlyPort } = kubelet.authentication;
  if (!kubelet.start.known || !kubelet.start.value.starts || !valueOr(enableServer, true)) {
    return [];
  }
  const authentication = authenticate(kubelet, { kind: "none" }, at);
  const caller = { kubelet, apiserver, authentication, pod: anyPod };
  const hasReadOnlyPort = valueOr(readOnlyPort, 0) > 0;
  return requestKinds.filter(
    (kind) =>
      (hasReadOnlyPort && readOnlyKinds.includes(kind)) ||
      (authentication.result === "user" && works(answer(caller, kind).outcome)),
  );
}
