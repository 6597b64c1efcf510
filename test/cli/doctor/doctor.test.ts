import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { mock } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { doctor } from "../../../cli/doctor/main.ts";
import { type Issued, issue } from "../../../lab/x509/issue.ts";
import {
  approver,
  type FakeCluster,
  kubeletConfig,
  listOf,
  never,
  nodeObject,
  type Reply,
  refusal,
  requestOf,
  selfSigned,
  startFakeCluster,
  token,
} from "./fake-cluster.ts";
import {
  type Changes,
  clientFlags,
  paths,
  servingPair,
  setCluster,
  unreached,
  verifyFlags,
} from "./good-cluster.ts";

describe("doctor", () => {
  let cluster: FakeCluster;
  let good: Issued;
  const quiet = { at: () => {}, end: () => {} };

  before(async () => {
    cluster = await startFakeCluster();
    good = await servingPair(cluster);
  });
  after(() => cluster.stop());

  const set = (changes: Changes = {}) => setCluster(cluster, { pair: good, ...changes });

  async function ask(...args: string[]) {
    const { exitCode, stdout, stderr } = await doctor(
      ["--kubeconfig", cluster.kubeconfig(), ...args],
      quiet,
    );
    assert.ok(!stdout.includes(token) && !stderr.includes(token));
    assert.equal(stderr, "");
    return { exitCode, stdout };
  }

  function authorityFile(): string {
    const file = path.join(path.dirname(cluster.kubeconfig()), "kubelet-ca.crt");
    fs.writeFileSync(file, cluster.ca.certPem);
    return file;
  }

  it("accepts a cluster whose kubelets are verified, and changes nothing", async () => {
    await set();
    cluster.requests.length = 0;
    const { exitCode, stdout } = await ask("--certificate-authority", authorityFile());
    assert.equal(exitCode, 0, stdout);
    assert.match(
      stdout,
      /^here \(https:\/\/127\.0\.0\.1:\d+\), 1 nodes\nKubernetes 1\.37\.2: accepted\n/,
    );
    assert.match(stdout, /serving side: verified\n/);
    assert.match(stdout, /seen at the kubelets' ports\n {2}worker-0: issued by kubernetes\n/);
    assert.match(stdout, /calls \(configz\)\n {2}worker-0: answered/);
    assert.doesNotMatch(stdout, /could not be seen/);
    assert.ok(cluster.requests.every((request) => request.startsWith("GET ")));
  });

  it("names the cause of a self-signed kubelet under a kube-apiserver that verifies", async () => {
    const symptom =
      "tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs";
    await set({ pair: await selfSigned("worker-0"), configz: unreached(symptom) });
    const { exitCode, stdout } = await ask("--certificate-authority", authorityFile());
    assert.equal(exitCode, 1);
    assert.ok(stdout.includes(`serving side: fails\n  ${symptom}\n`), stdout);
    assert.match(
      stdout,
      /kube-apiserver dials the node's InternalIP, and the certificate that the kubelet signed itself names its host name alone/,
    );
    assert.match(stdout, /remedy: Set serverTLSBootstrap: true, and run an approver/);
    assert.match(stdout, /worker-0: signed by the kubelet itself, for the node's name/);
    assert.match(
      stdout,
      /ConfigMap kube-system\/kubelet-config.* is the configuration of kubelet worker-0, which did not tell theirs/,
    );
  });

  it("takes a kubelet that does not tell its configuration for one that kubeadm join has configured", async () => {
    const bare = kubeletConfig({ authentication: undefined, authorization: undefined });
    await set({ configz: refusal(403, "nodes/proxy is forbidden") });
    cluster.replies.set(paths["kubelet-config"], {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "kubelet-config", namespace: "kube-system" },
      data: { kubelet: JSON.stringify(bare) },
    });
    const { exitCode, stdout } = await ask("--certificate-authority", authorityFile());
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /of kubelet worker-0, which did not tell theirs, with what kubeadm join/);
  });

  it("rejects a self-signed kubelet that works because nothing is verified", async () => {
    await set({ pair: await selfSigned("worker-0"), flags: clientFlags });
    const { exitCode, stdout } = await ask();
    assert.equal(exitCode, 1);
    assert.match(stdout, /serving side: silentlySkipped\n/);
    assert.match(
      stdout,
      /or: Set --kubelet-certificate-authority to a bundle of the kubelets' kubelet\.crt files/,
    );
  });

  describe("names why a request for a serving certificate is open", () => {
    const bootstrap = { serverTLSBootstrap: true };
    const symptom = "remote error: tls: internal error";
    const pending = (changes: object = {}) => ({
      configuration: bootstrap,
      pair: "none" as const,
      configz: unreached(symptom),
      requests: [requestOf("worker-0")],
      ...changes,
    });
    const open = async (changes: object, pattern: RegExp, cause: RegExp) => {
      await set(changes);
      const { exitCode, stdout } = await ask();
      assert.equal(exitCode, 1);
      assert.ok(stdout.includes(`serving side: fails\n  ${symptom}\n`), stdout);
      assert.match(stdout, pattern);
      assert.match(stdout, cause);
    };

    it("without an approver", () =>
      open(
        pending(),
        /requests for serving certificates\n {2}csr-worker-0 of worker-0, Pending since 2026-11-26T08:00:00\.000Z: no approver/,
        /The kubelet has no serving certificate to present: the kubelet's request for a serving certificate is not approved\./,
      ));

    it("with an approver that may not approve", () =>
      open(
        pending({ workloads: [approver()] }),
        /Pending since .*: ServiceAccount kube-system\/kubelet-csr-approver of Deployment kube-system\/kubelet-csr-approver may not approve for signer/,
        /is not approved: ServiceAccount/,
      ));

    it("with an approver that does not run", () =>
      open(
        pending({ workloads: [approver({ status: { observedGeneration: 1 } })] }),
        /Pending since .*: Deployment kube-system\/kubelet-csr-approver does not run: none of its pods is available/,
        /is not approved: Deployment/,
      ));

    it("denied", () =>
      open(
        pending({
          requests: [
            requestOf("worker-0", {
              conditions: [
                {
                  type: "Denied",
                  status: "True",
                  reason: "kubelet-csr-approver",
                  message: "no IP of ours",
                },
              ],
            }),
          ],
        }),
        /csr-worker-0 of worker-0, Denied since .*: kubelet-csr-approver: no IP of ours/,
        /was denied: kubelet-csr-approver: no IP of ours\./,
      ));

    it("approved, and not signed", () =>
      open(
        pending({
          requests: [requestOf("worker-0", { conditions: [{ type: "Approved", status: "True" }] })],
        }),
        /Approved, and not signed since .*: no signer takes it up/,
        /no signer takes up the kubelet's approved request/,
      ));

    it("and an earlier one was denied: the kubelet has asked again", () =>
      open(
        pending({
          requests: [
            requestOf(
              "worker-0",
              { conditions: [{ type: "Denied", status: "True", reason: "NoIpOfOurs" }] },
              "2026-11-25T08:00:00Z",
            ),
            requestOf("worker-0"),
          ],
        }),
        /Pending since 2026-11-26.*: one before it was denied \(NoIpOfOurs\)/,
        /is not approved: one before it was denied \(NoIpOfOurs\)\./,
      ));

    it("the newest of several", () =>
      open(
        pending({
          requests: [
            requestOf(
              "worker-0",
              {
                conditions: [{ type: "Approved", status: "True" }],
                certificate: Buffer.from(good.certPem).toString("base64"),
              },
              "2026-11-25T08:00:00Z",
            ),
            requestOf("worker-0"),
          ],
        }),
        /csr-worker-0 of worker-0, Pending/,
        /is not approved\./,
      ));
  });

  describe("names the cause in what kube-apiserver's connection says, each observed with v1.37.2", () => {
    const seen = async (configz: Reply) => {
      await set({ configz });
      const { exitCode, stdout } = await ask("--json", "--certificate-authority", authorityFile());
      assert.equal(exitCode, 1);
      return JSON.parse(stdout).pairs[0].requests.metrics;
    };

    for (const [words, cause] of [
      ["net/http: TLS handshake timeout", "hangs"],
      ["tls: first record does not look like a TLS handshake", "no-kubelet"],
      ["remote error: tls: protocol version not supported", "no-kubelet"],
      ["EOF", "nothing-answers"],
      ["read tcp 10.0.0.1:2->10.0.0.2:10250: read: connection reset by peer", "nothing-answers"],
      ["tls: private key does not match public key", "broken-client-pair"],
      ["tls: private key type does not match public key type", "broken-client-pair"],
      ["tls: failed to parse private key", "broken-client-pair"],
    ] as const) {
      it(words, async () => {
        const outcome = await seen(unreached(words));
        assert.equal(outcome.symptom, `error trying to reach service: ${words}`);
        assert.equal(outcome.cause, cause, outcome.reason);
        assert.notEqual(outcome.remedies.length, 0);
      });
    }

    it("its own pair is broken, whatever is known of the kubelet: that was asked after its certificate was taken", async () => {
      const words = "tls: private key does not match public key";
      await set({ configz: unreached(words) });
      cluster.replies.delete("/api/v1/namespaces/kube-system/configmaps/kubelet-config");
      for (const authority of [authorityFile(), undefined]) {
        const { stdout } = await ask(
          "--json",
          ...(authority ? ["--certificate-authority", authority] : []),
        );
        const [{ serving, requests }] = JSON.parse(stdout).pairs;
        assert.equal(serving.verdict, "verified");
        assert.deepEqual(
          [requests.metrics.cause, requests.metrics.symptom],
          ["broken-client-pair", `error trying to reach service: ${words}`],
        );
      }
    });

    it("a certificate that cannot be read is the kubelet's, not kube-apiserver's own", async () => {
      const { cause } = await seen(unreached("tls: failed to parse certificate from server: x509"));
      assert.equal(cause, "unexplained");
    });

    it("an answer that no kubelet gives is told, and not taken for a kubelet's", async () => {
      await set({ configz: { status: 200, text: "It works!" } });
      const { stdout } = await ask();
      assert.match(
        stdout,
        /configz of worker-0: 200, and the answer is no kubelet's configuration/,
      );
      assert.doesNotMatch(stdout, /worker-0: answered/);
    });

    it("nothing: the kubelet does TLS and never answers, whatever its files would come to", async () => {
      // The eleven seconds pass at once, when the call is there.
      mock.timers.enable({ apis: ["setTimeout"] });
      cluster.requests.length = 0;
      const told = seen(never);
      while (!cluster.requests.some((request) => request.endsWith("/proxy/configz"))) {
        await immediate();
      }
      mock.timers.tick(11_000);
      mock.timers.reset();
      const outcome = await told;
      assert.equal(outcome.symptom, "no answer within 11 s");
      assert.equal(outcome.httpStatus, undefined);
      assert.equal(outcome.cause, "hangs");
      assert.notEqual(outcome.remedies.length, 0);
    });
  });

  it("names the cause of a 401: kube-apiserver has no client certificate", async () => {
    await set({ flags: [], configz: { status: 401, text: "Unauthorized" } });
    const { exitCode, stdout } = await ask();
    assert.equal(exitCode, 1);
    assert.match(stdout, /client side: fails\n {2}.*credentials/);
    assert.match(
      stdout,
      /kube-apiserver shows no client certificate|has no client certificate|--kubelet-client-certificate/,
    );
    assert.match(stdout, /calls \(configz\)\n {2}worker-0: 401 Unauthorized/);
  });

  describe("names the cause where a kubelet tells nothing of its settings", () => {
    const shared = "/api/v1/namespaces/kube-system/configmaps/kubelet-config";
    const authentication =
      "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";

    /** The outcome for logs, of a kubelet that refuses and whose configuration nobody has. */
    async function logs(changes: Changes, certificate?: Partial<Parameters<typeof issue>[0]>) {
      await set(changes);
      cluster.replies.delete(shared);
      cluster.replies.set(authentication, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "extension-apiserver-authentication", namespace: "kube-system" },
        data: { "client-ca-file": cluster.ca.certPem },
      });
      const file = path.join(path.dirname(cluster.kubeconfig()), "client.crt");
      const { certPem } = await issue({
        subject: "CN=apiserver,O=system:masters",
        issuer: cluster.ca,
        usages: ["clientAuth"],
        ...certificate,
      });
      fs.writeFileSync(file, certPem);
      const { stdout } = await ask(
        ...["--json", "--certificate-authority", authorityFile(), "--client-certificate", file],
      );
      const [{ requests }] = JSON.parse(stdout).pairs;
      return requests.logs;
    }

    const refused = { status: 401, text: "Unauthorized" };
    const day = 86_400_000;
    const past = {
      notBefore: new Date(Date.now() - 9 * day),
      notAfter: new Date(Date.now() - day),
    };

    it("of a request that waits", async () => {
      const waiting = {
        pair: "none",
        configz: unreached("remote error: tls: internal error"),
      } as const;
      const { cause } = await logs({ ...waiting, requests: [requestOf("worker-0")] });
      assert.equal(cause, "no-approver");
      const silent = await logs(waiting);
      assert.equal(silent.cause, "no-certificate");
    });

    it("of a client certificate that is refused", async () => {
      const causes = [
        await logs({ configz: refused }, past),
        await logs({ configz: refused }, { usages: ["serverAuth"] }),
        await logs({ configz: refused }, { subject: "O=system:masters" }),
        await logs({ configz: refused }, { issuer: await issue({ subject: "CN=x", isCA: true }) }),
        await logs({ configz: refused, flags: verifyFlags }),
      ].map(({ cause }) => cause);
      assert.deepEqual(causes, [
        "client-not-valid-now",
        "client-wrong-usage",
        "client-no-common-name",
        "client-unknown-authority",
        "no-client-certificate",
      ]);
      const { cause, reason } = await logs({ configz: refused });
      assert.equal(cause, "client-unknown-authority");
      assert.match(reason, /the kubelet's clientCAFile does not hold the CA .*, or it has none\.$/);
    });

    it("of somebody who may do nothing", async () => {
      const forbidden = (user: string) => ({
        status: 403,
        text: `Forbidden (user=${user}, verb=get, resource=nodes, subresource(s)=[configz proxy])`,
      });
      const nobody = await logs({ configz: forbidden("nobody") }, { subject: "CN=nobody" });
      assert.deepEqual([nobody.cause, nobody.httpStatus], ["forbidden", 403]);
      const anyone = await logs({ configz: forbidden("system:anonymous"), flags: verifyFlags });
      assert.match(anyone.reason, /takes kube-apiserver for anyone \(system:anonymous\)/);
      const overlooked = await logs({ configz: forbidden("system:anonymous") });
      assert.equal(overlooked.cause, "no-client-ca");
    });

    it("of a kubelet that is not told who may call it", async () => {
      const error = (subresource: string) =>
        `Authorization error (user=apiserver, verb=get, resource=nodes, subresource=${subresource})`;
      const { cause, symptom, remedies } = await logs({
        configz: { status: 500, text: error("configz") },
      });
      assert.equal(cause, "may-not-ask");
      // Its kube-apiserver may be gone, and another than the doctor's.
      assert.match(remedies[0].text, /^See whether the kubelet reaches the kube-apiserver of its/);
      assert.ok(symptom.includes(error("proxy")), symptom);
    });

    it("of handlers that are off, in the words that each kind of request gets", async () => {
      const { cause, httpStatus } = await logs({
        configz: { status: 404, text: "404 page not found" },
      });
      assert.deepEqual([cause, httpStatus], ["debugging-off", 405]);
    });

    it("of a name that kube-apiserver cannot resolve", async () => {
      const { cause, symptom } = await logs({
        configz: refusal(400, "lookup worker-0 on 10.0.0.10:53: no such host"),
      });
      assert.equal(cause, "unresolvable-name");
      assert.match(symptom, /: dial tcp: lookup worker-0 on 10\.0\.0\.10:53: no such host$/);
    });
  });

  it("takes nothing that it could not see for absent, and says each once", async () => {
    await set({
      configz: refusal(
        403,
        'nodes "worker-0" is forbidden: User "somebody" cannot get resource "nodes/proxy"',
      ),
    });
    const forbidden = (what: string) => refusal(403, `${what} is forbidden`);
    cluster.replies.set(
      "/apis/certificates.k8s.io/v1/certificatesigningrequests",
      forbidden("csr"),
    );
    cluster.replies.set(
      "/apis/rbac.authorization.k8s.io/v1/clusterroles",
      forbidden("clusterroles"),
    );
    cluster.replies.set("/apis/apps/v1/deployments", forbidden("deployments"));
    const { exitCode, stdout } = await ask();
    assert.equal(exitCode, 1);
    assert.match(
      stdout,
      /serving side: undecidable\n {2}Undecidable without the content of \/etc\/kubernetes\/kubelet-ca\.crt on the control plane, .*--certificate-authority FILE/,
    );
    assert.match(
      stdout,
      /likely\n {2}worker-0: if the bundle holds what ConfigMap kube-system\/kube-root-ca\.crt does: verified\n/,
    );
    const section = stdout.slice(stdout.indexOf("could not be seen"));
    for (const what of [
      "CertificateSigningRequests",
      "ClusterRoles",
      "deployments",
      "configz of worker-0",
    ]) {
      assert.equal(section.split(`  ${what}: 403, `).length, 2, what);
    }
  });

  it("takes kube-apiserver's own answer for the fact, whatever was read", async () => {
    const other = await issue({ subject: "CN=other", isCA: true });
    const file = path.join(path.dirname(cluster.kubeconfig()), "other.crt");
    fs.writeFileSync(file, other.certPem);
    await set();
    const { stdout } = await ask("--certificate-authority", file);
    assert.match(
      stdout,
      /serving side: verified\n {2}.*was seen to get an answer of this one\. What was read says otherwise: No certificate of kube-apiserver's bundle/,
    );
  });

  it("says which certificate is near its end", async () => {
    const end = new Date(Date.now() + 5 * 86_400_000);
    await set({
      pair: await issue({
        subject: "CN=system:node:worker-0,O=system:nodes",
        issuer: cluster.ca,
        usages: ["serverAuth"],
        ipAddresses: ["127.0.0.1"],
        notBefore: new Date(Date.now() - 300 * 86_400_000),
        notAfter: end,
      }),
    });
    const { stdout } = await ask();
    assert.ok(
      stdout.includes(
        `certificates near their end\n  worker-0: certificate system:node:worker-0 ends ${end.toISOString().slice(0, 10)}`,
      ),
      stdout,
    );
  });

  it("says what is the matter where nothing answers", async () => {
    const error = "dial tcp 127.0.0.1:1: connect: connection refused";
    await set({ configz: unreached(error) });
    cluster.replies.set("/api/v1/nodes", listOf("Node", [nodeObject("worker-0", 1)]));
    const { stdout } = await ask("--certificate-authority", authorityFile());
    assert.ok(stdout.includes(`serving side: fails\n  ${error}\n`), stdout);
    assert.match(stdout, /nothing answers at the port/);
    assert.match(
      stdout,
      /could not be seen\n {2}the ports of worker-0: 127\.0\.0\.1:1: connect ECONNREFUSED/,
    );
  });

  it("reads kubeadm-config where no static pod shows kube-apiserver's flags", async () => {
    await set();
    cluster.replies.set("/api/v1/namespaces/kube-system/pods", listOf("Pod", []));
    cluster.replies.set("/api/v1/namespaces/kube-system/configmaps/kubeadm-config", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "kubeadm-config", namespace: "kube-system" },
      data: {
        ClusterConfiguration: JSON.stringify({
          apiVersion: "kubeadm.k8s.io/v1beta4",
          kind: "ClusterConfiguration",
          kubernetesVersion: "v1.37.2",
        }),
      },
    });
    const { stdout } = await ask();
    assert.match(stdout, /serving side: silentlySkipped\n/);
  });

  it("prints the same as JSON", async () => {
    await set();
    const { exitCode, stdout } = await ask("--json", "--certificate-authority", authorityFile());
    assert.equal(exitCode, 0);
    const { schema, accepted, pairs, seen, notSeen } = JSON.parse(stdout);
    assert.deepEqual(
      [schema, accepted, pairs.length, notSeen],
      ["kubelet-trust/doctor/v1", true, 1, []],
    );
    assert.deepEqual(seen[0].presented[0].issuer, "kubernetes");
    assert.deepEqual(seen[0].configz, { status: 200 });
  });

  it("refuses a file that holds no certificate, and prints none of it", async () => {
    const { exitCode, stderr } = await doctor([
      "--kubeconfig",
      cluster.kubeconfig(),
      "--certificate-authority",
      cluster.kubeconfig(),
    ]);
    assert.equal(exitCode, 2);
    assert.match(
      stderr,
      /^doctor: --certificate-authority: \S+ holds no certificate; give the PEM/,
    );
  });
});
