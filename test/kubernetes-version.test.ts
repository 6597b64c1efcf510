import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import {
  newestKnownVersion,
  newestMinor,
  oldestSupportedVersion,
} from "../trust/kubernetes/version.ts";

const read = (file: string) => fs.readFileSync(path.join(import.meta.dirname, "..", file), "utf8");

/** Files that cannot import the newest version, and where they name it. */
const named: readonly (readonly [file: string, pattern: RegExp])[] = [
  ["Pulumi.yaml", /kubernetesVersion:\n\s+type: string\n\s+default: (\S+)/],
  ["Pulumi.dev.yaml", /kubelet-trust:kubernetesVersion: (\S+)/],
  ["toolchain/go/kubernetes/go.mod", /^\s*k8s\.io\/kubernetes v(\S+)/m],
  ["README.md", /^\| `kubernetesVersion` \| `([^`]+)` \|/m],
  ["README.md", /The stack `dev` \(`Pulumi\.dev\.yaml`\) is Kubernetes (\S+)/],
  ["docs/configuration.md", /^\| `kubernetesVersion`\s*\| text\s*\| `([^`]+)`/m],
];

describe("the newest Kubernetes version", () => {
  for (const [file, pattern] of named) {
    it(`is that of ${file}, at ${pattern.source.slice(0, 40)}`, () => {
      assert.equal(pattern.exec(read(file))?.[1], newestKnownVersion);
    });
  }

  it("is the upper end, and the oldest the lower end, of what is documented", () => {
    assert.ok(read("Pulumi.yaml").includes(`made for, ${oldestSupportedVersion} or later`));
    const row = new RegExp(
      `made for, ${oldestSupportedVersion} up to the newest 1.${newestMinor} `,
    );
    assert.match(read("docs/configuration.md"), row);
  });
});
