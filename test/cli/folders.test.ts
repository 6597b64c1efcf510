import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { main } from "../../cli/main.ts";
import { type Issued, issue } from "../../lab/x509/issue.ts";
import { apiServerPod } from "../policies/stacks/parts.ts";
import { clusterAuthority, servingCertificate } from "../support/certificates.ts";
import { folderForAll, writeFiles } from "../support/folders.ts";

describe("judge of a folder whose subfolders hold a part each", () => {
  const scratch = folderForAll();
  let ca: Issued;
  let files: Record<string, string>;
  before(async () => {
    ca = await clusterAuthority();
    const serving = await servingCertificate(ca, "w-0", "10.0.0.7");
    files = {
      "control-plane/kube-apiserver.yaml": apiServerPod("verify"),
      "systemd/kubelet.service":
        "[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --kubeconfig=/k --hostname-override=w-0 --node-ip=10.0.0.7\n",
      "config/config.yaml":
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ntlsCertFile: /k/node.crt\ntlsPrivateKeyFile: /k/node.key\nauthentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}\n",
      "pki/ca.crt": ca.certPem,
      "pki/node.crt": serving.certPem,
      "pki/node.key": serving.keyPem,
    };
  });

  const judged = (name: string, changes: Record<string, string | undefined> = {}) => {
    const folder = join(scratch, name);
    writeFiles(folder, { ...files, ...changes });
    const { stdout, stderr } = main([folder, "--json"]);
    assert.equal(stderr, "");
    assert.doesNotMatch(stdout, /PRIVATE KEY/);
    return JSON.parse(stdout);
  };

  it("finds the configuration and the certificates by their names", () => {
    const json = judged("whole");
    assert.equal(json.serving.verdict, "verified", JSON.stringify(json.serving));
    assert.equal(json.pairs.length, 1);
    assert.equal(json.accepted, true);
    assert.match(json.assumptions.join("\n"), /config\.yaml is what the kubelet has as/);
  });

  it("takes the one whose folders fit best, and etcd's for none of kubelets", async () => {
    const etcd = await issue({ subject: "CN=etcd-ca", isCA: true });
    assert.equal(judged("etcd", { "pki/etcd/ca.crt": etcd.certPem }).accepted, true);
    assert.equal(
      judged("other", { "other/ca.crt": etcd.certPem }).accepted,
      true,
      "pki/ca.crt fits /etc/kubernetes/pki/ca.crt better",
    );
  });

  it("says which could be meant where several fit alike", () => {
    const json = judged("several", { "old/node.crt": ca.certPem });
    assert.equal(json.serving.verdict, "undecidable");
    assert.match(
      json.serving.reason,
      /which of \S+old\/node\.crt and \S+pki\/node\.crt is \/k\/node\.crt/,
    );
  });

  it("does not guess where two configurations have the name", () => {
    cpSync(join(scratch, "whole"), join(scratch, "two"), { recursive: true });
    const json = judged("two", { "more/config.yaml": files["config/config.yaml"] });
    assert.equal(json.accepted, false);
    assert.match(JSON.stringify(json), /which of .* is \/var\/lib\/kubelet\/config\.yaml/);
  });
});
