/** Links and trees of Ignition and Butane: a file that Kubernetes reads may stand at its place by them. */
import assert from "node:assert/strict";
import { configMap } from "../policies/fake.ts";
import { kubeletConfiguration } from "../policies/stacks/parts.ts";
import { judged, open, rejectedByPack } from "./both-doors.ts";

const place = "/var/lib/kubelet/config.yaml";

function said(storage: object, head: object = { ignition: { version: "3.4.0" } }) {
  const text = JSON.stringify({ ...head, storage });
  const { exitCode, stdout } = judged({ "other/worker.ign": text });
  return { pack: rejectedByPack(configMap("files", { "worker.ign": text })), exitCode, stdout };
}
const link = (path: string, target: string) => ({ links: [{ path, target }] });
const file = (path: string, text: string) => ({
  files: [{ path, contents: { source: `data:,${encodeURIComponent(text)}` } }],
});

describe("a link of Ignition", () => {
  it("to what is not here is undecidable where Kubernetes reads it", () => {
    for (const path of [place, "/etc/kubernetes", "/etc/systemd/system/kubelet.service"]) {
      const { pack, exitCode, stdout } = said(link(path, "/opt/x"));
      assert.match(pack, new RegExp(`without what /opt/x makes of ${path}`));
      assert.match(stdout, new RegExp(`what /opt/x makes of ${path}.*which may decide`));
      assert.equal(exitCode, 1);
    }
  });

  it("to a file beside it is that file, by whatever path", () => {
    for (const target of ["/opt/k.yaml", "../../../opt/k.yaml"]) {
      const bad = said({ ...file("/opt/k.yaml", open), ...link(place, target) });
      assert.match(bad.pack, /config\.yaml.*gets in without a credential/);
      assert.equal(bad.exitCode, 1);
      const good = kubeletConfiguration("bootstrap");
      const { pack, exitCode, stdout } = said({
        ...file("/opt/k.txt", good),
        ...link(place, target.replace("yaml", "txt")),
      });
      assert.deepEqual([pack, exitCode], ["", 0], stdout);
    }
  });

  it("that enables or masks a unit, or is for something else, is passed", () => {
    for (const storage of [
      link(
        "/etc/systemd/system/multi-user.target.wants/kubelet.service",
        "/usr/lib/systemd/system/kubelet.service",
      ),
      link("/etc/systemd/system/kubelet.service", "/dev/null"),
      link("/etc/extensions/kubernetes.raw", "/opt/extensions/kubernetes-v1.37.2.raw"),
      link("/etc/localtime", "/usr/share/zoneinfo/UTC"),
    ]) {
      const { pack, exitCode, stdout } = said(storage);
      assert.deepEqual([pack, exitCode], ["", 0], stdout);
    }
  });
});

describe("a tree of Butane", () => {
  const head = { variant: "fcos", version: "1.6.0" };
  const tree = (path: string | undefined, local: string) =>
    said({ trees: [{ path, local }] }, head);

  it("is undecidable where it brings files of Kubernetes, or may by its name", () => {
    for (const [path, local] of [
      ["/etc/kubernetes", "files"],
      ["/etc", "kubelet"],
      [undefined, "kubelet-root"],
    ] as const) {
      const { pack, exitCode } = tree(path, local);
      assert.match(pack, new RegExp(`without what ${local} makes of`));
      assert.equal(exitCode, 1);
    }
  });

  it("is passed for anything else", () => {
    for (const [path, local] of [
      ["/etc/nginx", "kubelet"],
      ["/etc", "files"],
    ] as const) {
      const { pack, exitCode } = tree(path, local);
      assert.deepEqual([pack, exitCode], ["", 0]);
    }
  });
});
