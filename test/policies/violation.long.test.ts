import assert from "node:assert/strict";
import { violationsOf } from "./fake.ts";
import { controlPlane, node } from "./own-units.ts";

describe("violations of very many nodes", function () {
  this.timeout(120_000);

  it("stay far below the engine's message limit at 10,000 nodes, and within twelve lines", () => {
    const nodes = Array.from({ length: 10_000 }, (_, index) => node(index, `--unknown-${index}=1`));
    const violations = violationsOf([controlPlane, ...nodes]);
    const size = violations.reduce((sum, { message }) => sum + message.length, 0);
    assert.ok(size < 1_000_000, `${size} characters`);
    assert.ok(violations.every(({ message }) => message.split("\n").length <= 12));
    assert.match(violations.at(-1)?.message ?? "", /^9800 further causes are not shown/);
  });
});
