/** Input that is broken, or meant to break what reads it. */
import type { Case } from "../preview.ts";

const trust = "kubelet-serving-trust";
const starts = "kubelet-starts";
const lifetime = "certificate-lifetime";
const kubelet = (text: string) => `
const options = { provider: parts.provider() };
parts.kubeadmConfig("silent", options);
parts.configMap("kubelet-config", { kubelet: ${text} }, options);`;

export const badInput: readonly Case[] = [
  {
    name: "malformed YAML: rejected",
    program: kubelet('"kind: KubeletConfiguration\\n  serverTLSBootstrap: [true"'),
    mandatory: [trust],
    says: ["a readable text in data"],
  },
  {
    name: "a wrong type: the kubelet does not start",
    program: kubelet('parts.kubeletConfiguration("bootstrap", "port: ten\\n") '),
    mandatory: [starts, trust],
    says: ["port"],
  },
  {
    name: "YAML aliases nested to explode: rejected, at once",
    program: kubelet(`[
  "apiVersion: kubelet.config.k8s.io/v1beta1", "kind: KubeletConfiguration", "a: &a [x, x, x, x, x, x, x, x, x, x]",
  ..."bcdefghij".split("").map((c, i) => c + ": &" + c + " [" + Array(10).fill("*" + "abcdefghij"[i]).join(", ") + "]"),
].join("\\n")`),
    mandatory: [trust],
  },
  {
    name: "a ConfigMap of a mebibyte: a verdict",
    program: kubelet(
      'parts.kubeletConfiguration("selfSigned", "# " + "x".repeat(1_000_000) + "\\n")',
    ),
    mandatory: [trust],
    advisory: [lifetime],
  },
  {
    name: "binary data: passed over",
    program: `
const options = { provider: parts.provider() };
new k8s.core.v1.ConfigMap("kubelet-binary", { metadata: { name: "logo" }, binaryData: { "kubelet.png": "iVBORw0KGgoAAAANSUhEUgD/" } }, options);`,
  },
  {
    name: "an unknown feature gate: the kubelet does not start",
    program: kubelet(
      'parts.kubeletConfiguration("selfSigned", "featureGates:\\n  RotateKubeletClientCertificate: true\\n")',
    ),
    mandatory: [starts, trust],
    advisory: [lifetime],
    says: ["unrecognized feature gate: RotateKubeletClientCertificate"],
  },
  {
    name: "half a certificate pair: rejected",
    program: kubelet(
      'parts.kubeletConfiguration("selfSigned", "tlsCertFile: /etc/kubelet.crt\\n")',
    ),
    mandatory: [starts, trust],
    says: ["tlsCertFile is set without tlsPrivateKeyFile", "remote error: tls: internal error"],
  },
  {
    name: "anonymous requests allowed: rejected",
    program: `
const options = { provider: parts.provider() };
parts.kubeadmConfig("skip", options);
parts.configMap("kubelet-config", { kubelet: "apiVersion: kubelet.config.k8s.io/v1beta1\\nkind: KubeletConfiguration\\nauthentication: { anonymous: { enabled: true }, x509: { clientCAFile: /etc/kubernetes/pki/ca.crt } }\\nauthorization: { mode: AlwaysAllow }\\n" }, options);`,
    mandatory: ["kubelet-client-authentication"],
    advisory: ["kubelet-serving-verified", lifetime],
    says: ["anyone who reaches it gets in without a credential"],
  },
  {
    // kubeadm fills in what its own ConfigMap leaves out.
    name: "no clientCAFile: rejected",
    program: `
const options = { provider: parts.provider() };
parts.kubeadmConfig("skip", options);
parts.configMap("kubelet-config-of-ours", { kubelet: "apiVersion: kubelet.config.k8s.io/v1beta1\\nkind: KubeletConfiguration\\n" }, options);`,
    mandatory: ["kubelet-client-authentication"],
    advisory: ["kubelet-serving-verified", lifetime],
    says: ["authentication.x509.clientCAFile=(absent)"],
  },
];
