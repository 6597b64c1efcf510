import assert from "node:assert/strict";
import { assemble } from "../../../trust/cluster/assemble.ts";
import { apiServerPod } from "../../policies/stacks/parts.ts";
import { piecesOf } from "../../support/pieces.ts";

const kubeadm = (flag: string) => `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
apiServer:
  extraArgs:
    - {name: authorization-mode, value: "Node,RBAC"}
${flag}`;
const verify = "    - {name: kubelet-certificate-authority, value: /etc/kubernetes/pki/ca.crt}\n";

/** The kube-apiservers of a place, and what is said of them. */
function placed(configuration: string, ...pods: string[]) {
  const files = pods.map((pod, at) => [`pod-${at}.yaml`, pod]);
  const all = { "kubeadm.yaml": configuration, ...Object.fromEntries(files) };
  const [cluster] = assemble(piecesOf(all)).clusters;
  assert.ok(cluster);
  return {
    names: cluster.apiServers.map(({ facts }) => facts.label),
    unread: cluster.unread.map(({ missing, deciding }) => `${missing} ${deciding}`).join("\n"),
    assumed: cluster.assumptions.join("\n"),
  };
}

describe("kubeadm's configuration beside its static pods", () => {
  it("is the same kube-apiserver, and judged once", () => {
    const { names, unread, assumed } = placed(kubeadm(verify), apiServerPod("verify"));
    assert.equal(names.length, 1, `${names}\n${unread}`);
    assert.match(names[0] ?? "", /pod-0/);
    assert.match(assumed, /kubeadm\.yaml says again what pod-0/);
    assert.equal(unread, "");
  });

  it("is judged too where it says something else, and the difference is told", () => {
    const { names, unread } = placed(kubeadm(""), apiServerPod("verify"));
    assert.equal(names.length, 2);
    assert.match(
      unread,
      /why kubeadm\.yaml gives kube-apiserver other flags .* than pod-0.* false/,
    );
  });

  it("may be what one of several runs with", () => {
    const { names } = placed(kubeadm(verify), apiServerPod("silent"), apiServerPod("verify"));
    assert.deepEqual(names.length, 2);
  });

  it("is judged where nothing else is", () => {
    assert.equal(placed(kubeadm(verify)).names.length, 1);
  });
});
