import type * as pulumi from "@pulumi/pulumi";
import { canonicalIp } from "../../trust/go/ip.ts";
import type { ApiServerStance, KeyAlgorithm } from "../../trust/words/vocabulary.ts";
import { hostPort, subnetAddress } from "./addresses.ts";
import type { HardeningArgs } from "./hardening.ts";
import { derive } from "./inputs.ts";

/** What everything in a cluster agrees on, in full. Data alone, so that one stack can hand it to another. */
export type ClusterSettings = {
  /** The cluster's name in labels, kubeconfigs and kubeadm's configuration. */
  clusterName: string;
  /** Without the `v`. */
  kubernetesVersion: string;
  /** `host:port` under which every machine reaches kube-apiserver. An Output where a cloud gives it. */
  controlPlaneEndpoint: pulumi.Input<string>;
  /** CIDR of services. */
  serviceSubnet: string;
  /** CIDR of pods. Default: none; the controller manager then allocates no node CIDRs. */
  podSubnet?: string;
  /** DNS domain of services. */
  dnsDomain: string;
  /** What kube-apiserver is told about kubelet serving certificates. */
  stance: ApiServerStance;
  /** Algorithm of all keys. */
  keyAlgorithm: KeyAlgorithm;
  /** Lifetime of leaf certificates, in hours. */
  validityHours: number;
  /** Lifetime of CA certificates, in hours. */
  caValidityHours: number;
  /** Hours before its end from which an update replaces a leaf certificate. */
  earlyRenewalHours: number;
  /** Which switches of hardening are off. Default: none. */
  hardening?: HardeningArgs;
};

/** Port of kube-apiserver on a control plane, kubeadm's default. */
export const apiServerPort = 6443;

/** URL under which every machine reaches kube-apiserver. */
export function endpointUrl({ controlPlaneEndpoint }: ClusterSettings): pulumi.Input<string> {
  return derive(controlPlaneEndpoint, (endpoint) => `https://${endpoint}`);
}

/** URL of kube-apiserver on one control plane. */
export function localUrl(address: pulumi.Input<string>): pulumi.Input<string> {
  return derive(address, (known) => `https://${hostPort(known, apiServerPort)}`);
}

/** `host:port` of a host with or without a port, the port being kubeadm's default when there is none. */
export function endpointOf(text: string): string {
  if (canonicalIp(text) !== undefined) return hostPort(text, apiServerPort);
  return /:\d+$/.test(text) ? text : `${text}:${apiServerPort}`;
}

/** Host of an endpoint `host:port`, without brackets. */
export function endpointHost(endpoint: string): string {
  return endpoint.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

/** IP address of the service `kubernetes`. */
export function apiServiceIp(settings: Pick<ClusterSettings, "serviceSubnet">): string {
  return subnetAddress(settings.serviceSubnet, 1) ?? "";
}

/** IP address of the cluster's DNS service. */
export function clusterDnsIp(settings: Pick<ClusterSettings, "serviceSubnet">): string {
  return subnetAddress(settings.serviceSubnet, 10) ?? "";
}

/** A lifetime as Kubernetes writes durations, e.g. `8760h0m0s`. */
export function hoursAsDuration(hours: number): string {
  return `${hours}h0m0s`;
}
