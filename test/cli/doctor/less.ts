/** What the doctor says with a right less, held against what it says with all of them. */
import assert from "node:assert/strict";
import type { Outcome } from "../../../trust/words/verdict.ts";

/** Rights beside that to list nodes, and what the doctor calls what it cannot see without one; of a node's, the beginning. */
export const unseenAs = {
  "nodes/proxy": "configz of ",
  pods: "Pods of kube-system",
  "kubelet-config": "ConfigMap kube-system/kubelet-config",
  "kubeadm-config": "ConfigMap kube-system/kubeadm-config",
  "kube-root-ca.crt": "ConfigMap kube-system/kube-root-ca.crt",
  "extension-apiserver-authentication": "ConfigMap kube-system/extension-apiserver-authentication",
  certificatesigningrequests: "CertificateSigningRequests",
  clusterroles: "ClusterRoles",
  clusterrolebindings: "ClusterRoleBindings",
  deployments: "deployments",
  daemonsets: "daemonsets",
  statefulsets: "statefulsets",
} as const;

/** The doctor's document, as far as it is compared. */
export type Told = {
  readonly accepted: boolean;
  readonly pairs: readonly {
    readonly node: string;
    readonly requests: Readonly<Record<string, Outcome>>;
  }[];
  readonly notSeen: readonly { readonly what: string; readonly because: string }[];
};

/** A cause, and those that say less of the same. */
const vaguer: Partial<Record<string, readonly string[]>> = {
  "no-approver": ["csr-pending", "no-certificate"],
};

/** Holds that less says the same of each kubelet, or less of it, or that it cannot be decided. */
export function assertNoMore(less: Told, whole: Told): void {
  assert.ok(whole.accepted || !less.accepted, "accepted with a right less");
  for (const { node, requests } of less.pairs) {
    const pair = whole.pairs.find((one) => one.node === node);
    for (const [kind, { verdict, cause }] of Object.entries(requests)) {
      const known = pair?.requests[kind];
      const isSame = verdict === known?.verdict && cause === known.cause;
      const isVaguer = (vaguer[known?.cause ?? ""] ?? []).includes(cause);
      const said = `${node}, ${kind}: ${verdict}, ${cause}, and with all rights ${known?.verdict}, ${known?.cause}`;
      assert.ok(isSame || isVaguer || verdict === "undecidable", said);
    }
  }
}
