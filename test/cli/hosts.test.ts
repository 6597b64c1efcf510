import assert from "node:assert/strict";
import { main } from "../../cli/main.ts";
import { apiServerPod } from "../policies/stacks/parts.ts";
import { folderForEach, writeFiles } from "../support/folders.ts";

const unit = "[Service]\nExecStart=/usr/bin/kubelet --kubeconfig=/k --anonymous-auth=true\n";

describe("judge of a folder that is a host", () => {
  const root = folderForEach();

  function judged(files: Record<string, string>): string {
    writeFiles(root, files);
    const { stdout, stderr } = main([root]);
    assert.equal(stderr, "");
    return stdout;
  }

  it("reads what lies beside the host's own folders too", () => {
    const said = judged({
      "etc/systemd/system/kubelet.service": unit,
      "kube-apiserver.yaml": apiServerPod("verify"),
    });
    assert.match(said, /\/kube-apiserver\.yaml: Pod kube-system\/kube-apiserver/);
    assert.doesNotMatch(said, /no kube-apiserver/);
  });

  it("reads nothing of the folders that a host has and no kubelet is started by", () => {
    const said = judged({
      "etc/systemd/system/kubelet.service": unit,
      "home/somebody/kube-apiserver.yaml": apiServerPod("verify"),
    });
    assert.match(said, /no kube-apiserver that calls it is given/);
  });

  it("reads where distributions keep what they start", () => {
    const said = judged({
      "var/snap/microk8s/current/args/kubelet": "--kubeconfig=/k\n--anonymous-auth=true\n",
      "var/lib/rancher/rke2/agent/pod-manifests/kube-apiserver.yaml": apiServerPod("verify"),
      "etc/hostname": "w-0\n",
    });
    assert.match(said, /args\/kubelet:2 \(--anonymous-auth\)/);
    assert.match(said, /pod-manifests\/kube-apiserver\.yaml: Pod kube-system\/kube-apiserver/);
  });
});
