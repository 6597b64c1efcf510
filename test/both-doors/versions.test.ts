/** A version of Kubernetes that no table knows: what it is judged as is said in both doors. */
import assert from "node:assert/strict";
import { main } from "../../cli/main.ts";
import { configMap, violationsOf } from "../policies/fake.ts";
import { apiServerPod, kubeletConfiguration, kubeletUnit } from "../policies/stacks/parts.ts";
import { inFolder, writeFiles } from "../support/folders.ts";

const configuration = (version: string) =>
  `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: ${version}\napiServer: {extraArgs: [{name: kubelet-certificate-authority, value: /etc/kubernetes/pki/ca.crt}]}\n`;
const image = (version: string) =>
  apiServerPod("verify").replace(/(kube-apiserver:)v\S+/, `$1${version}`);
const machine = {
  "kubelet.service": kubeletUnit(),
  "kubelet-config.yaml": kubeletConfiguration("selfSigned"),
};
const unknownVersions: Readonly<Record<string, string>> = {
  "v2.0.0": "1.37",
  "v1.99.0": "1.37",
  "1.20.0": "1.34",
};

/** What both doors say of a control plane's version. */
function said(text: string) {
  const pack = violationsOf([configMap("a", { "a.yaml": text }), configMap("nodes", machine)]);
  const cli = inFolder((folder) => {
    writeFiles(folder, { "a.yaml": text, ...machine });
    return main([folder]).stdout;
  });
  return {
    pack: pack
      .filter(
        ({ policy, enforcementLevel }) =>
          `${policy} ${enforcementLevel}` === "kubelet-starts advisory",
      )
      .map(({ message }) => message)
      .join("\n"),
    cli,
  };
}

describe("a version of Kubernetes that is in none of the tables", () => {
  for (const [version, judgedAs] of Object.entries(unknownVersions)) {
    for (const [name, text] of Object.entries({ configuration, image })) {
      it(`is said: ${version} of ${name}`, () => {
        const { pack, cli } = said(text(version));
        const assumed = `Kubernetes ${version.replace("v", "")} is in none of the tables: it is judged as ${judgedAs}.`;
        assert.ok(pack.includes(assumed), pack);
        assert.ok(cli.includes(`  ${assumed}`), cli);
      });
    }
  }

  it("is said of the policies' configuration", () => {
    const config = { kubernetesVersion: "v2.0.0", apiServers: [{ flags: ["--profiling=false"] }] };
    const text = violationsOf([configMap("nodes", machine)], config)
      .map(({ message }) => message)
      .join("\n");
    assert.match(text, /Kubernetes 2\.0\.0 is in none of the tables: it is judged as 1\.37\./);
  });

  it("is none that they know, whatever stands behind it", () => {
    for (const version of ["v1.34.0", "1.37.9", "v1.36.2-eks-1", "v1.35.0+k3s1"]) {
      const { pack, cli } = said(configuration(version));
      assert.equal(pack, "");
      assert.doesNotMatch(cli, /in none of the tables/);
    }
  });
});
