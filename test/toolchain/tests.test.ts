import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import {
  chosenTests,
  fastTests,
  needLab,
  needToolchain,
  slowTests,
} from "../../toolchain/tests.mjs";
import { folderForAll } from "../support/folders.ts";

describe("toolchain/tests", () => {
  const root = folderForAll();
  before(() => {
    for (const file of ["a/b.test.ts", "a/c/d.engine.test.ts", "a/fixture.ts", "e.lab.test.ts"]) {
      const full = path.join(root, "test", file);
      fs.mkdirSync(path.dirname(full), { recursive: true });
      fs.writeFileSync(full, "");
    }
  });

  it("are all of them when none is named", () => {
    assert.deepEqual(chosenTests(["--grep", "kubelet"], root), {
      files: ["test/a/b.test.ts", "test/a/c/d.engine.test.ts", "test/e.lab.test.ts"],
      options: ["--grep", "kubelet"],
      isAll: true,
    });
  });

  it("are those of a folder, and those that are named", () => {
    const { files } = chosenTests(["test/a", "--bail", "test/e.lab.test.ts"], root);
    assert.deepEqual(files.sort(), [
      ...["test/a/b.test.ts", "test/a/c/d.engine.test.ts", "test/e.lab.test.ts"],
    ]);
    assert.deepEqual(chosenTests(["test/a/c/"], root).files, ["test/a/c/d.engine.test.ts"]);
  });

  it("need toolchain and lab by name alone; a pattern might", () => {
    assert.equal(needToolchain(["test/a/b.test.ts", "test/engine.test.ts"]), false);
    assert.equal(needToolchain(["test/a/b.test.ts", "test/a/c/d.engine.test.ts"]), true);
    assert.equal(needToolchain(["test/e.lab.test.ts"]), true);
    assert.equal(needToolchain(["test/a/f.long.test.ts"]), false);
    assert.equal(needToolchain(["test/**/*.test.ts"]), true);
    assert.equal(needLab(["test/a/c/d.engine.test.ts", "test/lab.test.ts"]), false);
    assert.equal(needLab(["test/a/b.test.ts", "test/e.lab.test.ts"]), true);
    assert.equal(needLab(["test/**/*.test.ts"]), true);
  });

  it("are fast when they need neither engine nor lab, and none of those asks for the toolchain", () => {
    const files = fastTests();
    assert.ok(files.includes("test/toolchain/tests.test.ts"));
    assert.equal(needToolchain(files), false);
    assert.ok(!files.some((file) => file.includes(".long.")));
    const asks =
      /support\/(engine|inline-stack)\.ts|pulumiEnvironment|kubernetesPrograms|ensurePrograms/;
    const repository = path.join(import.meta.dirname, "..", "..");
    const wrong = files.filter((file) => {
      const imports = fs.readFileSync(path.join(repository, file), "utf8").split("\ndescribe(")[0];
      return file !== "test/toolchain/tests.test.ts" && asks.test(imports ?? "");
    });
    assert.deepEqual(wrong, []);
  });

  it("are each run once by npm test", () => {
    const all = chosenTests([]).files;
    assert.deepEqual([...fastTests(), ...slowTests()].sort(), all.sort());
  });
});
