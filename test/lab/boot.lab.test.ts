import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { isAlive } from "../../lab/host/processes.ts";
import { readState } from "../../lab/host/state.ts";
import { issue } from "../../lab/x509/issue.ts";
import {
  type Fixture,
  replaceFile,
  replaceServingPair,
  smallCluster,
  writeFixture,
} from "./fixture.ts";
import { needsLab } from "./requirements.ts";
import { labIn, listeningPorts, remains, run, runLab, startLab } from "./run.ts";

const threeControlPlanes: Fixture = {
  ...smallCluster("provisioned"),
  machines: ["cp-a", "cp-b", "cp-c"].map((name, index) => ({
    name,
    ip: `10.240.0.${10 + index}`,
    role: "control-plane",
    servingMode: "provisioned",
  })),
};

describe("npm run lab", function () {
  this.timeout(240_000);
  let folder: string;
  const labs: string[] = [];

  before(needsLab);

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-test-"));
  });

  after(async () => {
    for (const lab of labs) await runLab(["down", lab]);
    if (folder) fs.rmSync(folder, { recursive: true });
  });

  async function render(name: string, fixture: Fixture): Promise<string> {
    const rendered = path.join(folder, name);
    await writeFixture(rendered, fixture);
    labs.push(rendered);
    return rendered;
  }

  it("shows the exact symptom of kubelets that sign their own under an apiserver that verifies", async () => {
    const rendered = await render("self", smallCluster("selfSigned"));
    const { code, output } = await runLab(["up", rendered]);
    assert.equal(code, 1, output);
    const symptom =
      "tls: failed to verify certificate: x509: cannot validate certificate for 10.240.0.11 because it doesn't contain any IP SANs";
    assert.ok(
      output.includes(
        `node: kubectl logs hello-node: Error from server: Get "https://10.240.0.11:10250/containerLogs/default/hello-node/hello": ${symptom}`,
      ),
      output,
    );
    assert.match(output, /node: kubectl exec .*error dialing backend: tls: failed to verify/);
    assert.match(output, /cp: kubectl logs hello-cp: hello from cp/);
    assert.match(output, /1\/2 nodes answer kubectl logs, exec and metrics, after \d+\.\d s\./);
    assert.match(output, /Memory: \d+ MB \(kube-apiserver \d+ MB/);
  });

  it("boots a second lab beside the first with the same addresses, and nothing listens outside", async () => {
    const before = listeningPorts();
    const rendered = await render("good", smallCluster("provisioned"));
    const { code, output } = await runLab(["up", rendered]);
    assert.equal(code, 0, output);
    assert.match(output, /2\/2 nodes answer/);
    const first = await runLab(["status", path.join(folder, "self")]);
    assert.equal(first.code, 0, first.output);
    const opened = [...listeningPorts()].filter((port) => !before.has(port));
    for (const port of [2379, 2380, 6443, 10248, 10250, 10257, 10259]) {
      assert.ok(!opened.includes(port), `port ${port} listens outside`);
    }
  });

  it("runs kubectl as administrator and shows logs", async () => {
    const env = { LAB_STACK: path.join(folder, "good") };
    const nodes = await runLab(["kubectl", "get", "nodes", "--no-headers"], env);
    assert.equal(nodes.output.match(/ Ready /g)?.length, 2, nodes.output);
    assert.equal((await runLab(["kubectl", "get", "no-such-thing"], env)).code, 1);
    const list = await runLab(["logs"], env);
    assert.match(list.output, /cp kube-apiserver: /);
    assert.match(
      (await runLab(["logs", "node", "kubelet"], env)).output,
      /Starting kubelet|kubelet/,
    );
  });

  it("sees a replaced kubelet serving certificate picked up, and says what is not", async () => {
    const rendered = path.join(folder, "good");
    assert.match((await runLab(["refresh", rendered])).output, /^Nothing has changed\.\n$/);
    const copy = path.join(folder, "good-copy");
    fs.cpSync(rendered, copy, { recursive: true });
    await replaceServingPair(rendered, { name: "node", ip: "10.240.0.11" });
    await replaceFile(
      rendered,
      "node",
      "/var/lib/kubelet/config.yaml",
      (text) => `${text}\nmaxPods: 9\n`,
    );
    const { code, output } = await runLab(["refresh", rendered]);
    assert.equal(code, 0, output);
    assert.match(output, /node: kubelet serves the new certificate after \d+\.\d s\./);
    assert.match(output, /config\.yaml was replaced: the kubelet does not reload it; /);
    assert.doesNotMatch(output, /PRIVATE KEY/);
    fs.cpSync(copy, rendered, { recursive: true });
  });

  it("says which program has ended", async () => {
    const state = readState(labIn(path.join(folder, "good")));
    const kubelet = state?.processes.find(
      ({ machine, program }) => machine === "node" && program === "kubelet",
    );
    assert.ok(kubelet && isAlive(kubelet));
    process.kill(kubelet.pid, "SIGKILL");
    const { code, output } = await runLab(["status", path.join(folder, "good")]);
    assert.equal(code, 1);
    assert.match(output, /node kubelet: has ended/);
  });

  it("comes up again after kube-apiserver and etcd were killed", async () => {
    const rendered = path.join(folder, "good");
    for (const program of ["kube-apiserver", "etcd"]) {
      const victim = readState(labIn(rendered))?.processes.find((one) => one.program === program);
      assert.ok(victim && isAlive(victim));
      process.kill(victim.pid, "SIGKILL");
    }
    const { code, output } = await runLab(["up", rendered]);
    assert.equal(code, 0, output);
    assert.match(output, /Removed the lab that was up: \d+ processes/);
  });

  it("cleans up what runs that were killed at random points left", async () => {
    const rendered = path.join(folder, "good");
    for (let round = 0; round < 3; round++) {
      const { child, ended } = startLab(["up", rendered]);
      const after = 200 + Math.random() * 9000;
      await new Promise((resolve) => setTimeout(resolve, after));
      child.kill("SIGKILL");
      const { output } = await ended;
      process.stderr.write(`      killed after ${Math.round(after)} ms: ${lastLine(output)}\n`);
    }
    const { code, output } = await runLab(["up", rendered]);
    assert.equal(code, 0, output);
  });

  it("leaves nothing behind after down, and down again is fine", async () => {
    for (const name of ["good", "self"]) {
      const rendered = path.join(folder, name);
      const { code, output } = await runLab(["down", rendered]);
      assert.equal(code, 0, output);
      assert.match(output, /Removed lab /);
      assert.deepEqual(remains(labIn(rendered)), []);
      assert.match((await runLab(["down", rendered])).output, /There is no lab/);
    }
  });

  it("boots three control planes as one etcd cluster", async () => {
    const rendered = await render("three", threeControlPlanes);
    const { code, output } = await runLab(["up", rendered]);
    assert.equal(code, 0, output);
    assert.match(output, /3\/3 nodes answer/);
    await runLab(["down", rendered]);
  });

  it("says in one line which port is taken, and by whom it was wanted", async () => {
    const [controlPlane, ...rest] = smallCluster("provisioned").machines;
    assert.ok(controlPlane);
    const rendered = await render("port", {
      ...smallCluster("provisioned"),
      machines: [{ ...controlPlane, kubelet: { port: 6443 } }, ...rest],
    });
    const { code, output } = await runLab(["up", rendered]);
    assert.equal(code, 1, output);
    assert.match(
      lastLine(output),
      /^kubelet on cp ended \(1\): .*listen tcp .*:6443: bind: address already in use/,
    );
    await runLab(["down", rendered]);
  });

  it("says in one line that the disk is full", async () => {
    const rendered = path.join(folder, "good");
    const root = path.join(folder, "small");
    fs.mkdirSync(root);
    const { code, output } = await runInSmallDisk(root, rendered);
    assert.equal(code, 1, output);
    assert.match(
      output.trim(),
      /^The disk of .*small is full \(\d+ MB free, the lab needs 1024\): free some, or set KUBELET_TRUST_LAB_ROOT to a folder elsewhere\.$/,
    );
  });

  it("says in one line that there is no rendered folder", async () => {
    const { code, output } = await runLab(["up", path.join(folder, "none")]);
    assert.equal(code, 1);
    assert.match(output, /^\S+ does not exist: render the stack first, with `npm start`\.\n$/);
  });

  it("says in one line that the folder was rendered too long ago, and what to do", async () => {
    const rendered = await render("late", smallCluster("provisioned"));
    const { certPem } = await issue({ subject: "CN=x", notAfter: new Date(Date.now() - 60_000) });
    await replaceFile(rendered, "cp", "/etc/kubernetes/scheduler.conf", (text) =>
      text.replace(
        /client-certificate-data: .*/,
        `client-certificate-data: ${Buffer.from(certPem).toString("base64")}`,
      ),
    );
    const { code, output } = await runLab(["up", rendered]);
    assert.equal(code, 1);
    assert.match(
      output,
      /^\S+: the client certificate of \/etc\/kubernetes\/scheduler\.conf for cp ended on .*, before this boot: run `npm start`, .*\.\n$/,
    );
  });

  it("says in one line that a folder was rendered for another version", async () => {
    const rendered = await render("old", {
      ...smallCluster("provisioned"),
      kubernetesVersion: "1.36.4",
    });
    const { code, output } = await runLab(["up", rendered]);
    assert.equal(code, 1);
    assert.match(output, /^\S+ was rendered for Kubernetes 1\.36\.4 .*runs 1\.37\.2: .*\n$/);
  });
});

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) ?? "";
}

/** Runs `up` in a mount namespace where the lab's folder is on a disk of 64 MB. */
function runInSmallDisk(root: string, rendered: string) {
  const cli = path.join(import.meta.dirname, "..", "..", "lab", "cli", "cli.ts");
  const script = 'mount -t tmpfs -o size=64m tmpfs "$1" && exec "$2" "$3" up "$4"';
  return run(
    "unshare",
    ["--mount", "sh", "-c", script, "sh", root, process.execPath, cli, rendered],
    {
      KUBELET_TRUST_LAB_ROOT: root,
    },
  );
}
