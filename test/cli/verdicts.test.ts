import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { verdictsDocument } from "../../cli/verdicts-document.ts";

describe("docs/verdicts.md", () => {
  it("is what npm run verdicts writes", () => {
    const file = new URL("../../docs/verdicts.md", import.meta.url);
    assert.ok(
      readFileSync(file, "utf8") === verdictsDocument(),
      "docs/verdicts.md is out of date: run npm run verdicts",
    );
  });

  it("decides every combination", () => {
    assert.doesNotMatch(verdictsDocument(), /Undecidable/);
  });
});
