/** What a kubelet asks kube-apiserver about its callers, and whether it may. */
import { authorize } from "../rbac/authorize.ts";
import { valueOr } from "../words/fact.ts";
import type { AuthorizerFacts, Identity, KubeletFacts } from "../words/facts.ts";

/** Who somebody is, by a token; and what somebody may do. */
export type Review = "tokenreviews" | "subjectaccessreviews";

const groups: Readonly<Record<Review, string>> = {
  tokenreviews: "authentication.k8s.io",
  subjectaccessreviews: "authorization.k8s.io",
};

/**
 * Whether a kubelet may create a kind of review; the Node authorizer lets every node do it.
 * Source: kubernetes `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go` (NodeRules).
 */
export function maySubmit(
  review: Review,
  kubelet: KubeletFacts,
  authorizer: AuthorizerFacts,
): ReturnType<typeof authorize> {
  const question = { apiGroup: groups[review], resource: review, verb: "create", name: "" };
  if (!kubelet.identity.known && kubelet.node.name.known) {
    return { answer: "unknown", missing: kubelet.identity.missing };
  }
  // A kubelet whose name is unknown is a node all the same.
  const identity: Identity = valueOr(kubelet.identity, {
    user: "system:node:<node name>",
    groups: ["system:nodes"],
  });
  return authorize(identity, question, authorizer);
}
