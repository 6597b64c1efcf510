import assert from "node:assert/strict";
import { createEstimate } from "../../toolchain/estimate.mjs";

describe("toolchain/estimate", () => {
  const parts = [
    { seconds: 100, packages: 1000 },
    { seconds: 200, packages: 500 },
  ];
  let now = 0;
  const start = (cores = 2) => {
    now = 0;
    return createEstimate(parts, cores, () => now);
  };

  it("begins with what was measured, for as many cores as there are", () => {
    assert.equal(start().whole(), 300_000);
    assert.equal(start(4).whole(), 150_000);
  });

  it("goes by the pace of what has been compiled", () => {
    const estimate = start();
    estimate.update(0, 500);
    now = 100_000;
    assert.equal(estimate.whole(), 600_000);
    estimate.update(0, 1000);
    now = 200_000;
    estimate.update(1, 250);
    now = 400_000;
    assert.equal(estimate.whole(), 600_000);
  });

  it("takes a part that Go's cache had for no work done, and none left", () => {
    const estimate = start();
    estimate.update(0, 0);
    now = 5_000;
    estimate.update(1, 0);
    assert.equal(estimate.whole(), 205_000);
  });
});
