import assert from "node:assert/strict";
import { createEstimate } from "../../toolchain/estimate.mjs";
import { parts } from "../../toolchain/home.mjs";

describe("toolchain/estimate", () => {
  const courses = [[[1000, 100]], [[500, 200]]] as const;
  let now = 0;
  const start = (cores = 2) => {
    now = 0;
    return createEstimate(courses, cores, () => now);
  };

  it("begins with what was measured, for as many cores as there are", () => {
    assert.equal(start().whole(), 300_000);
    assert.equal(start(4).whole(), 150_000);
  });

  it("stays with what was measured where the pace is the same", () => {
    const estimate = start();
    estimate.update(0, 500);
    now = 50_000;
    assert.equal(estimate.whole(), 300_000);
  });

  it("goes by the pace of what has been compiled, the more the more there is of it", () => {
    const estimate = start();
    estimate.update(0, 100);
    now = 20_000;
    const early = estimate.whole();
    estimate.update(1, 400);
    now = 340_000;
    const late = estimate.whole();
    // Both at half the measured pace.
    assert.ok(early > 300_000 && early < 450_000, String(early));
    assert.ok(late > 400_000 && late < 440_000, String(late));
  });

  it("takes a part that Go's cache had for no work done, and none left", () => {
    const estimate = start();
    estimate.update(0, 0);
    estimate.update(1, 0);
    assert.equal(estimate.whole(), 200_000);
  });

  // Two runs with empty caches, nothing else on the machine: seconds, part, packages. The first, on a slow machine, is
  // where the courses come from, as if it were as fast as the second; of that one, which compiled more for the last
  // part, the parts' ends alone are known.
  for (const [length, points] of [
    [
      741,
      [
        [120, 0, 686],
        [180, 0, 1103],
        [240, 0, 1384],
        [270, 0, 1508],
        [300, 0, 1516],
        [361, 0, 1682],
        [377, 1, 4],
        [437, 2, 290],
        [482, 2, 480],
        [489, 3, 0],
        [519, 3, 96],
        [579, 3, 396],
        [639, 3, 600],
        [699, 3, 840],
        [729, 3, 1030],
      ],
    ],
    [
      415,
      [
        [180, 0, 1683],
        [184, 1, 4],
        [285, 2, 500],
        [415, 3, 1372],
      ],
    ],
  ] as const) {
    it(`is right to a sixth from the second minute on, in a run of ${length} s`, () => {
      let clock = 0;
      const estimate = createEstimate(
        parts.map(({ course }) => course),
        2,
        () => clock,
      );
      for (const [seconds, part, packages] of points) {
        clock = seconds * 1000;
        estimate.update(part, packages);
        const whole = estimate.whole() / 1000;
        const off = Math.abs(whole / length - 1);
        assert.ok(off < 1 / 6, `after ${seconds} s it says ${Math.round(whole)} s`);
      }
    });
  }
});
