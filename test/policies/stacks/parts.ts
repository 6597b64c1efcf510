/** What the stacks of these tests are made of: manifests as people write them. */
import * as k8s from "@pulumi/kubernetes";
import type { Input } from "@pulumi/pulumi";
import type { ApiServerStance, ServingMode } from "../../../trust/words/vocabulary.ts";

/** A stance, or none: the flag is absent and nothing is said. */
export type Stance = ApiServerStance | "silent";

/** Objects are rendered to a folder: no cluster is needed. */
export function provider(name = "kubernetes"): k8s.Provider {
  return new k8s.Provider(name, { renderYamlToDirectory: `rendered-${name}` });
}

export const skipAnnotations = {
  "kubelet-trust/kubelet-serving-verification": "skip",
  "kubelet-trust/reason": "a test cluster on one machine",
};

/** Where and how objects are made. */
export type Options = {
  provider: k8s.Provider;
  labels?: Record<string, string>;
  /** Prefix of resource names. */
  prefix?: string;
  namespace?: string;
};

export function configMap(
  name: string,
  data: Input<Record<string, Input<string>>>,
  options: Options & { annotations?: Record<string, string> },
): k8s.core.v1.ConfigMap {
  const { prefix = "", labels = {}, annotations = {}, namespace = "kube-system" } = options;
  return new k8s.core.v1.ConfigMap(
    `${prefix}${name}`,
    { metadata: { name, namespace, labels, annotations }, data },
    { provider: options.provider },
  );
}

/** kube-apiserver's flags for a stance, beyond those that kubeadm sets anyway. */
export function stanceFlags(stance: Stance): string[] {
  switch (stance) {
    case "verify":
      return ["--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt"];
    case "trustSelfSigned":
      return [
        "--kubelet-certificate-authority=/etc/kubernetes/pki/kubelets.crt",
        "--kubelet-preferred-address-types=Hostname,InternalIP",
      ];
    default:
      return [];
  }
}

function annotationsFor(stance: Stance): Record<string, string> {
  return stance === "skip" ? skipAnnotations : {};
}

/** kubeadm's own ConfigMap. */
export function kubeadmConfig(stance: Stance, options: Options): void {
  const flags = stanceFlags(stance).map((flag) => {
    const [name = "", value = ""] = flag.slice(2).split("=");
    return `    - name: ${name}\n      value: ${value}`;
  });
  const extraArgs = flags.length === 0 ? "" : `apiServer:\n  extraArgs:\n${flags.join("\n")}\n`;
  configMap(
    "kubeadm-config",
    {
      ClusterConfiguration: `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
${extraArgs}`,
    },
    { ...options, annotations: annotationsFor(stance) },
  );
}

const modeFields: Record<ServingMode, string> = {
  provisioned:
    "tlsCertFile: /var/lib/kubelet/pki/kubelet-serving.crt\ntlsPrivateKeyFile: /var/lib/kubelet/pki/kubelet-serving.key\n",
  bootstrap: "serverTLSBootstrap: true\n",
  selfSigned: "",
};

/** A KubeletConfiguration as kubeadm writes it. */
export function kubeletConfiguration(mode: ServingMode, more = ""): string {
  return `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous:
    enabled: false
  webhook:
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
${modeFields[mode]}${more}`;
}

/** kubeadm's ConfigMap for kubelets. */
export function kubeletConfig(mode: ServingMode, options: Options, more = ""): void {
  configMap("kubelet-config", { kubelet: kubeletConfiguration(mode, more) }, options);
}

/** The manifest of a static pod of kube-apiserver. */
export function apiServerPod(stance: Stance, more: readonly string[] = []): string {
  const annotations = Object.entries(annotationsFor(stance)).map(
    ([name, value]) => `    ${name}: ${value}\n`,
  );
  const flags = [
    "--authorization-mode=Node,RBAC",
    "--client-ca-file=/etc/kubernetes/pki/ca.crt",
    "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
    "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
    // Given twice, the values would add up.
    ...(stance === "trustSelfSigned"
      ? []
      : ["--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname"]),
    ...stanceFlags(stance),
    ...more,
  ];
  return `apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
  namespace: kube-system
${annotations.length === 0 ? "" : `  annotations:\n${annotations.join("")}`}spec:
  hostNetwork: true
  containers:
    - name: kube-apiserver
      image: registry.k8s.io/kube-apiserver:v1.37.2
      command:
        - kube-apiserver
${flags.map((flag) => `        - ${flag}`).join("\n")}
      volumeMounts:
        - { name: pki, mountPath: /etc/kubernetes/pki, readOnly: true }
  volumes:
    - { name: pki, hostPath: { path: /etc/kubernetes/pki } }
`;
}

/** A kubelet unit as people write it. */
export function kubeletUnit(more: readonly string[] = []): string {
  const flags = [
    "--config=/var/lib/kubelet/kubelet-config.yaml",
    "--kubeconfig=/etc/kubernetes/kubelet.conf",
    ...more,
  ];
  return `[Unit]
Description=kubelet

[Service]
ExecStart=/usr/local/bin/kubelet \\
  ${flags.join(" \\\n  ")}
Restart=on-failure
`;
}

/** Control plane and nodes as plain files: a static pod manifest, a unit and its configuration. */
export function staticPods(mode: ServingMode, stance: Stance, options: Options): void {
  configMap("control-plane", { "kube-apiserver.yaml": apiServerPod(stance) }, options);
  configMap(
    "nodes",
    {
      "kubelet.service": kubeletUnit(),
      "kubelet-config.yaml": kubeletConfiguration(mode),
    },
    options,
  );
}

/** An approver as its project publishes it, as far as it matters. */
export function approver({ provider, labels = {}, prefix = "" }: Options): void {
  new k8s.apps.v1.Deployment(
    `${prefix}approver`,
    {
      metadata: { name: "kubelet-csr-approver", namespace: "kube-system", labels },
      spec: {
        selector: { matchLabels: { app: "approver" } },
        template: {
          metadata: { labels: { app: "approver" } },
          spec: {
            containers: [
              {
                name: "approver",
                image: "ghcr.io/postfinance/kubelet-csr-approver:v1.2.14",
                env: [{ name: "PROVIDER_IP_PREFIXES", value: "10.0.0.0/8" }],
              },
            ],
          },
        },
      },
    },
    { provider },
  );
}
