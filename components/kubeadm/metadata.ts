import { clusterLabel } from "../../trust/words/vocabulary.ts";

/** The namespace of everything that belongs to the cluster itself. */
export const systemNamespace = "kube-system";

/** Labels that every object of a cluster carries, so that kubelets are paired with their own kube-apiserver. */
export function clusterLabels(clusterName: string): Record<string, string> {
  return { [clusterLabel]: clusterName };
}

/** The API group of roles and bindings. */
export const rbacGroup = "rbac.authorization.k8s.io";
