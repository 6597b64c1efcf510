import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { repository } from "../../toolchain/paths.mjs";
import { versions } from "../../toolchain/versions.mjs";

describe("toolchain/versions", () => {
  const read = (file: string) => fs.readFileSync(path.join(repository, file), "utf8");

  it("are those of the Go modules that name one", () => {
    for (const [module, dependency] of [
      ["pulumi", "github.com/pulumi/pulumi/pkg/v3"],
      ["pulumi", "github.com/pulumi/pulumi/sdk/v3"],
      ["pulumi-language-nodejs", "github.com/pulumi/pulumi/sdk/v3"],
      ["pulumi-resource-tls", "github.com/pulumi/pulumi/sdk/v3"],
    ]) {
      const line = new RegExp(`^\\s*(require )?${dependency} v(\\S+)`, "m");
      const named = line.exec(read(`toolchain/go/${module}/go.mod`))?.[2];
      assert.equal(named, versions.pulumi, `${dependency} in toolchain/go/${module}/go.mod`);
    }
  });

  it("are those that the SDKs ask for", () => {
    for (const name of ["kubernetes", "tls"] as const) {
      const { pulumi } = JSON.parse(read(`node_modules/@pulumi/${name}/package.json`));
      assert.equal(pulumi.version, versions[name]);
    }
    const sdk = JSON.parse(read("node_modules/@pulumi/pulumi/package.json"));
    assert.equal(sdk.version, versions.pulumi);
  });

  it("is that of the Kubernetes plugin's source, whose module names a commit", () => {
    const [, release] =
      /release (\S+):/.exec(read("toolchain/go/pulumi-resource-kubernetes/go.mod")) ?? [];
    assert.equal(release, versions.kubernetes);
  });

  // The Kubernetes plugin's own code does not compile with the CLI's packages of Pulumi.
  for (const [plugin, libraries, but] of [
    ["tls", 150, /^$/],
    ["kubernetes", 90, /^github\.com\/pulumi\/pulumi\/(pkg|sdk)\/v3$/],
  ] as const) {
    it(`let the ${plugin} plugin be built from what the CLI was compiled from: nothing in it is older`, () => {
      const required = (module: string) =>
        [...read(`toolchain/go/${module}/go.mod`).matchAll(/^\s([^\s/]+\/\S+) (v\S+)/gm)].map(
          ([, dependency = "", version = ""]) => [dependency, version] as const,
        );
      const ofPlugin = new Map(required(`pulumi-resource-${plugin}`));
      const shared = required("pulumi").filter(([dependency]) => ofPlugin.has(dependency));
      assert.ok(shared.length > libraries);
      for (const [dependency, version] of shared) {
        const own = ofPlugin.get(dependency) ?? "";
        if (but.test(dependency)) continue;
        const order = own.localeCompare(version, "en", { numeric: true });
        assert.ok(order >= 0, `${dependency} is ${own}, of the CLI ${version}: go get it`);
      }
    });
  }

  it("come from files that name no registry", () => {
    const files = execFileSync("git", ["ls-files"], { cwd: repository, encoding: "utf8" });
    for (const file of files
      .split("\n")
      .filter((name) => /\.npmrc$|lock|go\.(mod|sum)$/.test(name))) {
      if (!fs.existsSync(path.join(repository, file))) continue;
      assert.doesNotMatch(read(file), /"resolved"|registry\s*=|GOPROXY|GOSUMDB/, file);
    }
  });
});
