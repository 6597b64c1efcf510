import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { repository } from "../../toolchain/paths.mjs";
import { folderForEach } from "../support/folders.ts";

const early: readonly string[] = [];
const later = ["--require", path.join(repository, "toolchain/load-later.cjs")];

/** What a program prints that begins with the SDK, run by Node with the options. */
function prints(options: readonly string[], program: string): string {
  const text = `const pulumi = require("@pulumi/pulumi");\n${program}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, "--eval", text], {
    cwd: repository,
    // Without the toolchain's own, which would load the file in any case.
    env: { ...process.env, NODE_OPTIONS: "" },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

describe("what of the SDK is loaded later", function () {
  this.timeout(60_000);
  const folder = folderForEach();

  it("is not loaded with it, as it is without", () => {
    const program = `for (const name of ["@npmcli/arborist", "typescript"])
      console.log(Object.keys(require.cache).some((file) => file.includes("/node_modules/" + name + "/")));`;
    assert.equal(prints(early, program), "true\ntrue\n");
    assert.equal(prints(later, program), "false\nfalse\n");
  });

  it("writes out the same functions", () => {
    const program = `const deep = { of: [1, () => 2] };
      class A { a() { return 1; } }
      class B extends A { a() { return super.a() + deep.of[1](); } }
      pulumi.runtime.serializeFunction(() => new B().a()).then(({ text }) => console.log(text));`;
    const text = prints(later, program);
    assert.match(text, /__super/);
    assert.equal(text, prints(early, program));
  });

  it("names the same file of a function that cannot be written out", () => {
    const file = JSON.stringify(path.join(folder, "function.cjs"));
    fs.writeFileSync(path.join(folder, "function.cjs"), "module.exports = (port) => () => port;");
    const program = `const { isInitializedAsync } = require("@pulumi/pulumi/runtime/closure/v8Hooks.js");
      isInitializedAsync()
        .then(() => pulumi.runtime.serializeFunction(require(${file})(new MessageChannel().port1)))
        .catch(({ message }) => console.log(message.split("\\n", 4).join(" ")));`;
    const text = prints(later, program);
    assert.match(text, /function\.cjs.*captured +variable 'port'/);
    assert.equal(text, prints(early, program));
  });

  it("finds the same packages of a program", () => {
    const program = `pulumi.runtime.computeCodePaths().then((paths) =>
      console.log([...paths.keys()].sort().join("\\n")));`;
    const found = prints(later, program);
    assert.match(found, /node_modules\/yaml/);
    assert.equal(found, prints(early, program));
  });
});
