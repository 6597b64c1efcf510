import assert from "node:assert/strict";
import { readUpArguments } from "../../lab/cli/up-arguments.ts";

describe("the arguments of npm run lab -- up", () => {
  it("are a stack and a carrier, in any order, both with a default", () => {
    assert.deepEqual(readUpArguments([]), { carrier: "files" });
    assert.deepEqual(readUpArguments(["dev"]), { stack: "dev", carrier: "files" });
    assert.deepEqual(readUpArguments(["--carrier", "cloud-init", "dev"]), {
      stack: "dev",
      carrier: "cloud-init",
    });
    assert.deepEqual(readUpArguments(["./r", "--carrier=files"]), {
      stack: "./r",
      carrier: "files",
    });
  });

  for (const [words, message] of [
    [
      ["--carrier", "floppy"],
      'npm run lab -- up: --carrier "floppy" is no carrier. Use files or cloud-init.',
    ],
    [["--carrier"], "npm run lab -- up: --carrier has no value. Use files or cloud-init."],
    [["--carrier="], 'npm run lab -- up: --carrier "" is no carrier. Use files or cloud-init.'],
    [["--courier", "x"], "npm run lab: there is no option --courier. See npm run lab -- --help."],
    [["a", "b"], "npm run lab -- up: a and b are two stacks. Give one."],
  ] as const) {
    it(`are refused in one line: ${words.join(" ")}`, () => {
      assert.throws(() => readUpArguments(words), { name: "Failure", message });
    });
  }
});
