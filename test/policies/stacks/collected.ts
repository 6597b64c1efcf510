/** Bundles of the certificates that kubelets made for themselves, and what is in them. */
import { execFileSync } from "node:child_process";
import type { Case } from "../preview.ts";

/** A kubelet.crt as kubelets make it: its host name is its only name. */
export function collectedCertificate(host: string): string {
  return execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", "/dev/null", "-days", "300", "-subj", `/CN=${host}@1790000000`],
      ...["-addext", `subjectAltName=DNS:${host}`, "-addext", "extendedKeyUsage=serverAuth"],
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
}

const trust = "kubelet-serving-trust";
const lifetime = "certificate-lifetime";
const pem = collectedCertificate("w-0");
const config = { [trust]: { files: [{ path: "/etc/kubernetes/pki/kubelets.crt", pem }] } };

/** A machine by its name, and a kube-apiserver that trusts a bundle. */
const named = (host: string) => `
const options = { provider: parts.provider() };
parts.configMap("control-plane", { "kube-apiserver.yaml": parts.apiServerPod("trustSelfSigned") }, options);
parts.configMap("nodes", {
  "kubelet.service": parts.kubeletUnit(["--hostname-override=${host}"]),
  "kubelet-config.yaml": parts.kubeletConfiguration("selfSigned"),
}, options);`;

export const collected: readonly Case[] = [
  {
    name: "that holds the machine's kubelet.crt: verified, and nobody renews",
    program: named("w-0"),
    config,
    advisory: [lifetime],
  },
  {
    name: "that holds another machine's kubelet.crt alone: rejected",
    program: named("w-1"),
    config,
    mandatory: [trust],
    advisory: [lifetime],
    says: ["certificate signed by unknown authority"],
  },
  {
    name: "and machines that nobody names: undecidable",
    program: `
const options = { provider: parts.provider() };
parts.kubeadmConfig("trustSelfSigned", options);
parts.kubeletConfig("selfSigned", options);`,
    config,
    mandatory: [trust],
    advisory: [lifetime],
    says: ["whose kubelet.crt may be in the bundle"],
  },
];
