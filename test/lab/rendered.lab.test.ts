import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { renderedFolder } from "../../lab/cli/up.ts";
import { kubeletArguments, staticPodCommands } from "../../lab/kubernetes/command-lines.ts";
import { readRendered } from "../../lab/kubernetes/rendered.ts";
import { folderForAll } from "../support/folders.ts";
import { smallCluster, writeFixture } from "./fixture.ts";

type Secret = {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  data: Record<string, string>;
};

const damages: readonly [string, (secret: Secret) => void, RegExp][] = [
  [
    "a role is unknown",
    ({ metadata }) => {
      metadata.labels["kubelet-trust/role"] = "boss";
    },
    /label kubelet-trust\/role is boss/,
  ],
  [
    "an address has no type",
    ({ metadata }) => {
      metadata.annotations["kubelet-trust/addresses"] = "10.240.0.11";
    },
    /has `10\.240\.0\.11`, not TYPE=ADDRESS/,
  ],
  [
    "the list of files is damaged",
    ({ data }) => {
      data["files.json"] = "e30=";
    },
    /files\.json is no list/,
  ],
  [
    "a file's content is missing",
    ({ data }) => {
      delete data["etc_kubernetes_pki_ca.crt"];
    },
    /is missing/,
  ],
];

describe("a rendered folder", () => {
  const folder = folderForAll();

  before(async () => {
    await writeFixture(folder, smallCluster("provisioned"));
  });

  it("gives the machines, control planes first, with their files", () => {
    const { machines } = readRendered(folder, "1.37.2");
    assert.deepEqual(
      machines.map(({ name, role }) => `${name} ${role}`),
      ["cp control-plane", "node node"],
    );
    const key = machines[0]?.files.find((file) => file.path === "/etc/kubernetes/pki/ca.key");
    assert.equal(key?.mode, 0o600);
    assert.deepEqual(machines[1]?.addresses, [
      { type: "InternalIP", address: "10.240.0.11" },
      { type: "Hostname", address: "node" },
    ]);
  });

  it("gives the exact words of the kubelet's unit and of the static pods", () => {
    const [controlPlane, node] = readRendered(folder, "1.37.2").machines;
    assert.ok(controlPlane && node);
    assert.deepEqual(kubeletArguments(node), [
      "--config=/var/lib/kubelet/config.yaml",
      "--hostname-override=node",
      "--kubeconfig=/etc/kubernetes/kubelet.conf",
      "--node-ip=10.240.0.11",
    ]);
    const commands = staticPodCommands(controlPlane);
    assert.deepEqual(
      commands.map(({ program }) => program),
      ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
    );
    assert.ok(commands[1]?.args.includes("--advertise-address=10.240.0.10"));
    assert.deepEqual(staticPodCommands(node), []);
  });

  it("is refused in one line when it does not exist", () => {
    assert.throws(() => readRendered("/no/such/folder", "1.37.2"), {
      name: "Failure",
      message: "/no/such/folder does not exist: render the stack first, with `npm start`.",
    });
  });

  it("is refused in one line when it holds no control plane", () => {
    const empty = fs.mkdtempSync(path.join(os.tmpdir(), "empty-"));
    assert.throws(() => readRendered(empty, "1.37.2"), oneLine(/holds no host files/));
    fs.rmdirSync(empty);
  });

  it("is refused in one line when it was made for another version", () => {
    assert.throws(
      () => readRendered(folder, "1.36.4"),
      oneLine(/rendered for Kubernetes 1\.37\.2 \(cp\), and the lab runs 1\.36\.4/),
    );
  });

  it("is refused in one line when a manifest is no YAML", () => {
    const file = path.join(folder, "cluster", "1-manifest", "broken.yaml");
    fs.writeFileSync(file, "a: [1\n");
    assert.throws(() => readRendered(folder, "1.37.2"), oneLine(/broken\.yaml is not YAML/));
    fs.rmSync(file);
  });

  for (const [what, change, message] of damages) {
    it(`is refused in one line when ${what}`, () => {
      const file = path.join(
        folder,
        "machines",
        "1-manifest",
        "v1-secret-kube-system-host-files-node.yaml",
      );
      const text = fs.readFileSync(file, "utf8");
      const secret = parse(text) as Secret;
      change(secret);
      fs.writeFileSync(file, stringify(secret));
      assert.throws(() => readRendered(folder, "1.37.2"), oneLine(message));
      fs.writeFileSync(file, text);
    });
  }

  it("of a stack is where the stack's settings say, and a path is the folder itself", () => {
    const clone = path.join(import.meta.dirname, "..", "..");
    assert.equal(renderedFolder("dev", clone), path.join(clone, "rendered"));
    assert.equal(renderedFolder("/some/folder", clone), "/some/folder");
    assert.throws(() => renderedFolder("no-such-stack", clone), oneLine(/There is no stack/));
  });
});

/** A failure whose message is one line that matches. */
function oneLine(pattern: RegExp) {
  return (error: Error) => {
    assert.equal(error.name, "Failure");
    assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };
}
