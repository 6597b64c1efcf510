import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  expectFailure,
  expectSuccess,
  makeProject,
  type Project,
  repository,
} from "../support/engine.ts";
import { describeCertificate, verify } from "./openssl.ts";
import { kubeconfigOf, machineFiles, ownProject } from "./stack.ts";

const ca = "/etc/kubernetes/pki/ca.crt";
const servingPath = "/var/lib/kubelet/pki/kubelet-serving.crt";

describe("examples/extra-pool", function () {
  this.timeout("20m");
  let first: Project;
  let second: Project;

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
    expectSuccess(await first.up());
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
    const { stdout } = expectSuccess(await second.up());
    assert.match(stdout, /Resources:\n\s+\d+ unchanged\n/);
    expectSuccess(await judged());
    expectSuccess(await second.destroy());
    assert.deepEqual(machineFiles(second), {});
    assert.ok("worker-0" in machineFiles(first), "the cluster's own machines are untouched");
  });
});
