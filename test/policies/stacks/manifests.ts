/** Manifests as people write them, in each serving mode under each stance. */
import type { Case } from "../preview.ts";

const approver = "parts.approver(options);";
const trust = "kubelet-serving-trust";
const verified = "kubelet-serving-verified";
const lifetime = "certificate-lifetime";

/** kubeadm's two ConfigMaps. */
export const kubeadmConfigMaps = inEachMode(
  "ConfigMap kube-system/kubelet-config",
  (mode, stance, more = "") => `
const options = { provider: parts.provider() };
parts.kubeadmConfig("${stance}", options);
parts.kubeletConfig("${mode}", options);
${more}`,
);

/** A static pod manifest of kube-apiserver, and a kubelet's unit and configuration, in ConfigMaps. */
export const staticPodFiles = inEachMode(
  "ConfigMap kube-system/nodes",
  (mode, stance, more = "") => `
const options = { provider: parts.provider() };
parts.staticPods("${mode}", "${stance}", options);
${more}`,
);

function inEachMode(
  kubelet: string,
  program: (mode: string, stance: string, more?: string) => string,
): readonly Case[] {
  return [
    {
      name: "without a word on serving certificates: rejected, in words that a newcomer understands",
      program: program("selfSigned", "silent"),
      mandatory: [trust],
      advisory: [lifetime],
      says: [
        `${kubelet}: signs its own serving certificate, and kube-apiserver was neither told to trust it nor that it may skip verification.`,
        "--kubelet-certificate-authority=(absent)",
        "serverTLSBootstrap=false",
        "Set serverTLSBootstrap: true, and run an approver",
        "kubelet-trust/kubelet-serving-verification: skip",
      ],
    },
    {
      name: "without a word on serving certificates, annotated: an acknowledged skip stays in sight",
      program: program("selfSigned", "skip"),
      advisory: [verified, lifetime],
      says: ["a test cluster on one machine"],
    },
    {
      name: "self-signing under verify: rejected with the symptom",
      program: program("selfSigned", "verify"),
      mandatory: [trust],
      advisory: [lifetime],
      says: ["doesn't contain any IP SANs"],
    },
    {
      name: "self-signing under a bundle that is not in the stack: undecidable",
      program: program("selfSigned", "trustSelfSigned"),
      mandatory: [trust],
      advisory: [lifetime],
      says: ["/etc/kubernetes/pki/kubelets.crt"],
    },
    {
      name: "bootstrap under a bundle that is not in the stack: undecidable",
      program: program("bootstrap", "trustSelfSigned", approver),
      mandatory: [trust],
      says: ["/etc/kubernetes/pki/kubelets.crt"],
    },
    {
      name: "provisioned under a bundle that is not in the stack: undecidable",
      program: program("provisioned", "trustSelfSigned"),
      mandatory: [trust],
      says: ["/var/lib/kubelet/pki/kubelet-serving.crt"],
    },
    {
      name: "bootstrap under verify, with an approver: verified",
      program: program("bootstrap", "verify", approver),
    },
    {
      name: "bootstrap under verify, without an approver: rejected, and the Pending CSR explained",
      program: program("bootstrap", "verify"),
      mandatory: [trust],
      says: ["remote error: tls: internal error", "the CSR stays Pending"],
    },
    {
      name: "bootstrap under verify, with a declared approver: verified",
      program: program("bootstrap", "verify"),
      config: { [trust]: { approvers: [{ name: "the platform team's controller" }] } },
    },
    {
      name: "bootstrap under a silent skip, with an approver: advice",
      program: program("bootstrap", "silent", approver),
      advisory: [verified],
    },
    {
      name: "bootstrap under a skip, without an approver: rejected, no handshake works",
      program: program("bootstrap", "skip"),
      mandatory: [trust],
      says: ["remote error: tls: internal error"],
    },
    {
      name: "provisioned under verify, without the certificate: undecidable",
      program: program("provisioned", "verify"),
      mandatory: [trust],
      says: ["/var/lib/kubelet/pki/kubelet-serving.crt", "policy's configuration (files"],
    },
    {
      name: "provisioned under a silent skip: advice",
      program: program("provisioned", "silent"),
      advisory: [verified],
      says: ["nothing says that this is meant"],
    },
    {
      name: "provisioned under a skip: an acknowledged skip stays in sight",
      program: program("provisioned", "skip"),
      advisory: [verified],
      says: ["on purpose"],
    },
  ];
}
