import assert from "node:assert/strict";
import { labOf } from "../../lab/host/identity.ts";
import { requireLinuxRoot } from "../../toolchain/kubernetes/programs.ts";

describe("a machine for a lab", () => {
  it("must be Linux, says one line", () => {
    assert.throws(() => requireLinuxRoot("darwin", 0), {
      name: "Failure",
      message: /^The lab needs Linux \(this is darwin\): run it .*`kubelet-trust:kubeconfig`\.$/,
    });
  });

  it("must let root in, says one line", () => {
    assert.throws(() => requireLinuxRoot("linux", 1000), {
      name: "Failure",
      message: /needs root: /,
    });
    assert.doesNotThrow(() => requireLinuxRoot("linux", 0));
  });
});

describe("the identity of a lab", () => {
  it("differs between stacks and between clones", () => {
    const ids = [labOf("dev", "/a"), labOf("dev", "/b"), labOf("prod", "/a")].map(({ id }) => id);
    assert.equal(new Set(ids).size, 3);
  });

  it("is the same every time, and fit for a path", () => {
    assert.deepEqual(labOf("/x/my stack", "/a"), labOf("/x/my stack", "/a"));
    assert.match(labOf("/x/my stack", "/a").id, /^my-stack-[0-9a-f]{8}$/);
  });
});
