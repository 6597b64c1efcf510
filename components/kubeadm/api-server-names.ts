import { canonicalIp } from "../../trust/go/ip.ts";
import { apiServiceIp, type ClusterSettings, endpointHost } from "../model/cluster-settings.ts";
import type { ControlPlaneHost } from "../model/machines.ts";

/**
 * The names of a kube-apiserver's serving certificate.
 * Source: kubernetes `cmd/kubeadm/app/util/pkiutil/pki_helpers.go` (GetAPIServerAltNames).
 */
export function apiServerNames(
  host: ControlPlaneHost,
  settings: Pick<ClusterSettings, "controlPlaneEndpoint" | "serviceSubnet" | "dnsDomain">,
): { dnsNames: string[]; ipAddresses: string[] } {
  const endpoint = endpointHost(settings.controlPlaneEndpoint);
  const endpointIp = canonicalIp(endpoint);
  return {
    dnsNames: distinct([
      host.name,
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      `kubernetes.default.svc.${settings.dnsDomain}`,
      ...(endpointIp === undefined ? [endpoint] : []),
    ]),
    ipAddresses: distinct([
      apiServiceIp(settings),
      host.advertiseAddress,
      ...(endpointIp === undefined ? [] : [endpointIp]),
    ]),
  };
}

function distinct(values: string[]): string[] {
  return [...new Set(values)];
}
