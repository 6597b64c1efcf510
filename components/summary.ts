import * as pulumi from "@pulumi/pulumi";
import { reasonAnnotation, type ServingMode } from "../trust/words/vocabulary.ts";
import type { Cluster } from "./cluster.ts";
import type { NodeCertificates } from "./node-certificates.ts";

/**
 * When certificates end, RFC 3339: the CA's and each control plane's one by one, the kubelets' pool by pool, the
 * earliest end of each pool.
 */
export function certificateExpiry(cluster: Cluster) {
  const kubelets = Object.fromEntries(
    cluster.nodePools.map((pool) => [pool.poolName, earliestEnd(pool.certificates)]),
  );
  const controlPlanes = Object.fromEntries(
    Object.entries(cluster.controlPlaneCertificates.expiry).map(([host, ends]) => [
      host,
      Object.fromEntries(Object.entries(ends).map(([id, end]) => [id, toTheSecond(end)])),
    ]),
  );
  return {
    ca: toTheSecond(cluster.ca.validityEndTime),
    controlPlanes,
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
  const earliest = pulumi.all(ends).apply((times) => {
    const [first = ""] = times.sort((a, b) => Date.parse(a) - Date.parse(b));
    return first;
  });
  return toTheSecond(earliest);
}

function toTheSecond(time: pulumi.Output<string>): pulumi.Output<string> {
  return time.apply((text) => text.replace(/\.\d+/, ""));
}

/** The trust between each pool's kubelets and kube-apiserver, one line a pool. */
export function trustLines(cluster: Cluster): Record<string, string> {
  return Object.fromEntries(
    cluster.nodePools.map(({ poolName, servingMode, machines }) => [
      poolName,
      `${count(machines.length, "kubelet")}, certificates ${origins[servingMode]}; ${verification(cluster)}`,
    ]),
  );
}

const origins: Record<ServingMode, string> = {
  provisioned: "issued by this stack",
  bootstrap: "requested from the cluster",
  selfSigned: "signed by themselves",
};

function verification({ kubeletAccess: { stance, flags, annotations } }: Cluster): string {
  if (stance === "skip") return `not verified: ${annotations[reasonAnnotation]}`;
  const value = (name: string) =>
    flags.find((flag) => flag.startsWith(`--${name}=`))?.replace(/^.*?=/, "");
  const [dialled] = value("kubelet-preferred-address-types")?.split(",") ?? [];
  return `verified by ${value("kubelet-certificate-authority")}, dialled by ${dialled}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
