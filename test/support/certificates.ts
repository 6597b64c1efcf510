/** Certificates as kubeadm and kubelets have them. */
import { type Issued, issue } from "../../lab/x509/issue.ts";

/** The CA of a cluster. */
export function clusterAuthority(): Promise<Issued> {
  return issue({ subject: "CN=kubernetes", isCA: true });
}

/** The serving certificate of a kubelet, with its name among the DNS names. */
export function servingCertificate(
  issuer: Issued,
  name: string,
  ...ipAddresses: readonly string[]
): Promise<Issued> {
  return issue({
    subject: `CN=system:node:${name}, O=system:nodes`,
    issuer,
    dnsNames: [name],
    ipAddresses,
    usages: ["serverAuth"],
  });
}

/** The certificate by which kube-apiserver calls kubelets, as kubeadm made it before 1.29. */
export function masterClient(issuer: Issued): Promise<Issued> {
  return issue({
    subject: "CN=kube-apiserver-kubelet-client, O=system:masters",
    issuer,
    usages: ["clientAuth"],
  });
}
