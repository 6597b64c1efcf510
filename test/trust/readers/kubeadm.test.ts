import assert from "node:assert/strict";
import { readKubeadm } from "../../../trust/readers/kubeadm.ts";

const source = { where: "kubeadm.yaml" };

function flags(line: { words: readonly { kind: string; text?: string }[] } | undefined): string[] {
  return (line?.words ?? []).map((word) => word.text ?? word.kind);
}

describe("readKubeadm", () => {
  it("gives kube-apiserver the flags that kubeadm gives it", () => {
    const { apiServer } = readKubeadm(
      "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n",
      source,
    );
    assert.deepEqual(flags(apiServer), [
      "--authorization-mode=Node,RBAC",
      "--client-ca-file=/etc/kubernetes/pki/ca.crt",
      "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
      "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
      "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
    ]);
  });

  it("lets extra arguments displace kubeadm's own: maps of v1beta3, lists of v1beta4", () => {
    const map = readKubeadm(
      "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: v1.34.1\ncertificatesDir: /pki\napiServer: {extraArgs: {kubelet-preferred-address-types: Hostname}}\n",
      source,
    );
    assert.equal(map.kubernetesVersion, "1.34.1");
    assert.equal(flags(map.apiServer).at(-1), "--kubelet-preferred-address-types=Hostname");
    assert.ok(
      flags(map.apiServer).includes("--kubelet-client-key=/pki/apiserver-kubelet-client.key"),
    );
    const list = readKubeadm(
      "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n  - {name: a, value: '1'}\n  - {name: a, value: '2'}\n",
      source,
    );
    assert.deepEqual(flags(list.apiServer).slice(-2), ["--a=1", "--a=2"]);
    assert.equal(list.apiServer?.words.at(-1)?.source?.line, 6);
  });

  it("gives kubelets their flags, by InitConfiguration and by JoinConfiguration", () => {
    const { kubelets } = readKubeadm(
      "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration: {name: cp-1}\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\nnodeRegistration: {kubeletExtraArgs: [{name: config, value: /my.yaml}]}\n",
      source,
    );
    assert.deepEqual(
      kubelets.map(({ by, nodeName }) => [by, nodeName]),
      [
        ["init", "cp-1"],
        ["join", undefined],
      ],
    );
    assert.ok(flags(kubelets[0]?.commandLine).includes("--hostname-override=cp-1"));
    assert.deepEqual(
      flags(kubelets[1]?.commandLine).filter((flag) => flag.startsWith("--config=")),
      ["--config=/my.yaml"],
    );
  });

  it("finds nothing in other kinds, and says what is broken", () => {
    assert.equal(readKubeadm("kind: ConfigMap\n", source).apiServer, undefined);
    assert.equal(readKubeadm("a: b: c\n", source).problems.length, 1);
  });
});
