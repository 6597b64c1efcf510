import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { repository } from "../../toolchain/paths.mjs";

/** Prints what a promise of the SDK keeps, and what an error says, after the imports. */
const program = `
  const pulumi = await import("@pulumi/pulumi");
  const { default: debuggable } = await import("@pulumi/pulumi/runtime/debuggable.js");
  const promise = Promise.resolve(1);
  const value = await debuggable.debuggablePromise(promise, "of a test");
  const nested = await new Promise((resolve) => pulumi.output(2).apply(resolve));
  console.log(JSON.stringify({
    values: [value, nested],
    kept: promise._debugStackTrace,
    context: promise._debugCtx,
    frames: new Error("some").stack.split("\\n").length > 1,
    limit: Error.stackTraceLimit,
  }));`;

describe("what the SDK keeps of stacks", function () {
  this.timeout(20_000);

  const after = (imports: string) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", `${imports}${program}`],
      { cwd: repository, encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "" } },
    );
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };

  it("has frames without the import", () => {
    assert.match(after("").kept, /^Error\n +at /);
  });

  it("has none with it, and errors with a message have theirs", () => {
    assert.deepEqual(after('await import("./components/stack-traces.ts");'), {
      values: [1, 2],
      kept: "Error",
      context: "of a test",
      frames: true,
      limit: 10,
    });
  });
});
