import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { main } from "../../cli/main.ts";
import { folderForEach, writeFiles } from "../support/folders.ts";

const unit =
  "[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --kubeconfig=/k\n";
const configuration =
  "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 0\n";
const manifest = "etc/kubernetes/manifests/kube-apiserver.yaml";

describe("judge of a folder with links", () => {
  const root = folderForEach();

  function judged(files: Record<string, string>, links: Record<string, string>): string {
    writeFiles(root, files);
    for (const [name, target] of Object.entries(links)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      symlinkSync(target, join(root, name));
    }
    const { stdout, stderr } = main([root]);
    return stdout + stderr;
  }

  const host = { "etc/systemd/system/kubelet.service": unit };

  it("does not call a configuration missing that its link leads out of the copy for", () => {
    const said = judged(host, { "var/lib/kubelet/config.yaml": "/data/config.yaml" });
    assert.match(said, /^undecidable/);
    assert.match(said, /config\.yaml: it is a link to \/data\/config\.yaml, which is not in/);
    assert.doesNotMatch(said, /does not start/);
  });

  it("says which of them leads to nothing, and decides nothing without it", () => {
    const said = judged(
      { ...host, "var/lib/kubelet/config.yaml": configuration },
      { [manifest]: "/data/kube-apiserver.yaml" },
    );
    assert.match(
      said,
      /kube-apiserver\.yaml: it is a link to \/data\/kube-apiserver\.yaml, which is/,
    );
    assert.match(said, /^undecidable/);
  });

  it("follows an absolute link within the host", () => {
    const said = judged(
      { ...host, "opt/kubelet/config.yaml": configuration },
      { "var/lib/kubelet/config.yaml": "/opt/kubelet/config.yaml" },
    );
    assert.doesNotMatch(said, /a link to|does not start/);
  });

  it("says nothing of a masked unit, of links that decide nothing, and of those to a file beside them", () => {
    const said = judged(host, {
      "etc/systemd/system/kubelet-old.service": "/dev/null",
      "etc/ssl/certs/some.pem": "/usr/share/some.crt",
      "etc/systemd/system/multi-user.target.wants/kubelet.service": "../kubelet.service",
    });
    assert.doesNotMatch(said, /a link to/);
  });

  it("does not follow a link out of a folder that is no host, and says so", () => {
    const said = judged(
      { "nodes/kubelet.service": unit },
      { "nodes/kubelet-config.yaml": "../../elsewhere/kubelet-config.yaml" },
    );
    assert.match(said, /kubelet-config\.yaml: it is a link to \.\.\/\.\.\/elsewhere\//);
  });

  it("waits for no pipe", () => {
    const pipe = join(root, "var/lib/kubelet/config.yaml");
    mkdirSync(dirname(pipe), { recursive: true });
    execFileSync("mkfifo", [pipe]);
    assert.match(judged(host, {}), /config\.yaml: it is no file/);
  });
});
