/** Kubelets whose kube-apiserver is not in the stack. */
import type { Case } from "../preview.ts";

const trust = "kubelet-serving-trust";
const client = "kubelet-client-authentication";

const program = (mode: string) => `
const options = { provider: parts.provider(), labels: { "kubelet-trust/cluster": "prod" } };
parts.kubeletConfig("${mode}", options);
parts.approver(options);`;
const flags = [
  "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt",
  "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
  "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
  "--kubelet-preferred-address-types=InternalIP",
];
const declared = (more: object) => ({ apiServers: [{ cluster: "prod", flags, ...more }] });

export const apiServerElsewhere: readonly Case[] = [
  {
    name: "and nobody states it: undecidable, with how to state it",
    program: program("bootstrap"),
    mandatory: [trust],
    says: [
      "kube-apiserver of cluster prod that calls it is not in this stack",
      "apiServers: [{cluster: prod",
    ],
  },
  {
    name: "and the configuration states it: verified",
    program: program("bootstrap"),
    config: { [trust]: declared({}), [client]: declared({}) },
  },
  {
    name: "and the configuration states that it verifies: self-signing kubelets are rejected",
    program: program("selfSigned"),
    config: { [trust]: declared({}) },
    mandatory: [trust],
    advisory: [],
    says: ["doesn't contain any IP SANs"],
  },
];
