/** One text for each format that is read, as people write it; what becomes of it when it is broken is for tests. */
import { gzipSync } from "node:zlib";
import {
  addressesAnnotation,
  fileListKey,
  hostFilesSecretType,
  machineLabel,
} from "../../trust/words/host-files.ts";

const kubelet =
  "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n";
const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");

/** By the name of the format, with more behind a comma where one format has several. */
export const examples: Readonly<Record<string, string>> = {
  "YAML or JSON": `${kubelet}---\nkind: Node\nmetadata: {name: n1}\n`,
  "kubeadm configuration":
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\nnodeRegistration: {kubeletExtraArgs: [{name: a, value: b}]}\n",
  "kubeadm patch of another form": "- op: add\n  path: /serverTLSBootstrap\n",
  configz: '{"kubeletconfig":{"serverTLSBootstrap":true}}',
  "shell script": `#!/bin/bash\nA=(--a "b")\ncat <<EOF | tee /etc/kubelet.yaml\nkind: $X\nEOF\nexec nice -n 5 kubelet "\${A[@]}" $(b) \`c\` <<< d\nkubeadm init --config=/x\n`,
  "command line": "exec docker run x/kubelet:v1 kubelet --a \\\n  --b='c d'\n",
  "systemd unit": `[Service]\nEnvironment="A=--a b" C='d'\nEnvironmentFile=-/etc/default/kubelet\nExecStart=@kubelet kubelet "$A" \${C} \\x41 ; b\n`,
  "environment file": "KUBELET_EXTRA_ARGS=\"--a\" \nB='c'\\\n d\n",
  "/proc/PID/cmdline": "kubelet\0--a\0--b=c\0",
  "flag file": "--config=/x\n--node-ip 10.0.0.1\n",
  "encrypted text": "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
  PEM: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  ConfigMap: JSON.stringify({
    kind: "ConfigMap",
    data: { "kubelet.service": "[Service]\nExecStart=kubelet --a", b: kubelet },
    binaryData: { c: base64(gzipSync(kubelet)) },
  }),
  Secret: JSON.stringify({
    kind: "Secret",
    data: { kubelet: base64(kubelet) },
    stringData: { a: "b" },
  }),
  "Pod and whatever makes pods": JSON.stringify({
    kind: "Deployment",
    metadata: { name: "a" },
    spec: {
      replicas: 0,
      template: {
        spec: {
          containers: [
            {
              image: "x/metrics-server",
              args: ["--kubelet-insecure-tls"],
              env: [{ name: "A", value: "b" }],
            },
          ],
        },
      },
    },
  }),
  "any other object": JSON.stringify({
    kind: "Rollout",
    spec: { template: { spec: { containers: [{ command: ["sh", "-c", "kubelet --a"] }] } } },
  }),
  "ClusterRole, ClusterRoleBinding": JSON.stringify({
    kind: "ClusterRole",
    metadata: { name: "r" },
    rules: [{ verbs: ["get"] }],
    aggregationRule: { clusterRoleSelectors: [{}] },
  }),
  "cloud-config": `## template: jinja\n#cloud-config\nwrite_files:\n- {path: /a, encoding: gz+b64, content: ${base64(gzipSync(kubelet))}}\nruncmd:\n- [kubelet, --a]\n- kubelet --b\n`,
  "multipart MIME": `Content-Type: multipart/mixed; boundary="B"\n\n--B\nContent-Transfer-Encoding: quoted-printable\n\n=23cloud-config\n--B--\n`,
  "cloud-config archive": "#cloud-config-archive\n- content: 'kubelet --a'\n",
  "cloud-init include file": "#include\nhttps://x.example\n",
  "script of another language": "<powershell>\nkubelet.exe --a\n</powershell>\n",
  Ignition: JSON.stringify({
    ignition: { version: "3.0.0" },
    storage: { files: [{ path: "/a", contents: { source: `data:;base64,${base64(kubelet)}` } }] },
    systemd: {
      units: [
        {
          name: "kubelet.service",
          contents: "[Service]\nExecStart=kubelet",
          dropins: [{ name: "a" }],
        },
      ],
    },
  }),
  "OpenShift's MachineConfig": JSON.stringify({
    apiVersion: "machineconfiguration.openshift.io/v1",
    kind: "MachineConfig",
    metadata: { name: "m" },
    spec: { config: { ignition: { version: "3.4.0" }, storage: { files: [{ path: "/a" }] } } },
  }),
  Butane: JSON.stringify({
    variant: "fcos",
    version: "1.5.0",
    storage: { files: [{ path: "/a", contents: { inline: kubelet } }] },
  }),
  "Cluster API with kubeadm": JSON.stringify({
    apiVersion: "controlplane.cluster.x-k8s.io/v1beta1",
    kind: "KubeadmControlPlane",
    spec: {
      version: "v1.37.2",
      kubeadmConfigSpec: {
        files: [{ path: "/a", encoding: "base64", content: base64(kubelet) }],
        preKubeadmCommands: ["kubelet --a"],
        clusterConfiguration: {},
      },
    },
  }),
  "ServiceMonitor, PodMonitor, ScrapeConfig": JSON.stringify({
    kind: "ServiceMonitor",
    metadata: { name: "kubelet" },
    spec: { endpoints: [{ scheme: "https", tlsConfig: { ca: { secret: { name: "a" } } } }] },
  }),
  "Prometheus and PrometheusAgent": JSON.stringify({
    apiVersion: "monitoring.coreos.com/v1",
    kind: "Prometheus",
    metadata: { name: "p" },
    spec: { serviceAccountName: "p", secrets: ["a"] },
  }),
  DatadogAgent: JSON.stringify({
    apiVersion: "datadoghq.com/v2alpha1",
    kind: "DatadogAgent",
    metadata: { name: "d" },
    spec: { global: { kubelet: { tlsVerify: false, host: { fieldRef: { fieldPath: "a" } } } } },
  }),
  "Fluent Bit's configuration":
    "[FILTER]\n    Name kubernetes\n    Use_Kubelet On\n    tls.verify Off\n    Kubelet_Host $NODE_IP\n",
  "Telegraf's configuration":
    '[[inputs.kubernetes]]\nurl = "https://$HOSTIP:10250"\ninsecure_skip_verify = true\ntls_ca = "/a"\n',
  "module of an agent": JSON.stringify({
    module: "kubernetes",
    hosts: ["https://$NODE_NAME:10250"],
    "ssl.verification_mode": "none",
    ssl: { certificate_authorities: ["/a"] },
  }),
  fstab: "# a\n/opt/x /var/lib/kubelet/config.yaml none bind 0 0\n",
  "tmpfiles.d": "# a\nL+ /var/lib/kubelet/config.yaml - - - - /opt/x\nd /run/x 0755\n",
  "mount unit": "[Mount]\nWhat=/opt/x\nWhere=/etc/kubernetes\nType=none\nOptions=bind\n",
  "Grafana Alloy's configuration":
    'discovery.kubernetes "n" {\n  role = "node"\n}\nprometheus.scrape "k" {\n  targets = discovery.kubernetes.n.targets\n  scheme = "https"\n  tls_config { insecure_skip_verify = true } // a\n}\n',
  "Prometheus configuration":
    "scrape_configs:\n- {job_name: k, scheme: https, kubernetes_sd_configs: [{role: node}], tls_config: {ca_file: /a}}\n",
  chart: JSON.stringify({
    kind: "Application",
    spec: {
      source: {
        chart: "metrics-server",
        helm: { values: "args: [--kubelet-insecure-tls]", parameters: [{ name: "a", value: "b" }] },
      },
    },
  }),
  "any other object, with user data": JSON.stringify({
    userData: base64("#!/bin/sh\nkubelet --a"),
    metadata: { "user-data": "kubelet --b" },
  }),
  KubeletConfiguration: kubelet,
  Role: "kind: Role\nmetadata: {name: r}\nrules: [{apiGroups: [certificates.k8s.io], resources: [signers], verbs: [approve]}]\n",
  ServiceAccount:
    "kind: ServiceAccount\nmetadata: {name: s}\nautomountServiceAccountToken: false\n",
  List: "kind: List\napiVersion: v1\nitems:\n- {kind: Node, metadata: {name: n}}\n",
  Node: "kind: Node\nmetadata: {name: n}\nstatus: {addresses: [{type: InternalIP, address: 10.0.0.1}]}\n",
  CertificateSigningRequest: JSON.stringify({
    kind: "CertificateSigningRequest",
    metadata: { name: "csr-1", creationTimestamp: "2026-11-26T08:00:00Z" },
    spec: { signerName: "kubernetes.io/kubelet-serving", username: "system:node:n" },
    status: {
      conditions: [{ type: "Approved", status: "True" }],
      certificate: base64("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
    },
  }),
  "kinds that decide nothing": "kind: Service\nmetadata: {name: kubelet}\n",
  "kubeadm patch of the KubeletConfiguration": "serverTLSBootstrap: true\ntlsCertFile: /a\n",
  "files of a machine": JSON.stringify({
    kind: "Secret",
    type: hostFilesSecretType,
    metadata: {
      labels: { [machineLabel]: "m" },
      annotations: { [addressesAnnotation]: "InternalIP=10.0.0.1" },
    },
    data: {
      [fileListKey]: base64(JSON.stringify([{ path: "/var/lib/kubelet/config.yaml", key: "a" }])),
      a: base64(kubelet),
    },
  }),
  ClusterResourceSet:
    "apiVersion: addons.cluster.x-k8s.io/v1beta1\nkind: ClusterResourceSet\nspec: {resources: [{kind: ConfigMap, name: kubelet}]}\n",
  ClusterClass:
    "apiVersion: cluster.x-k8s.io/v1beta1\nkind: ClusterClass\nspec: {patches: [{name: kubelet, definitions: []}]}\n",
  "Cluster API with another bootstrap provider":
    "apiVersion: bootstrap.cluster.x-k8s.io/v1beta1\nkind: RKE2ConfigTemplate\nspec: {template: {spec: {agentConfig: {kubelet: {extraArgs: [a=b]}}}}}\n",
  Kustomization:
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches: [{patch: 'kind: ConfigMap'}]\n",
  "Prometheus job":
    "job_name: kubelet\nscheme: https\nkubernetes_sd_configs: [{role: node}]\ntls_config: {ca_file: /a}\n",
  "cloud-config as an object":
    "runcmd: [kubelet --a]\nwrite_files: [{path: /a, content: kubelet}]\n",
  "k3s and RKE2 configuration": "kubelet-arg: [a=b]\nkube-apiserver-arg: [c=d]\n",
  "RKE configuration":
    "services: {kubelet: {extra_args: {e: f}}, kube-api: {extra_args: {g: h}}}\n",
  "Talos machine configuration":
    "version: v1alpha1\nmachine: {type: worker, kubelet: {extraArgs: {c: d}}}\ncluster: {apiServer: {extraArgs: {e: f}}}\n",
  "k0s configuration":
    "apiVersion: k0s.k0sproject.io/v1beta1\nkind: ClusterConfig\nspec: {api: {extraArgs: {a: b}}, workerProfiles: []}\n",
  "configuration of another distribution":
    "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nnodes: [{role: worker}]\n",
  "rules of other programs":
    'rule: a\ndesc: b\ncondition: proc.cmdline contains "kubelet --config"\noutput: c\npriority: INFO\n',
  "rules in a language of their own":
    'package a.b\n\ndeny contains msg if {\n  msg := "kubelet --config"\n}\n',
  "nodes of a cloud or a distribution":
    "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nspec: {kubelet: {anonymousAuth: true, maxPods: 9}}\n",
  "Bottlerocket's settings":
    '[settings.kubernetes]\nmax-pods = 9\nserver-tls-bootstrap = true\n[settings.kubernetes.node-labels]\n"a.b/c" = "d\\u0065"\n',
};

/** How a file is called that holds an example; some formats are known by it. */
export function nameOfExample(format: string): string {
  if (format === "rules in a language of their own") return "policy.rego";
  if (format === "tmpfiles.d") return "tmpfiles.d/k.conf";
  return format === "kubeadm patch of another form"
    ? "kubeletconfiguration+json.json"
    : format.replace(/\W+/g, "-");
}
