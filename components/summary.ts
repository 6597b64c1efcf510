import * as pulumi from "@pulumi/pulumi";
import type { ServingMode } from "../trust/vocabulary.ts";
import type { Cluster } from "./cluster.ts";
import type { NodeCertificates } from "./nodeCertificates.ts";

/**
 * When certificates end, RFC 3339: the CA's and each control plane's one by one, the kubelets' pool by pool, the
 * earliest end of each pool.
 */
export function certificateExpiry(cluster: Cluster) {
  const kubelets = Object.fromEntries(
    cluster.nodePools.map((pool) => [pool.poolName, earliestEnd(pool.certificates)]),
  );
  return {
    ca: cluster.ca.validityEndTime,
    controlPlanes: cluster.controlPlaneCertificates.expiry,
    kubelets: { "control-planes": earliestEnd(cluster.controlPlaneKubelets), ...kubelets },
  };
}

function earliestEnd({ nodes }: NodeCertificates): pulumi.Output<string> {
  const ends = Object.values(nodes).flatMap(({ client, serving }) =>
    serving === undefined
      ? [client.validityEndTime]
      : [client.validityEndTime, serving.validityEndTime],
  );
  // RFC 3339 times of different offsets do not sort as texts.
  return pulumi.all(ends).apply((times) => {
    const [first = ""] = times.sort((a, b) => Date.parse(a) - Date.parse(b));
    return first;
  });
}

/** The trust between each pool's kubelets and kube-apiserver, one line a pool. */
export function trustLines(cluster: Cluster): Record<string, string> {
  return Object.fromEntries(
    cluster.nodePools.map(({ poolName, servingMode, machines }) => [
      poolName,
      `${machines.length} kubelet${machines.length === 1 ? "" : "s"} ${serves[servingMode]}; kube-apiserver ${verifies(cluster)}`,
    ]),
  );
}

const serves: Record<ServingMode, string> = {
  provisioned: "serve certificates that this stack issued (provisioned)",
  bootstrap: "request their serving certificates from the cluster (bootstrap)",
  selfSigned: "sign their own serving certificates (selfSigned)",
};

function verifies({ kubeletAccess: { stance, flags, annotations } }: Cluster): string {
  if (stance === "skip") {
    const reason = Object.values(annotations).at(-1);
    return `does not verify them, on purpose (skip): ${reason}`;
  }
  const [authority = "", ...rest] = flags;
  return `verifies them (${stance}): ${authority} ${rest.at(-1)}`;
}
