/**
 * `npm run bench -- doctor`: how long `kubelet-trust doctor` takes over a cluster of many nodes, whose API server and
 * whose kubelets' TLS ends are simulated on loopback; where each answers, and where one in ten hangs.
 *
 * `--nodes N` (may be repeated; default 1000) says how many nodes, `--rounds N` (default 3) how many times. The exit code
 * is 1 when the target is missed, or a kubelet was not seen.
 */
import { execFile } from "node:child_process";
import * as path from "node:path";
import { issue } from "../../lab/x509/issue.ts";
import { runMain } from "../../toolchain/fail.mjs";
import {
  apiServerPod,
  type FakeCluster,
  kubeletConfig,
  listOf,
  never,
  nodeObject,
  refusal,
  requestOf,
  selfSigned,
  startFakeCluster,
  systemRbac,
} from "../cli/doctor/fake-cluster.ts";
import { readFlags } from "./flags.ts";
import { printMachine } from "./this-machine.ts";

/** The most seconds that a run over all nodes may take. */
const target = 30;

const repository = path.join(import.meta.dirname, "..", "..");

await runMain(async () => {
  const { nodes, rounds } = readFlags([1000]);
  printMachine();
  let met = true;
  for (const count of nodes) {
    for (const hanging of [0, Math.floor(count / 10)]) {
      const cluster = await startFakeCluster();
      try {
        await fill(cluster, count, hanging);
        const seconds: number[] = [];
        for (let round = 0; round < rounds; round++) {
          const start = Date.now();
          const document: Told = JSON.parse(await ask(cluster.kubeconfig()));
          seconds.push((Date.now() - start) / 1000);
          const isWhole = isWholly(document, count, hanging);
          if (!isWhole) process.stdout.write(`not seen: ${JSON.stringify(document.notSeen)}\n`);
          met &&= isWhole;
        }
        met &&= Math.max(...seconds) <= target;
        const told = seconds.map((one) => one.toFixed(1)).join(", ");
        process.stdout.write(
          `doctor: ${count} nodes, of which ${hanging} hang, in ${told} s, start-up included (target ${target} s); the simulated ends run on the same processors\n`,
        );
      } finally {
        await cluster.stop();
      }
    }
  }
  return met ? 0 : 1;
});

/** What the bench asks of the doctor's document. */
type Told = {
  readonly seen: readonly { readonly presented?: unknown; readonly configz?: object }[];
  readonly notSeen: readonly { readonly what: string }[];
};

/** Whether everything was seen of each kubelet, and of those that hang that they do. */
function isWholly({ seen, notSeen }: Told, count: number, hanging: number): boolean {
  const silent = seen.filter(({ configz = {} }) => "silence" in configz);
  const whole = seen.filter(
    ({ presented, configz = {} }) => presented !== undefined && !("silence" in configz),
  );
  return (
    silent.length === hanging &&
    whole.length === count - hanging &&
    notSeen.every(({ what }) => hanging > 0 && what.startsWith("the ports of"))
  );
}

/** One node in three serves an issued certificate, one signs its own, one waits for its request; the last ones hang. */
async function fill(cluster: FakeCluster, count: number, hanging: number): Promise<void> {
  const issued = await issue({
    subject: "CN=system:node:any,O=system:nodes",
    issuer: cluster.ca,
    usages: ["serverAuth"],
    ipAddresses: ["127.0.0.1"],
  });
  const own = await selfSigned("any");
  const unreached = (error: string) => refusal(503, `error trying to reach service: ${error}`);
  const kinds = [
    { pair: issued, configz: { kubeletconfig: kubeletConfig({}) } },
    {
      pair: own,
      configz: unreached(
        "tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
      ),
    },
    { pair: undefined, configz: unreached("remote error: tls: internal error") },
  ];
  const objects: object[] = [];
  const requests: object[] = [];
  for (let index = 0; index < count; index++) {
    const name = `node-${index}`;
    if (index >= count - hanging) {
      objects.push(nodeObject(name, await cluster.hangingKubelet()));
      cluster.replies.set(`/api/v1/nodes/${name}/proxy/configz`, never);
      continue;
    }
    const kind = kinds[index % kinds.length];
    objects.push(nodeObject(name, await cluster.kubelet(kind?.pair)));
    if (kind) cluster.replies.set(`/api/v1/nodes/${name}/proxy/configz`, kind.configz);
    if (kind?.pair === undefined) requests.push(requestOf(name));
  }
  const system = "/api/v1/namespaces/kube-system";
  const rbac = "rbac.authorization.k8s.io/v1";
  const certificates = "certificates.k8s.io/v1";
  const replies: Record<string, object> = {
    "/api/v1/nodes": listOf("Node", objects),
    [`${system}/pods`]: listOf("Pod", [
      apiServerPod([
        "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt",
        "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
        "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
      ]),
    ]),
    [`${system}/configmaps/extension-apiserver-authentication`]: {
      kind: "ConfigMap",
      data: { "client-ca-file": cluster.ca.certPem },
    },
    [`${system}/configmaps/kubelet-config`]: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "kubelet-config", namespace: "kube-system" },
      data: { kubelet: JSON.stringify(kubeletConfig({ serverTLSBootstrap: true })) },
    },
    [`/apis/${certificates}/certificatesigningrequests`]: listOf(
      "CertificateSigningRequest",
      requests,
      certificates,
    ),
    [`/apis/${rbac}/clusterroles`]: listOf("ClusterRole", systemRbac.roles, rbac),
    [`/apis/${rbac}/clusterrolebindings`]: listOf("ClusterRoleBinding", systemRbac.bindings, rbac),
    "/apis/apps/v1/deployments": listOf("Deployment", [], "apps/v1"),
    "/apis/apps/v1/daemonsets": listOf("DaemonSet", [], "apps/v1"),
    "/apis/apps/v1/statefulsets": listOf("StatefulSet", [], "apps/v1"),
  };
  for (const [at, reply] of Object.entries(replies)) cluster.replies.set(at, reply);
}

/** Runs the command as a user does, and gives what it prints; that it rejects is expected. */
function ask(kubeconfig: string): Promise<string> {
  const program = path.join(repository, "cli", "kubelet-trust.ts");
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, "doctor", "--json", "--kubeconfig", kubeconfig],
      { maxBuffer: 512 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error !== null && error.code !== 1) reject(new Error(stderr));
        else resolve(stdout);
      },
    );
  });
}
