import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { doctor } from "../../../cli/doctor/main.ts";
import type { Issued } from "../../../lab/x509/issue.ts";
import {
  type FakeCluster,
  never,
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
} from "./good-cluster.ts";
import { assertNoMore, type Told, unseenAs } from "./less.ts";

type Right = keyof typeof paths;

const rights = Object.keys(unseenAs) as (keyof typeof unseenAs)[];

function unseenAsOf(right: keyof typeof unseenAs): string {
  return right === "nodes/proxy" ? `${unseenAs[right]}worker-0` : unseenAs[right];
}

/** What a right taken away leaves behind. */
const refusals: Record<string, (right: Right) => Reply> = {
  forbidden: (right) => refusal(403, `${right} is forbidden: User "somebody" cannot list it`),
  "answered by something else": () => ({ status: 200, text: "<html>Please log in" }),
  "answered with no list": () => ({ status: 200, text: "[]" }),
  failing: () => refusal(500, "etcdserver: request timed out"),
};

describe("doctor with a right less", () => {
  let cluster: FakeCluster;
  let scenarios: Record<string, Changes & Required<Pick<Changes, "pair">>>;
  let kubeconfig: string;
  let authority: string;

  before(async () => {
    cluster = await startFakeCluster();
    const good: Issued = await servingPair(cluster);
    const self = await selfSigned("worker-0");
    const nobody =
      "Forbidden (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource(s)=[configz proxy])";
    scenarios = {
      verified: { pair: good },
      "of nobody's skip": { pair: self, flags: clientFlags },
      "that waits for an approver": {
        pair: "none",
        configuration: { serverTLSBootstrap: true },
        configz: unreached("remote error: tls: internal error"),
        requests: [requestOf("worker-0")],
      },
      "that refuses in spite of RBAC": { pair: good, configz: { status: 403, text: nobody } },
    };
    kubeconfig = cluster.kubeconfig();
    authority = path.join(path.dirname(kubeconfig), "kubelet-ca.crt");
    fs.writeFileSync(authority, cluster.ca.certPem);
  });
  after(() => cluster.stop());

  async function ask(): Promise<Told & { readonly exitCode: number }> {
    const args = ["--json", "--kubeconfig", kubeconfig, "--certificate-authority", authority];
    const { exitCode, stdout, stderr } = await doctor(args, { at: () => {}, end: () => {} });
    assert.equal(stderr, "");
    return { exitCode, ...JSON.parse(stdout) };
  }

  for (const name of ["verified", "that waits for an approver"]) {
    describe(`says no other thing of a kubelet ${name}, and what it could not see`, () => {
      let whole: Told;

      before(async () => {
        const scenario = scenarios[name];
        assert.ok(scenario);
        await setCluster(cluster, scenario);
        whole = await ask();
        assert.deepEqual(whole.notSeen, []);
      });

      for (const right of rights) {
        it(`without ${right}`, async () => {
          const before = cluster.replies.get(paths[right]);
          cluster.replies.set(paths[right], refusal(403, `${right} is forbidden`));
          const less = await ask();
          if (before === undefined) cluster.replies.delete(paths[right]);
          else cluster.replies.set(paths[right], before);
          // kubeadm's is not asked for where kube-apiserver's pod is seen.
          const isAsked = right !== "kubeadm-config";
          const unseen = { what: unseenAsOf(right), because: `403, ${right} is forbidden` };
          assert.deepEqual(less.notSeen, isAsked ? [unseen] : []);
          assertNoMore(less, whole);
        });
      }
    });
  }

  for (const [how, reply] of Object.entries(refusals)) {
    it(`sees nothing but nodes where all else is ${how}, and says so once of each`, async () => {
      for (const scenario of Object.values(scenarios)) {
        await setCluster(cluster, scenario);
        for (const right of rights) cluster.replies.set(paths[right], reply(right));
        const { exitCode, accepted, pairs, notSeen } = await ask();
        assert.deepEqual(
          { exitCode, accepted, pairs },
          { exitCode: 1, accepted: false, pairs: [] },
        );
        const names = rights.map(unseenAsOf);
        assert.deepEqual(notSeen.map(({ what }) => what).sort(), names.sort());
        for (const { because } of notSeen) assert.doesNotMatch(because, /<html>|JSON/);
      }
    });
  }

  it("needs nodes, and says in a line what helps", async () => {
    for (const [how, remedy] of [
      ["forbidden", /403, .*\): use credentials that may list nodes/],
      [
        "answered by something else",
        /none of kube-apiserver's\): see whether the kubeconfig's server/,
      ],
      ["answered with no list", /none of kube-apiserver's\): see whether the kubeconfig's server/],
      ["failing", /500, etcdserver: .*\): see whether the kubeconfig's server/],
    ] as const) {
      cluster.replies.set(paths.nodes, refusals[how]?.("nodes") ?? {});
      const { exitCode, stdout, stderr } = await doctor(["--kubeconfig", kubeconfig]);
      assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: "" });
      assert.match(stderr, remedy);
      assert.ok(!stderr.includes("\n") && !stderr.includes(token), stderr);
    }
  });

  it("ends in time where kube-apiserver hangs, and says so", async () => {
    cluster.replies.set(paths.nodes, never);
    const { exitCode, stderr } = await doctor(["--kubeconfig", kubeconfig, "--timeout", "1"]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /\(the time was up\): see whether kube-apiserver is well .*--timeout\)$/);
  });

  it("says of a kubelet whose kube-apiserver it does not know what its port presents", async () => {
    const needs = async (scenario: string) => {
      await setCluster(cluster, scenarios[scenario] ?? { pair: "none" });
      cluster.replies.set(paths.pods, refusal(403, "pods is forbidden"));
      const { stdout } = await doctor(["--kubeconfig", kubeconfig]);
      return stdout;
    };
    // Its configuration alone would have it sign its own.
    const issued = await needs("verified");
    assert.match(issued, /The kubelet presents a certificate that it did not sign itself: /);
    assert.match(issued, /must dial one of its names: 127\.0\.0\.1, worker-0\.\n/);
    assert.doesNotMatch(issued, /signs its own/);
    assert.match(
      await needs("of nobody's skip"),
      /The kubelet signs its own serving certificate: /,
    );
  });

  it("says that kube-apiserver's flags are kubeadm's where its pod could not be seen", async () => {
    await setCluster(cluster, scenarios.verified ?? { pair: "none" });
    cluster.replies.set(paths["kubeadm-config"], {
      kind: "ConfigMap",
      metadata: { name: "kubeadm-config", namespace: "kube-system" },
      data: {
        ClusterConfiguration: JSON.stringify({
          apiVersion: "kubeadm.k8s.io/v1beta4",
          kind: "ClusterConfiguration",
        }),
      },
    });
    const assumed =
      /kube-apiserver runs with the flags .*kubeadm-config: its pod could not be seen\./;
    const asked = async () => (await doctor(["--kubeconfig", kubeconfig])).stdout;
    assert.doesNotMatch(await asked(), assumed);
    cluster.replies.set(paths.pods, refusal(403, "pods is forbidden"));
    assert.match(await asked(), assumed);
  });

  it("takes a refusal that was seen for the fact, whatever RBAC was read", async () => {
    const scenario = scenarios["that refuses in spite of RBAC"];
    assert.ok(scenario);
    await setCluster(cluster, scenario);
    const { exitCode, pairs } = await ask();
    const { configz, logs, execSpdy, metrics } = pairs[0]?.requests ?? {};
    assert.equal(exitCode, 1);
    assert.deepEqual([configz?.cause, logs?.cause], ["forbidden", "forbidden"]);
    assert.deepEqual([execSpdy?.verdict, metrics?.verdict], ["undecidable", "undecidable"]);
  });
});
