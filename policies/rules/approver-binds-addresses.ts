/** approver-binds-addresses: what lets a node have a certificate for another's address stays in sight. */
import { borrowedAddress } from "../../trust/cluster/borrowed-address.ts";
import { valueOr } from "../../trust/words/fact.ts";
import { judgingProperties } from "../config.ts";
import type { Spec } from "../policy.ts";
import type { Finding } from "../report/finding.ts";
import type { Approver, Cluster, Judged } from "../stack/analysis.ts";

export const approverBindsAddresses: Spec = {
  name: "approver-binds-addresses",
  displayName: "approvers give each node its own addresses alone",
  description:
    "An approver of kubelet serving certificates should approve an address only for the node that has it.",
  enforcementLevel: "advisory",
  severity: "medium",
  remediationSteps:
    "Give kubelets provisioned certificates, or narrow the approver's prefixes to the nodes that request theirs.",
  tags: ["kubelet", "tls", "csr"],
  properties: judgingProperties,
  find: ({ clusters, judged }) =>
    clusters.flatMap((cluster) =>
      cluster.approvers.flatMap((approver) =>
        unbound(
          approver,
          cluster,
          judged.filter((one) => one.cluster === cluster),
        ),
      ),
    ),
};

function unbound(approver: Approver, cluster: Cluster, kubelets: readonly Judged[]): Finding[] {
  const { idle, found, label, rules } = approver;
  // One that approves nothing gives nothing away; where that is unknown, it may.
  if (rules === undefined || found === undefined || valueOr(idle, undefined) !== undefined)
    return [];
  const borrowed = borrowedAddress(
    rules,
    kubelets.map(({ facts }) => facts.node),
  );
  if (borrowed === undefined) return [];
  const { node, owner, address } = borrowed;
  const what =
    owner === undefined
      ? "approves any address for any node that asks."
      : `lets a node have the address of another: ${node} would have a certificate for ${address}, which is ${owner}'s.`;
  return [
    {
      cause: [cluster.key, label, what].join("\n"),
      what,
      subject: label,
      noun: "approver",
      resource: found.resource,
      clusterName: cluster.name,
      sources: [found.source],
      symptom:
        "no error: whoever holds one node's client certificate can answer kube-apiserver in another's place, and is verified.",
      reason:
        "kubelet-csr-approver has one list of prefixes for all nodes, and looks up and compares only the DNS names that a request has; one without any is taken on the prefixes alone.",
      remedies: [
        "(kubelet) Use tlsCertFile and tlsPrivateKeyFile (servingMode provisioned) where nodes must not be trusted with each other's addresses; what is approved can then be left out.",
        "(approver) Set PROVIDER_IP_PREFIXES to the addresses of those nodes alone that request certificates, PROVIDER_REGEX to their names, and BYPASS_DNS_RESOLUTION=false: fewer addresses can be had, and none with a DNS name.",
      ],
    },
  ];
}
