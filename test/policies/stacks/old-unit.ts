/** The case that this project began with: an old unit and an old configuration, on a current kubelet. */
import type { Case } from "../preview.ts";

const trust = "kubelet-serving-trust";
const starts = "kubelet-starts";

const program = (bootstrap: string) => `
const options = { provider: parts.provider() };
parts.configMap("control-plane", { "kube-apiserver.yaml": parts.apiServerPod("silent") }, options);
parts.configMap("nodes", {
  "kubelet.service": \`[Unit]
Description=Kubernetes Kubelet

[Service]
ExecStart=/usr/local/bin/kubelet \\\\
  --allow-privileged=true \\\\
  --alsologtostderr=true \\\\
  --config=/var/lib/kubelet/kubelet-config.json \\\\
  --kubeconfig=/var/lib/kubelet/kubeconfig \\\\
  --logtostderr=false \\\\
  --log-dir=/var/log/kubernetes \\\\
  --pod-infra-container-image=registry.k8s.io/pause:3.9 \\\\
  --v=2
Restart=on-failure
\`,
  "kubelet-config.json": JSON.stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: "/etc/kubernetes/pki/ca.crt" },
    },
    authorization: { mode: "Webhook" },
    featureGates: { RotateKubeletClientCertificate: true, RotateKubeletServerCertificate: true },
    hairpinMode: "promiscuous-bridge",
    ${bootstrap}
  }, null, 2),
}, options);`;

export const oldUnit: readonly Case[] = [
  {
    name: "an old unit with an old configuration: each offending line is named, and no innocent one",
    program: program(""),
    mandatory: [starts, trust],
    advisory: ["certificate-lifetime"],
    says: [
      /unknown flag: --allow-privileged\n {2}Where: ConfigMap kube-system\/nodes:6 /,
      /unknown flag: --alsologtostderr\n {2}Where: ConfigMap kube-system\/nodes:7 /,
      /unknown flag: --logtostderr\n {2}Where: ConfigMap kube-system\/nodes:10 /,
      /unknown flag: --log-dir\n {2}Where: ConfigMap kube-system\/nodes:11 /,
      /unknown flag: --pod-infra-container-image\n {2}Where: ConfigMap kube-system\/nodes:12 /,
      "unrecognized feature gate: RotateKubeletClientCertificate",
      "signs its own serving certificate",
    ],
    hides: ["hairpinMode", "RotateKubeletServerCertificate", "--v="],
  },
  {
    name: "the same with serverTLSBootstrap and no approver: the Pending CSR is explained",
    program: program("serverTLSBootstrap: true,"),
    mandatory: [starts, trust],
    says: ["remote error: tls: internal error", "the CSR stays Pending"],
  },
];
