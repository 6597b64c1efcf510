/** Whom a kubelet may be open to, as kube-apiserver knows them. */
import type { Identity } from "../words/facts.ts";

/** Whoever is authenticated. Source: apiserver `pkg/authentication/group/authenticated_group_adder.go`. */
export const anyUser: Identity = { user: "<any user>", groups: ["system:authenticated"] };

/** Every pod with a token. Source: apiserver `pkg/authentication/serviceaccount/util.go` (MakeGroupNames). */
export const anyAccount: Identity = {
  user: "<any ServiceAccount>",
  groups: ["system:serviceaccounts", "system:authenticated"],
};

/** Who shows no credential. Source: apiserver `pkg/authentication/request/anonymous/anonymous.go`. */
export const stranger: Identity = { user: "system:anonymous", groups: ["system:unauthenticated"] };
