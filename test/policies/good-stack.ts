/** A stack that no policy has anything to say about, made anew for each test to change one thing. */
import assert from "node:assert/strict";
import type { PolicyResource } from "@pulumi/policy";
import { stringify } from "yaml";
import type { KubeletConfiguration } from "../../components/index.ts";
import { configMap, resource, type Sent, violationsOf } from "./fake.ts";

/** The parts of the stack, each free to be changed. */
export type Parts = {
  /** kube-apiserver's flags, without the dashes. */
  apiServerFlags: Record<string, string>;
  /** Annotations of kube-apiserver's pod. */
  annotations: Record<string, string>;
  /** The kubelet's flags, without the dashes. */
  kubeletFlags: Record<string, string>;
  /** What `--config` of the kubelet names. */
  configuration: { -readonly [field in keyof KubeletConfiguration]: KubeletConfiguration[field] };
  /** Image of an approver; `undefined` for none. */
  approver: string | undefined;
  /** The approver's settings. */
  approverEnv: Record<string, string>;
  /** Whatever else is in the stack. */
  others: PolicyResource[];
};

function goodParts(): Parts {
  return {
    apiServerFlags: {
      "authorization-mode": "Node,RBAC",
      "client-ca-file": "/etc/kubernetes/pki/ca.crt",
      "kubelet-certificate-authority": "/etc/kubernetes/pki/ca.crt",
      "kubelet-client-certificate": "/etc/kubernetes/pki/apiserver-kubelet-client.crt",
      "kubelet-client-key": "/etc/kubernetes/pki/apiserver-kubelet-client.key",
      "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
    },
    annotations: {},
    kubeletFlags: {
      config: "/var/lib/kubelet/config.yaml",
      kubeconfig: "/etc/kubernetes/kubelet.conf",
    },
    configuration: {
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: "/etc/kubernetes/pki/ca.crt" },
      },
      authorization: { mode: "Webhook" },
      serverTLSBootstrap: true,
    },
    approver: "ghcr.io/postfinance/kubelet-csr-approver:v1.2.14",
    approverEnv: { PROVIDER_IP_PREFIXES: "10.240.0.0/24" },
    others: [],
  };
}

/**
 * A kube-apiserver that verifies, a kubelet that requests its certificate, and an approver, as a stack holds them in
 * plain manifests. kubeadm's PKI and RBAC are taken as given, as for every stack that does not bring its own.
 *
 * @param change what a test changes; default nothing
 * @example violationsOf(goodStack((parts) => { parts.approver = undefined; }))
 */
export function goodStack(change: (parts: Parts) => void = () => {}): PolicyResource[] {
  const parts = goodParts();
  change(parts);
  return [
    configMap("control-plane", { "kube-apiserver.yaml": stringify(apiServerPod(parts)) }),
    configMap("nodes", {
      "kubelet.service": kubeletUnit(parts),
      "config.yaml": stringify({
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        ...parts.configuration,
      }),
    }),
    ...(parts.approver === undefined ? [] : [approver(parts.approver, parts.approverEnv)]),
    ...parts.others,
  ];
}

/** What a policy says of the good stack after a change. */
export function saidBy(policy: string): (change?: (parts: Parts) => void) => Sent[] {
  return (change) => violationsOf(goodStack(change)).filter((sent) => sent.policy === policy);
}

/** What is said, where that is one thing and no more. */
export function only(sent: readonly Sent[]): Sent {
  const [first, ...others] = sent;
  assert.ok(first, "something is said");
  assert.deepEqual(others, []);
  return first;
}

function apiServerPod({ apiServerFlags, annotations }: Parts) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "kube-apiserver", namespace: "kube-system", annotations },
    spec: {
      hostNetwork: true,
      containers: [
        {
          name: "kube-apiserver",
          image: "registry.k8s.io/kube-apiserver:v1.37.2",
          command: ["kube-apiserver", ...asFlags(apiServerFlags)],
          volumeMounts: [{ name: "pki", mountPath: "/etc/kubernetes/pki" }],
        },
      ],
      volumes: [{ name: "pki", hostPath: { path: "/etc/kubernetes/pki" } }],
    },
  };
}

function kubeletUnit({ kubeletFlags }: Parts): string {
  return ["[Service]", `ExecStart=/usr/bin/kubelet ${asFlags(kubeletFlags).join(" ")}`, ""].join(
    "\n",
  );
}

function asFlags(flags: Readonly<Record<string, string>>): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

function approver(image: string, settings: Parts["approverEnv"]): PolicyResource {
  const env = Object.entries(settings).map(([name, value]) => ({ name, value }));
  return resource("kubernetes:apps/v1:Deployment", "approver", {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "kubelet-csr-approver", namespace: "kube-system" },
    spec: { template: { spec: { containers: [{ name: "approver", image, env }] } } },
  });
}
