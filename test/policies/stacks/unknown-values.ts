/** Values that are not known before deployment, in places that decide and in places that do not. */
import type { Case } from "../preview.ts";

const trust = "kubelet-serving-trust";
const start = `
const options = { provider: parts.provider() };
const later = new tls.PrivateKey("later", { algorithm: "ECDSA", ecdsaCurve: "P256" }).publicKeyFingerprintSha256;`;

export const unknownValues: readonly Case[] = [
  {
    name: "a whole KubeletConfiguration: undecidable",
    program: `${start}
parts.kubeadmConfig("verify", options);
parts.configMap("kubelet-config", { kubelet: pulumi.interpolate\`# \${later}\` }, options);`,
    mandatory: [trust],
    says: ["not known before it is deployed"],
  },
  {
    name: "all data of a ConfigMap that is named for kubelets: undecidable",
    program: `${start}
parts.kubeadmConfig("verify", options);
parts.configMap("kubelet-config", later.apply((text) => ({ kubelet: text })), options);`,
    mandatory: [trust],
    says: ["not known before it is deployed"],
  },
  {
    name: "a flag of kube-apiserver that decides: undecidable",
    program: `${start}
parts.kubeletConfig("bootstrap", options);
parts.approver(options);
new k8s.core.v1.Pod("kube-apiserver", {
  metadata: { name: "kube-apiserver", namespace: "kube-system" },
  spec: { containers: [{ name: "a", image: "registry.k8s.io/kube-apiserver:v1.37.2", command: ["kube-apiserver",
    "--authorization-mode=Node,RBAC",
    "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
    "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
    pulumi.interpolate\`--kubelet-certificate-authority=/pki/\${later}.crt\`] }] },
}, options);`,
    mandatory: [trust, "kubelet-client-authentication"],
  },
  {
    name: "a ConfigMap that has nothing to do with kubelets: passes",
    program: `${start}
parts.configMap("application", { url: later }, options);`,
  },
  {
    name: "a stack without Kubernetes: passes",
    program: 'new tls.PrivateKey("k", { algorithm: "ED25519" });',
  },
];
