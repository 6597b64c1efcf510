/** `pulumi up --target`: of what is new and not named, policies get the type and the name alone. */
import assert from "node:assert/strict";
import { violationsOf } from "./fake.ts";
import { ownCluster } from "./own-cluster.ts";

describe("what an operation leaves out", function () {
  this.timeout(60_000);

  it("is told once, and nothing is made of it", async () => {
    const stack = (await ownCluster()).map((one) => {
      const { name } = (one.props.metadata ?? {}) as { name?: string };
      return name === "kubelet-config-workers" ? one : { ...one, props: {} };
    });
    const sent = violationsOf(stack).map(
      ({ enforcementLevel, message }) => `${enforcementLevel}: ${message}`,
    );
    const [left, ...others] = sent.filter((text) => text.includes("--target"));
    assert.deepEqual(others, []);
    assert.match(
      left ?? "",
      /^advisory: .*\n[\s\S]*and of \d+ more resources, which this operation/,
    );
    assert.doesNotMatch(sent.join("\n"), /differs from|without metadata\.name/);
    assert.match(sent.join("\n"), /the kube-apiserver of cluster c that calls it is not in this/);
    assert.equal(sent.length, 2, sent.join("\n"));
  });
});
