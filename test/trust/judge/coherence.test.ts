import assert from "node:assert/strict";
import { coherence } from "../../../trust/judge/coherence.ts";
import { apiServerStances, servingModes } from "../../../trust/words/vocabulary.ts";

describe("coherence", () => {
  it("refuses self-signing kubelets under verify alone, with a way out on both sides", () => {
    for (const mode of servingModes) {
      for (const stance of apiServerStances) {
        const answer = coherence(mode, stance);
        assert.equal(
          answer.coherent,
          !(mode === "selfSigned" && stance === "verify"),
          `${mode} under ${stance}`,
        );
      }
    }
    const refused = coherence("selfSigned", "verify");
    assert.ok(!refused.coherent);
    assert.match(refused.symptom, /doesn't contain any IP SANs/);
    assert.deepEqual(
      new Set(refused.remedies.map(({ side }) => side)),
      new Set(["kubelet", "apiserver"]),
    );
  });
});
