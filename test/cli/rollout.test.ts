import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { rollout } from "../../cli/rollout.ts";
import { Cluster, type ClusterArgs } from "../../components/index.ts";
import { readersOf } from "../../trust/carriers/reloads.ts";
import {
  hostFilesSecretType,
  kubernetesVersionAnnotation,
  machineLabel,
  paths,
  roleLabel,
  servingModeAnnotation,
  writeHostFiles,
} from "../../trust/contract.ts";
import { register } from "../components/mocks.ts";
import { folderForEach } from "../support/folders.ts";
import { machinesIn, twoMachines } from "../support/machine-files.ts";

type Files = Readonly<Record<string, string>>;
type Machines = Readonly<
  Record<string, { readonly role: "control-plane" | "node"; readonly files: Files }>
>;

const pem = (text: string) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString("base64")}\n-----END CERTIFICATE-----\n`;

const controlPlane: Files = {
  [paths.ca]: pem("old"),
  [`${paths.etcdCa}.crt`]: pem("etcd"),
  [`${paths.apiserver}.crt`]: "a",
  [paths.schedulerConf]: "a",
  [paths.kubeletConf]: "a",
  [`${paths.manifests}/kube-apiserver.yaml`]: "a",
};
const node: Files = {
  [paths.ca]: pem("old"),
  [paths.kubeletConf]: "a",
  [`${paths.kubeletServing}.crt`]: "a",
  [`${paths.kubeletServing}.key`]: "very secret",
};
const machines: Machines = {
  "worker-0": { role: "node", files: node },
  "cp-1": { role: "control-plane", files: controlPlane },
  "cp-0": { role: "control-plane", files: controlPlane },
};

describe("npm run rollout", () => {
  const folder = folderForEach();

  /** Renders machines as a stack would, and gives the folder. */
  function render(name: string, all: Machines): string {
    const rendered = path.join(folder, name);
    const manifests = path.join(rendered, "machines", "1-manifest");
    fs.mkdirSync(manifests, { recursive: true });
    for (const [machine, { role, files }] of Object.entries(all)) {
      const data = writeHostFiles(
        Object.entries(files).map(([file, content]) => ({ path: file, mode: "0600", content })),
      );
      const secret = {
        ...{ apiVersion: "v1", kind: "Secret", type: hostFilesSecretType },
        metadata: {
          labels: { [machineLabel]: machine, [roleLabel]: role },
          annotations: {
            [kubernetesVersionAnnotation]: "1.37.2",
            [servingModeAnnotation]: "provisioned",
            "kubelet-trust/addresses": "InternalIP=10.0.0.1",
          },
        },
        data: Object.fromEntries(
          Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
        ),
      };
      fs.writeFileSync(path.join(manifests, `${machine}.yaml`), stringify(secret));
    }
    return rendered;
  }

  /** What the command says when some files of the machines have become others. */
  function after(changes: Readonly<Record<string, Files>>, more: Machines = {}): string {
    const changed = Object.entries(machines).map(([name, { role, files }]) => [
      name,
      { role, files: { ...files, ...changes[name] } },
    ]);
    const now = { ...Object.fromEntries(changed), ...more };
    const args = [render("before", machines), "--from", render("now", now)];
    const { exitCode, stdout, stderr } = rollout(args);
    assert.equal(exitCode, 0, stderr);
    return stdout;
  }

  it("says that nothing is to be done where nothing has changed", () => {
    assert.equal(after({}), "Nothing to do: cp-0, cp-1, worker-0.");
  });

  it("restarts nothing for what a running program takes, and shows no content", () => {
    const said = after({
      "worker-0": { [`${paths.kubeletServing}.crt`]: "b", [`${paths.kubeletServing}.key`]: "hush" },
    });
    assert.match(said, /^worker-0 \(node\): 2 files differ$/m);
    assert.match(said, /kubelet-serving\.crt: changed; kubelet takes it within seconds$/m);
    assert.doesNotMatch(said, /Then:|hush|very secret/);
    assert.match(said, /^Nothing to do: cp-0, cp-1\.$/m);
  });

  it("has control planes first and one at a time, and starts again what reads a file at its start", () => {
    const etcd = { [`${paths.etcdCa}.crt`]: pem("next") };
    const said = after({ "cp-0": etcd, "cp-1": etcd, "worker-0": { [paths.kubeletConf]: "b" } });
    const order = [...said.matchAll(/^(\S+) \((?:node|control-plane)\)/gm)].map(([, name]) => name);
    assert.deepEqual(order, ["cp-0", "cp-1", "worker-0"]);
    const [first = ""] = said.split("\n\n");
    const steps = [...first.matchAll(/Then: start (\S+) again/g)].map(([, program]) => program);
    assert.deepEqual(steps, ["etcd", "kube-apiserver"]);
    assert.match(said, /systemctl daemon-reload && systemctl restart kubelet/);
    assert.match(said, /^One control plane at a time: /m);
    assert.match(said, /^Control planes before nodes: /m);
  });

  it("leaves a static pod whose manifest has changed to the kubelet", () => {
    const said = after({ "cp-0": { [`${paths.manifests}/kube-apiserver.yaml`]: "b" } });
    assert.match(said, /Then: the kubelet starts kube-apiserver again by itself\./);
    assert.doesNotMatch(said, /crictl/);
  });

  it("has what a kubelet requested removed when another CA issues, and only then", () => {
    const both = after({ "worker-0": { [paths.ca]: pem("old") + pem("next") } });
    assert.doesNotMatch(both, /rm -f/);
    const next = after({ "worker-0": { [paths.ca]: pem("next") + pem("old") } });
    assert.match(next, /rm -f \S+kubelet-client-current\.pem \S+kubelet-server-current\.pem/);
    assert.match(next, /systemctl restart kubelet/);
  });

  it("tells new machines, and those that are gone", () => {
    const said = after({}, { "worker-1": { role: "node", files: node } });
    assert.match(said, /^worker-1 \(node\) is new: bring it its 4 files, and start it\.$/m);
    const back = rollout([path.join(folder, "now"), "--from", path.join(folder, "before")]);
    assert.match(back.stdout, /^worker-1: the stack no longer has it\./m);
  });

  it("says so where nobody is known to read a file", () => {
    const said = after({ "worker-0": { "/etc/other.conf": "b" } });
    assert.match(said, /\/etc\/other\.conf: new; it is not known who reads it: start again/);
  });

  it("prints JSON", () => {
    const changes = { "worker-0": { [paths.kubeletConf]: "b" } };
    after(changes);
    const args = [path.join(folder, "before"), "--from", path.join(folder, "now"), "--json"];
    const { machines: all, gone } = JSON.parse(rollout(args).stdout);
    assert.deepEqual(gone, []);
    assert.deepEqual(all[2].restart, ["kubelet"]);
    assert.deepEqual(all[2].files, [
      { path: paths.kubeletConf, change: "content", readers: [{ program: "kubelet" }] },
    ]);
  });

  it("refuses bad input in one line", () => {
    const refused = (...args: string[]) => {
      const { exitCode, stdout, stderr } = rollout(args);
      assert.deepEqual([exitCode, stdout], [2, ""]);
      assert.doesNotMatch(stderr, /\n/);
      return stderr;
    };
    assert.match(refused(path.join(folder, "none")), /none" does not exist\. Give a copy/);
    assert.match(refused(folder), /holds no files of machines/);
    assert.match(refused(folder, "--from", "a", "--state", "b"), /both are given/);
    assert.match(refused(), /give one folder or state/);
    assert.match(refused("--nope", folder), /--nope/);
  });

  it("is a command of kubelet-trust", () => {
    const program = path.join(import.meta.dirname, "..", "..", "cli", "kubelet-trust.ts");
    const { status, stdout } = spawnSync(process.execPath, [program, "rollout", "--help"]);
    assert.equal(status, 0);
    assert.match(stdout.toString(), /^usage: kubelet-trust rollout BEFORE/);
  });
});

describe("who reads a machine's files", () => {
  it("is known of every file that the components write", async () => {
    const args: ClusterArgs = { ...twoMachines, stance: "trustSelfSigned" };
    const machines = machinesIn(await register(() => new Cluster("c", args)));
    assert.equal(machines.length, 2);
    for (const { files, role } of machines) {
      const unknown = files.filter((file) => readersOf(file.path, role) === undefined);
      assert.deepEqual(
        unknown.map((file) => file.path),
        [],
      );
    }
  });
});
