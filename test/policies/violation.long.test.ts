import assert from "node:assert/strict";
import { violationsOf } from "./fake.ts";
import { controlPlane, node } from "./own-units.ts";

describe("violations of very many nodes", function () {
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

  it("stay far below the engine's message limit at 10,000 nodes, and within twelve lines", () => {
    const nodes = Array.from({ length: 10_000 }, (_, index) => node(index, `--unknown-${index}=1`));
    const violations = violationsOf([controlPlane, ...nodes]);
    const size = violations.reduce((sum, { message }) => sum + message.length, 0);
    assert.ok(size < 1_000_000, `${size} characters`);
    assert.ok(violations.every(({ message }) => message.split("\n").length <= 12));
    assert.match(violations.at(-1)?.message ?? "", /^9800 further causes are not shown/);
  });
});
