import assert from "node:assert/strict";
import { violationsOf } from "./fake.ts";
import { controlPlane, node } from "./own-units.ts";

describe("violations", function () {
  this.timeout(120_000);

  it("are one for each cause, with a count and three examples, at 1,000 nodes", () => {
    const nodes = Array.from({ length: 1000 }, (_, index) =>
      node(index, "--allow-privileged=true"),
    );
    const violations = violationsOf([controlPlane, ...nodes]);
    assert.deepEqual(
      violations.map(({ policy, message }) => [policy, message.split("\n")[0]]),
      [
        [
          "kubelet-serving-trust",
          "1000 kubelets, e.g. worker-00000, worker-00001, worker-00002: asks for a serving certificate by CSR, and nobody approves it.",
        ],
        [
          "kubelet-starts",
          "1000 kubelets, e.g. worker-00000, worker-00001, worker-00002: kubelet will not start: unknown flag: --allow-privileged",
        ],
      ],
    );
  });

  it("come in the same order and words, whatever the order of the resources", () => {
    const resources = [controlPlane, node(1, "--a=1"), node(2, "--b=1"), node(3, "")];
    assert.deepEqual(
      violationsOf(resources).map(({ message }) => message),
      violationsOf([...resources].reverse()).map(({ message }) => message),
    );
  });
});
