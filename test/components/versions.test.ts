import assert from "node:assert/strict";
import { versionProblems } from "../../components/plan/versions.ts";
import { kubeletClientGroup } from "../../trust/kubeadm/pki.ts";

describe("versions", () => {
  it("takes the supported versions, with and without v", () => {
    for (const version of ["1.37.2", "v1.37.2", "1.34.0", "1.36.11", "1.37.99"]) {
      assert.deepEqual(versionProblems(version, "kubernetesVersion"), [], version);
    }
  });

  it("refuses a malformed, an older and a newer version, each with a remedy", () => {
    const cases: [string, RegExp][] = [
      ["1.37", /^kubernetesVersion: "1\.37" is no Kubernetes version\. Write .*1\.37\.2\.$/],
      ["latest", /^kubernetesVersion: "latest" is no Kubernetes version/],
      ["1.37.2-rc.1", /^kubernetesVersion: "1\.37\.2-rc\.1" is no Kubernetes version/],
      ["1.33.12", /^kubernetesVersion: 1\.33\.12 is older than 1\.34\.0.*Use 1\.34\.0 or later\.$/],
      ["1.38.0", /^kubernetesVersion: 1\.38\.0 is newer than 1\.37.*Use a 1\.37 version\.$/],
      ["2.0.0", /^kubernetesVersion: 2\.0\.0 is newer/],
    ];
    for (const [version, pattern] of cases) {
      const problems = versionProblems(version, "kubernetesVersion");
      assert.equal(problems.length, 1, version);
      assert.match(problems[0] ?? "", pattern);
    }
  });

  it("gives kube-apiserver's kubelet client certificate the group that kubeadm of that version gives it", () => {
    const admins = "kubeadm:cluster-admins";
    const cases: [string, string | undefined][] = [
      ["1.34.0", admins],
      ["1.34.7", admins],
      ["1.34.8", undefined],
      ["1.35.4", admins],
      ["1.35.5", undefined],
      ["1.36.0", admins],
      ["1.36.1", undefined],
      ["1.37.0", undefined],
      ["1.37.2", undefined],
    ];
    for (const [version, group] of cases) {
      assert.equal(kubeletClientGroup(version), group, version);
    }
  });
});
