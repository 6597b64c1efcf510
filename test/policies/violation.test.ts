import assert from "node:assert/strict";
import { violationsOf } from "./fake.ts";
import { controlPlane, node } from "./own-units.ts";

describe("violations", function () {
  this.timeout(120_000);

  it("come in the same order and words, whatever the order of the resources", () => {
    const resources = [controlPlane, node(1, "--a=1"), node(2, "--b=1"), node(3, "")];
    assert.deepEqual(
      violationsOf(resources).map(({ message }) => message),
      violationsOf([...resources].reverse()).map(({ message }) => message),
    );
  });
});
