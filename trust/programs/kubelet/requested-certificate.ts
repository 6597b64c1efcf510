/** The certificate that a kubelet is issued for its own request, before or without its bytes. */
import { canonicalIp } from "../../go/ip.ts";
import { known, valueOr } from "../../words/fact.ts";
import type { CertificateFacts, NodeFacts } from "../../words/facts.ts";
import { addressesOf, isIpAddress, unknownNodeName } from "../node.ts";

/** Treated as always valid: it is renewed before it expires (by a kubelet its own, by kubeadm its PKI). */
export const keptValid = {
  notBefore: known(new Date(0)),
  notAfter: known(new Date(8_640_000_000_000_000)),
} as const;

/**
 * What signer `kubernetes.io/kubelet-serving` issues: it names every address of the node, is for servers, and
 * is renewed in time.
 * Source: kubernetes `pkg/kubelet/certificate/kubelet.go` (newGetTemplateFn).
 */
export function requestedCertificate(node: NodeFacts, signer: CertificateFacts): CertificateFacts {
  const name = valueOr(node.name, unknownNodeName);
  const addresses = addressesOf(node);
  const ips = addresses.filter(isIpAddress).map(({ address }) => canonicalIp(address) ?? address);
  const names = addresses.filter((one) => !isIpAddress(one)).map(({ address }) => address);
  const id = `request:${name}:${signer.ids[0] ?? ""}`;
  return {
    ids: [id],
    label: `the serving certificate that ${name} requested`,
    subject: known({ commonName: `system:node:${name}`, organizations: ["system:nodes"] }),
    dnsNames: known(names),
    ipAddresses: known(ips),
    extendedKeyUsages: known(["serverAuth"]),
    isCA: known(false),
    ...keptValid,
    key: known({ ids: [`${id} key`], algorithm: "ECDSA" }),
    signedBy: signedBy(signer),
  };
}

/** The signer of a certificate, by the identities of the issuing one. */
export function signedBy(signer: CertificateFacts): CertificateFacts["signedBy"] {
  const key = valueOr(signer.key, undefined);
  const subject = valueOr(signer.subject, undefined);
  return known({
    certificateIds: signer.ids,
    ...(key && { keyIds: key.ids }),
    ...(subject && { subject }),
  });
}
