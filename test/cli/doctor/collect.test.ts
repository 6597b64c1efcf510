import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import { parse } from "yaml";
import { doctor } from "../../../cli/doctor/main.ts";
import { issue } from "../../../lab/x509/issue.ts";
import {
  type FakeCluster,
  listOf,
  nodeObject,
  refusal,
  selfSigned,
  startFakeCluster,
  token,
} from "./fake-cluster.ts";

describe("doctor --collect", () => {
  let cluster: FakeCluster;
  let own: Awaited<ReturnType<typeof selfSigned>>;
  let port: number;

  before(async () => {
    cluster = await startFakeCluster();
    own = await selfSigned("self-0");
    port = await cluster.kubelet(own);
  });
  after(() => cluster.stop());

  const collect = (...args: string[]) =>
    doctor(["--collect", "--kubeconfig", cluster.kubeconfig(), ...args]);
  const setNodes = (...nodes: object[]) =>
    cluster.replies.set("/api/v1/nodes", listOf("Node", nodes));

  it("gives a self-signed certificate as the configuration takes it, with its fingerprint", async () => {
    setNodes(nodeObject("self-0", port));
    const { exitCode, stdout, stderr } = await collect();
    assert.equal(exitCode, 0, stderr);
    const [node] = parse(stdout).nodes;
    assert.deepEqual(
      { name: node.name, addresses: node.addresses },
      { name: "self-0", addresses: ["127.0.0.1"] },
    );
    const certificate = new X509Certificate(own.certPem);
    // The kubelet's own alone: the CA beside it need not be trusted.
    assert.equal(node.selfSignedCertificate, certificate.toString());
    assert.ok(stdout.includes(`# ${certificate.fingerprint256}\n`), stdout);
    assert.match(stdout, /^# Nobody has verified these certificates/);
    assert.match(
      stdout,
      /openssl x509 -noout -fingerprint -sha256 -in \/var\/lib\/kubelet\/pki\/kubelet\.crt\n/,
    );
    assert.equal(stderr, "1 of 1 kubelets sign their own certificate and were collected.");
    assert.ok(cluster.requests.every((request) => request.startsWith("GET ")));
  });

  it("passes over kubelets that do not sign their own, and says which were not seen", async () => {
    const issued = await issue({
      subject: "CN=system:node:boot-0,O=system:nodes",
      issuer: cluster.ca,
      usages: ["serverAuth"],
      ipAddresses: ["127.0.0.1"],
    });
    setNodes(
      nodeObject("self-0", port),
      nodeObject("boot-0", await cluster.kubelet(issued)),
      nodeObject("boot-1", await cluster.kubelet()),
      nodeObject("renamed-0", port),
      nodeObject("gone-0", 1),
    );
    const { exitCode, stdout, stderr } = await collect();
    assert.equal(exitCode, 1);
    assert.deepEqual(
      parse(stdout).nodes.map(({ name }: { name: string }) => name),
      ["self-0"],
    );
    assert.match(stderr, /^1 of 5 kubelets/);
    assert.match(stderr, /boot-0: it does not sign its own: .* certificate system:node:boot-0, /);
    assert.match(stderr, /boot-1: \S+ has no certificate to present \(tls: internal error\)/);
    assert.match(stderr, /renamed-0 is missing: what \S+ presents does not name it, but self-0: /);
    assert.match(stderr, /gone-0 is missing: 127\.0\.0\.1:1: connect ECONNREFUSED/);
  });

  it("prints the same as JSON", async () => {
    setNodes(nodeObject("self-0", port), nodeObject("gone-0", 1));
    const { exitCode, stdout } = await collect("--json");
    assert.equal(exitCode, 1);
    const { nodes, missing, verified } = JSON.parse(stdout);
    assert.equal(verified, false);
    assert.equal(nodes[0].fingerprintSha256, new X509Certificate(own.certPem).fingerprint256);
    assert.equal(missing[0].name, "gone-0");
  });

  it("reads page after page", async () => {
    setNodes(...Array.from({ length: 501 }, (_, index) => nodeObject(`gone-${index}`, 1)));
    const { stdout } = await collect("--json");
    assert.equal(JSON.parse(stdout).missing.length, 501);
  });

  describe("says in one line what is wrong", () => {
    const refused = async (pattern: RegExp, ...args: string[]) => {
      const { exitCode, stdout, stderr } = await doctor(["--collect", ...args]);
      assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: "" });
      assert.match(stderr, pattern);
      assert.ok(!stderr.includes("\n") && !stderr.includes(token), stderr);
    };

    it("with a kubeconfig that is not there", () =>
      refused(
        /there is no kubeconfig \/none: give one with --kubeconfig/,
        "--kubeconfig",
        "/none",
      ));

    it("with one that is none, and quotes nothing of it", async () => {
      const file = cluster.kubeconfig();
      fs.writeFileSync(file, `users:\n- token: ${token}\n  - x: [`);
      await refused(/is no kubeconfig that can be read \(/, "--kubeconfig", file);
    });

    it("with a context that it does not have", () =>
      refused(
        /no context "there"; it has here$/,
        "--kubeconfig",
        cluster.kubeconfig(),
        "--context",
        "there",
      ));

    it("with a server that does not answer", () =>
      refused(
        /127\.0\.0\.1:1 does not answer \(.*ECONNREFUSED.*\): see whether the cluster runs/,
        "--kubeconfig",
        cluster.kubeconfig({ server: "https://127.0.0.1:1" }),
      ));

    it("with credentials that the cluster does not know", () =>
      refused(
        /does not know the credentials of context here \(401 Unauthorized\): log in anew/,
        "--kubeconfig",
        cluster.kubeconfig({ token: "abcdef.fedcba9876543210" }),
      ));

    it("where nodes may not be listed", async () => {
      cluster.replies.set("/api/v1/nodes", refusal(403, "nodes is forbidden"));
      await refused(
        /the nodes of here cannot be listed \(403, nodes is forbidden\): use credentials/,
        "--kubeconfig",
        cluster.kubeconfig(),
      );
    });

    it("with an option that is not known, or has no value", async () => {
      await refused(/Unknown option '--colect'/, "--colect");
      await refused(/--timeout: "soon" is no number of seconds/, "--timeout", "soon");
    });
  });
});
