import type * as pulumi from "@pulumi/pulumi";
import { canonicalIp } from "../../trust/go/ip.ts";
import { apiServiceIp, type ClusterSettings, endpointHost } from "../model/cluster-settings.ts";
import { derive } from "../model/inputs.ts";
import type { ControlPlaneHost } from "../model/machines.ts";

/**
 * The names of a kube-apiserver's serving certificate.
 * Source: kubernetes `cmd/kubeadm/app/util/pkiutil/pki_helpers.go` (GetAPIServerAltNames).
 */
export function apiServerNames(
  { name, advertiseAddress }: ControlPlaneHost,
  settings: Pick<ClusterSettings, "controlPlaneEndpoint" | "serviceSubnet" | "dnsDomain">,
): { dnsNames: pulumi.Input<string[]>; ipAddresses: pulumi.Input<string[]> } {
  const { controlPlaneEndpoint } = settings;
  return {
    dnsNames: derive(controlPlaneEndpoint, (endpoint) =>
      apiServerDnsNames(name, endpoint, settings),
    ),
    ipAddresses: derive([advertiseAddress, controlPlaneEndpoint], ([address, endpoint]) =>
      apiServerIpAddresses(address, endpoint, settings),
    ),
  };
}

/** The DNS names, without that of an endpoint that is not known. */
export function apiServerDnsNames(
  name: string,
  endpoint: string | undefined,
  { dnsDomain }: Pick<ClusterSettings, "dnsDomain">,
): string[] {
  const host = endpoint === undefined ? undefined : endpointHost(endpoint);
  return distinct([
    name,
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    `kubernetes.default.svc.${dnsDomain}`,
    ...(host === undefined || canonicalIp(host) !== undefined ? [] : [host]),
  ]);
}

/** The IP addresses, without those that are not known. */
export function apiServerIpAddresses(
  advertiseAddress: string | undefined,
  endpoint: string | undefined,
  settings: Pick<ClusterSettings, "serviceSubnet">,
): string[] {
  const endpointIp = canonicalIp(endpointHost(endpoint ?? ""));
  return distinct([
    apiServiceIp(settings),
    ...(advertiseAddress === undefined ? [] : [advertiseAddress]),
    ...(endpointIp === undefined ? [] : [endpointIp]),
  ]);
}

function distinct(values: string[]): string[] {
  return [...new Set(values)];
}
