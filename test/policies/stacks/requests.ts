/** What becomes of the requests of kubelets in mode `bootstrap`: approved, denied, left alone, never signed. */
import type { Case } from "../preview.ts";

const trust = "kubelet-serving-trust";
const borrowed = "approver-binds-addresses";

/** A cluster with an approver for its own nodes, and a pool beside it. */
const poolBeside = (more = "") => `
const provider = parts.provider();
const cluster = new Cluster("c", {
  controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.1"] }],
  nodePools: [{ name: "workers", servingMode: "bootstrap", nodes: [{ name: "w-0", addresses: ["10.0.0.11"] }] }],
}, { providers: [provider] });
new NodePool("extra", {
  pool: { name: "extra", servingMode: "bootstrap", nodes: [{ name: "e-0", addresses: ["10.0.0.31"] }] },
  settings: cluster.settings,
  ca: { certPem: cluster.ca.certPem, privateKeyPem: cluster.ca.privateKeyPem },
}, { providers: [provider] });
${more}`;

/** Another approver for the pool, in the same cluster. */
const approverOf = (environment: string) => `
new k8s.apps.v1.Deployment("second", {
  metadata: { name: "second", namespace: "kube-system", labels: { "kubelet-trust/cluster": "c" } },
  spec: { selector: { matchLabels: { app: "a" } }, template: { metadata: { labels: { app: "a" } }, spec: { containers: [
    { name: "a", image: "postfinance/kubelet-csr-approver:v1.2.14", env: [${environment}] },
  ] } } },
}, { provider });`;

const staticPods = (more: string) => `
const options = { provider: parts.provider() };
const { provider } = options;
parts.staticPods("bootstrap", "verify", options);
${more}`;

/** A kube-controller-manager. */
const controllerManager = (flags: string) => `
parts.configMap("controller-manager", { "kube-controller-manager.yaml": \`apiVersion: v1
kind: Pod
metadata: { name: kube-controller-manager, namespace: kube-system }
spec:
  containers:
    - name: kube-controller-manager
      image: registry.k8s.io/kube-controller-manager:v1.37.2
      command: [kube-controller-manager, ${flags}]
\` }, options);`;

export const requests: readonly Case[] = [
  {
    name: "of a node that the approver's rules leave out: denied",
    program: poolBeside(),
    mandatory: [trust],
    advisory: [borrowed],
    says: [
      "e-0: kube-apiserver will not accept its serving certificate.",
      "remote error: tls: internal error",
      "was denied: its DNS name e-0 does not match kubelet-csr-approver's PROVIDER_REGEX",
      "Let the approver's rules allow the node's name and addresses",
    ],
    hides: ["w-0: kube-apiserver"],
  },
  {
    name: "that one approver allows and another denies: undecidable, for the first to look decides",
    program: poolBeside(approverOf("")),
    mandatory: [trust],
    advisory: [borrowed],
    says: ["one denies what another approves"],
  },
  {
    name: "to an approver that does not start: left alone",
    program: staticPods(
      approverOf('{ name: "PROVIDER_REGEX", value: "^node-(?=x)$" }').replace('"c"', "undefined"),
    ),
    mandatory: [trust],
    says: ["kubelet-csr-approver does not start", '"^node-(?=x)$"'],
  },
  {
    name: "approved, and kube-controller-manager signs for other signers alone: never issued",
    program: staticPods(
      `parts.approver(options);${controllerManager("--cluster-signing-kube-apiserver-client-cert-file=/etc/kubernetes/pki/ca.crt, --cluster-signing-kube-apiserver-client-key-file=/etc/kubernetes/pki/ca.key")}`,
    ),
    mandatory: [trust],
    says: ["no signer takes up", "--cluster-signing-kubelet-serving-cert-file"],
  },
  {
    name: "approved, and kube-controller-manager does not start: never issued, and why",
    program: staticPods(
      `parts.approver(options);${controllerManager("--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt, --experimental-cluster-signing-duration=8760h")}`,
    ),
    mandatory: [trust],
    says: [
      "no signer takes up",
      "does not start: Error: unknown flag: --experimental-cluster-signing-duration",
    ],
  },
  {
    name: "approved and signed by the CA that kube-apiserver has: verified",
    program: staticPods(
      `parts.approver(options);${controllerManager("--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt, --cluster-signing-key-file=/etc/kubernetes/pki/ca.key")}`,
    ),
  },
];
