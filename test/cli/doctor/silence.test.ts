import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { mock } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { doctor } from "../../../cli/doctor/main.ts";
import { type FakeCluster, refusal, silentConnection, startFakeCluster } from "./fake-cluster.ts";
import { paths, setCluster } from "./good-cluster.ts";

describe("doctor without nodes/proxy, at a port that takes connections and answers nothing", () => {
  let cluster: FakeCluster;

  before(async () => {
    cluster = await startFakeCluster();
    await setCluster(cluster, {
      pair: "hangs",
      configz: refusal(403, "nodes/proxy is forbidden"),
    });
  });
  after(() => cluster.stop());
  afterEach(() => mock.timers.reset());

  /** Lets seconds pass once so many connections hang there. */
  async function pass(seconds: number, connections: number): Promise<void> {
    const isThere = () =>
      cluster.requests.filter((one) => one === silentConnection).length === connections &&
      cluster.requests.some((one) => one.endsWith(paths["nodes/proxy"]));
    while (!isThere()) await immediate();
    // The other end of the connection learns of it a little later.
    for (let turn = 0; turn < 50; turn++) await immediate();
    mock.timers.tick(seconds * 1000);
  }

  it("says that it hangs, though all files agree", async () => {
    const kubeconfig = cluster.kubeconfig();
    const authority = path.join(path.dirname(kubeconfig), "kubelet-ca.crt");
    fs.writeFileSync(authority, cluster.ca.certPem);
    mock.timers.enable({ apis: ["setTimeout"] });
    const told = doctor(
      ["--json", "--kubeconfig", kubeconfig, "--certificate-authority", authority],
      { at: () => {}, end: () => {} },
    );
    await pass(5, 1);
    await pass(11, 2);
    const { exitCode, stdout } = await told;
    assert.equal(exitCode, 1);
    const { pairs, notSeen } = JSON.parse(stdout);
    const { verdict, cause, symptom } = pairs[0].requests.metrics;
    assert.deepEqual(
      { verdict, cause, symptom },
      { verdict: "fails", cause: "hangs", symptom: "no answer within 11 s" },
    );
    assert.deepEqual(
      notSeen.map(({ what }: { what: string }) => what),
      ["configz of worker-0", "the ports of worker-0"],
    );
  });
});
