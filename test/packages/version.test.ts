import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { repository } from "../../toolchain/paths.mjs";

const read = (file: string) => fs.readFileSync(path.join(repository, file), "utf8");

describe("the version of the packages", () => {
  const { version } = JSON.parse(read("package.json"));

  it("is that of the policy pack in the clone", () => {
    assert.equal(JSON.parse(read("policies/package.json")).version, version);
  });

  it("is the newest of CHANGELOG.md, where one was released", () => {
    const [first = "", second] = [...read("CHANGELOG.md").matchAll(/^## \[?([^\]\s]+)/gm)].map(
      ([, heading]) => heading,
    );
    const newest = first === "Unreleased" ? second : first;
    assert.equal(newest ?? version, version);
  });
});
