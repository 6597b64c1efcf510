/**
 * What kubeadm fills in on its own: the KubeletConfiguration that its kubelets get, and the flags that its drop-in for
 * kubelet.service gives them.
 * Source: kubernetes `cmd/kubeadm/app/componentconfigs/kubelet.go` (Default), `cmd/kubeadm/app/constants/constants.go`.
 */
import {
  type KubeletConfigurationDocument,
  kubeletConfigurationVersion,
} from "../readers/kubelet-configuration.ts";
import { asObject, type Json, type JsonObject } from "../readers/yaml.ts";
import type { Source } from "../words/fact.ts";

/** Where kubeadm writes the KubeletConfiguration of a node. */
export const kubeadmKubeletConfigPath = "/var/lib/kubelet/config.yaml";

/**
 * Where kubeadm keeps what is the node's own, to merge it into its KubeletConfiguration: no flag names it.
 * Source: kubernetes `cmd/kubeadm/app/constants/constants.go` (KubeletInstanceConfigurationFileName).
 */
export const kubeadmInstanceConfigPath = "/var/lib/kubelet/instance-config.yaml";

/** The flags of every kubelet that kubeadm starts. */
export const kubeadmKubeletFlags: readonly string[] = [
  "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf",
  "--kubeconfig=/etc/kubernetes/kubelet.conf",
  `--config=${kubeadmKubeletConfigPath}`,
];

/**
 * What kubeadm sets where a KubeletConfiguration says nothing. Values that a person gives stay, `rotateCertificates`
 * aside: it is always on.
 */
function kubeletDefaults(certificatesDirectory: string): JsonObject {
  return {
    staticPodPath: "/etc/kubernetes/manifests",
    clusterDNS: ["10.96.0.10"],
    clusterDomain: "cluster.local",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${certificatesDirectory}/ca.crt` },
    },
    authorization: { mode: "Webhook" },
    healthzBindAddress: "127.0.0.1",
    healthzPort: 10248,
    cgroupDriver: "systemd",
  };
}

/** The KubeletConfiguration that kubeadm makes of a document, or of none. */
export function kubeadmKubeletConfiguration(
  document: KubeletConfigurationDocument | undefined,
  certificatesDirectory: string,
  source: Source,
): KubeletConfigurationDocument {
  const given: JsonObject = document?.value ?? {
    apiVersion: kubeletConfigurationVersion,
    kind: "KubeletConfiguration",
  };
  return {
    value: { ...fillIn(given, kubeletDefaults(certificatesDirectory)), rotateCertificates: true },
    source: document?.source ?? source,
    lineOf: document?.lineOf ?? (() => undefined),
  };
}

/** Values that are absent or empty take the default; a value of another type stays, for the kubelet to refuse. */
function fillIn(given: JsonObject, defaults: JsonObject): JsonObject {
  const filled: Record<string, Json> = { ...given };
  for (const [key, otherwise] of Object.entries(defaults)) {
    const value = Object.hasOwn(filled, key) ? filled[key] : undefined;
    const inner = asObject(otherwise);
    if (value === undefined || value === null || value === "") {
      filled[key] = otherwise;
    } else if (inner && asObject(value)) {
      filled[key] = fillIn(asObject(value) ?? {}, inner);
    }
  }
  return filled;
}
