/** A cluster on loopback with which nothing is wrong; each test changes one thing in it. */
import { type Issued, issue } from "../../../lab/x509/issue.ts";
import {
  apiServerPod,
  type FakeCluster,
  kubeletConfig,
  listOf,
  nodeObject,
  type Reply,
  refusal,
  systemRbac,
} from "./fake-cluster.ts";

/** What is otherwise than in the good one. */
export type Changes = {
  /** Flags of kube-apiserver; default {@link verifyFlags} and {@link clientFlags}. */
  readonly flags?: readonly string[];
  /** What the kubelet serves; `none` has no certificate, `hangs` answers nothing at all. */
  readonly pair?: Issued | "none" | "hangs";
  /** Fields of the KubeletConfiguration. */
  readonly configuration?: object;
  /** What kube-apiserver answers for the kubelet's configz; default its configuration. */
  readonly configz?: Reply;
  readonly requests?: readonly object[];
  readonly workloads?: readonly object[];
};

/** kube-apiserver verifies kubelets, by a file that no API shows. */
export const verifyFlags = ["--kubelet-certificate-authority=/etc/kubernetes/kubelet-ca.crt"];
/** Its client certificate, at kubeadm's path. */
export const clientFlags = [
  "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
  "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
];

/** A serving certificate of worker-0 with which nothing is wrong. */
export function servingPair({ ca }: FakeCluster): Promise<Issued> {
  return issue({
    subject: "CN=system:node:worker-0,O=system:nodes",
    issuer: ca,
    usages: ["serverAuth"],
    dnsNames: ["worker-0"],
    ipAddresses: ["127.0.0.1"],
    notAfter: new Date(Date.now() + 300 * 86_400_000),
  });
}

/** kube-apiserver's words where it does not reach a kubelet. */
export function unreached(error: string) {
  return refusal(503, `error trying to reach service: ${error}`);
}

/** Paths of everything that the doctor asks for, by what a right is called. */
export const paths = {
  nodes: "/api/v1/nodes",
  "nodes/proxy": "/api/v1/nodes/worker-0/proxy/configz",
  pods: "/api/v1/namespaces/kube-system/pods",
  "kubelet-config": configMapPath("kubelet-config"),
  "kubeadm-config": configMapPath("kubeadm-config"),
  "kube-root-ca.crt": configMapPath("kube-root-ca.crt"),
  "extension-apiserver-authentication": configMapPath("extension-apiserver-authentication"),
  certificatesigningrequests: "/apis/certificates.k8s.io/v1/certificatesigningrequests",
  clusterroles: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  clusterrolebindings: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  deployments: "/apis/apps/v1/deployments",
  daemonsets: "/apis/apps/v1/daemonsets",
  statefulsets: "/apis/apps/v1/statefulsets",
} as const;

function configMapPath(name: string): string {
  return `/api/v1/namespaces/kube-system/configmaps/${name}`;
}

function configMap(name: string, data: object) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "kube-system" },
    data,
  };
}

/** A cluster of one node, with everything that the doctor asks for. */
export async function setCluster(
  cluster: FakeCluster,
  changes: Changes & Required<Pick<Changes, "pair">>,
): Promise<void> {
  const { flags = [...verifyFlags, ...clientFlags], pair, configuration = {} } = changes;
  const port = await (pair === "hangs"
    ? cluster.hangingKubelet()
    : cluster.kubelet(pair === "none" ? undefined : pair));
  const written = kubeletConfig(configuration);
  const rbac = "rbac.authorization.k8s.io/v1";
  cluster.replies.clear();
  const replies: Record<string, Reply> = {
    "/version": { gitVersion: "v1.37.2" },
    [paths.nodes]: listOf("Node", [nodeObject("worker-0", port)]),
    [paths["nodes/proxy"]]: changes.configz ?? { kubeletconfig: written },
    [paths.pods]: listOf("Pod", [apiServerPod(flags)]),
    [paths["kubelet-config"]]: configMap("kubelet-config", { kubelet: JSON.stringify(written) }),
    [paths["kube-root-ca.crt"]]: configMap("kube-root-ca.crt", { "ca.crt": cluster.ca.certPem }),
    [paths.certificatesigningrequests]: listOf(
      "CertificateSigningRequest",
      changes.requests ?? [],
      "certificates.k8s.io/v1",
    ),
    [paths.clusterroles]: listOf("ClusterRole", systemRbac.roles, rbac),
    [paths.clusterrolebindings]: listOf("ClusterRoleBinding", systemRbac.bindings, rbac),
    [paths.deployments]: listOf("Deployment", changes.workloads ?? [], "apps/v1"),
    [paths.daemonsets]: listOf("DaemonSet", [], "apps/v1"),
    [paths.statefulsets]: listOf("StatefulSet", [], "apps/v1"),
  };
  for (const [at, reply] of Object.entries(replies)) cluster.replies.set(at, reply);
}
