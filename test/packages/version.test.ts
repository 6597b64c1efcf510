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

describe("the Node that is asked for", () => {
  const engineOf = (folder: string) =>
    JSON.parse(read(path.join(folder, "package.json"))).engines.node as string;

  it("is the same for the pack and both packages, and what their pages say", () => {
    const packages = ["policies", "packages/kubelet-trust", "packages/kubelet-trust-policies"];
    const [asked = "", ...others] = [...new Set(packages.map(engineOf))];
    assert.deepEqual(others, []);
    const words = `Node ${asked.replace(">=", "")} and later`;
    for (const page of ["docs/packages.md", "packages/kubelet-trust/README.md"]) {
      assert.ok(read(page).includes(words), page);
    }
  });

  it("of the clone, which brings a newer one along, is what README.md says", () => {
    assert.match(read("README.md"), new RegExp(`Node ${engineOf(".").replace(">=", "")} or later`));
  });
});
