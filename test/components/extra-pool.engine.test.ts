import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, take, withoutComment } from "../docs/pages.ts";
import { shellOf } from "../docs/shell.ts";
import {
  expectFailure,
  expectSuccess,
  makeProject,
  type Project,
  repository,
} from "../support/engine.ts";
import { describeCertificate, verify } from "./openssl.ts";
import { acceptedMachines, kubeconfigOf, machineFiles, ownProject } from "./stack.ts";

const ca = "/etc/kubernetes/pki/ca.crt";
const servingPath = "/var/lib/kubelet/pki/kubelet-serving.crt";

describe("examples/extra-pool", function () {
  this.timeout("20m");
  let first: Project;
  let second: Project;
  const byHand = take("docs/how-to/pool-in-another-stack.md", "Add a pool in another stack");
  const inClone = take("docs/components.md", "From another stack");
  // Both begin with the cluster's stack, and end with an update of the pool's.
  const [start, ...settings] = byHand.commands;
  const [begin, init, up] = inClone.commands;
  const byPulumi = settings.pop();
  /** Some of the commands. */
  const only = (...commands: (Command | undefined)[]) => ({
    ...byHand,
    commands: commands.filter((one) => one !== undefined),
  });

  before(async () => {
    first = await ownProject();
    second = await makeProject({
      program: join(repository, "examples", "extra-pool"),
      stack: "dev",
      backend: first.backend,
      config: { nodes: [{ name: "extra-0", addresses: ["10.240.0.31"] }] },
    });
  });
  after(() => {
    first?.remove();
    second?.remove();
  });

  /** With the policies, whose configuration says what the cluster's stack has: nothing is rejected. */
  const judged = () =>
    second.preview({
      policyPacks: [join(repository, "policies")],
      policyPackConfigs: [join(repository, "examples", "extra-pool", "policy-config.json")],
    });

  it("says what to do while the cluster's stack is not up", async () => {
    expectFailure(await second.up(), /no output named settings\. Run pulumi up there first/);
  });

  it("issues its nodes' certificates by the CA of the cluster's stack", async () => {
    await shellOf(first).runAll(only(start));
    assert.equal(withoutComment(begin?.line ?? ""), start?.line);
    // The page makes the stack, and so did this test.
    const rm = ["stack", "rm", "--yes", "--force", "--preserve-config", "dev"];
    expectSuccess(await second.pulumi(rm));
    await shellOf(second).runAll(only(init, ...settings));
    expectSuccess(await judged());
    const { stdout, stderr, leaksPrivateKey } = expectSuccess(
      await second.up({ args: ["--diff"] }),
    );
    assert.ok(!leaksPrivateKey);
    const cluster = machineFiles(first)["control-plane-0"] ?? {};
    const node = machineFiles(second)["extra-0"] ?? {};
    assert.ok(node[ca]?.content.includes("CERTIFICATE"));
    assert.equal(node[ca]?.content, cluster[ca]?.content);

    const serving = node[servingPath]?.content ?? "";
    assert.equal(describeCertificate(serving).subject, "CN=system:node:extra-0,O=system:nodes");
    assert.match(verify(serving, cluster[ca]?.content ?? "", ["-verify_ip", "10.240.0.31"]), /OK/);
    const { certificate, server } = kubeconfigOf(
      node["/etc/kubernetes/kubelet.conf"]?.content ?? "",
    );
    assert.match(verify(certificate, cluster[ca]?.content ?? ""), /OK/);
    assert.equal(server, "https://10.240.0.10:6443");

    const machines = acceptedMachines(first, second);
    assert.deepEqual(machines, [...Object.keys(machineFiles(first)), "extra-0"].sort());

    const key = cluster["/etc/kubernetes/pki/ca.key"]?.content.split("\n")[1];
    assert.ok(key);
    const states = readdirSync(first.backend, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    assert.ok(
      ![stdout, stderr, ...states].some((text) => text.includes(key)),
      "the CA's key shows",
    );
  });

  it("changes nothing the second time, and leaves no file when it is destroyed", async () => {
    for (const { output } of await shellOf(second).runAll(only(byPulumi, up))) {
      assert.match(output, /Resources:\n\s+\d+ unchanged\n/);
    }
    expectSuccess(await judged());
    expectSuccess(await second.destroy());
    assert.deepEqual(machineFiles(second), {});
    assert.ok("worker-0" in machineFiles(first), "the cluster's own machines are untouched");
  });
});
