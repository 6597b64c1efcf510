import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { specs } from "../../policies/policies.ts";
import { pageOf } from "../../policies/report/page.ts";

const root = path.join(import.meta.dirname, "../..");

describe("the page that a violation links to", () => {
  for (const { name } of specs) {
    it(`of ${name} opens, from wherever the pack was compiled to`, () => {
      for (const folder of ["", "policies/dist", "policies/report"]) {
        const page = fs.readFileSync(fileURLToPath(pageOf(name, path.join(root, folder))), "utf8");
        assert.match(page, new RegExp(`^# ${name}$`, "m"));
      }
    });
  }

  it("is named in words where the pack has no pages", () => {
    assert.equal(
      pageOf("kubelet-starts", path.parse(root).root),
      "docs/policies/kubelet-starts.md of kubelet-trust",
    );
  });
});
