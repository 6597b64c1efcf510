import assert from "node:assert/strict";
import { violationsOf } from "./fake.ts";
import { goodStack, type Parts } from "./good-stack.ts";

const policy = "kubelet-serving-verified";

/** What the policy says of the good stack after a change. */
function said(change?: (parts: Parts) => void) {
  return violationsOf(goodStack(change)).filter((sent) => sent.policy === policy);
}

describe(policy, () => {
  it("says nothing of a good stack", () => {
    assert.deepEqual(said(), []);
  });

  it("keeps in sight that nothing is verified, where nobody said so", () => {
    const [sent, ...others] = said((parts) => {
      delete parts.apiServerFlags["kubelet-certificate-authority"];
    });
    assert.deepEqual(others, []);
    assert.equal(sent?.enforcementLevel, "advisory");
    assert.match(sent.message, /nothing says that this is meant/);
    assert.match(sent.message, /--kubelet-certificate-authority/);
  });

  it("keeps in sight that nothing is verified on purpose, with the reason", () => {
    const [sent, ...others] = said((parts) => {
      delete parts.apiServerFlags["kubelet-certificate-authority"];
      parts.annotations["kubelet-trust/kubelet-serving-verification"] = "skip";
      parts.annotations["kubelet-trust/reason"] = "a test cluster on one machine";
    });
    assert.deepEqual(others, []);
    assert.equal(sent?.enforcementLevel, "advisory");
    assert.match(sent.message, /on purpose/);
    assert.match(sent.message, /a test cluster on one machine/);
  });

  it("leaves a kubelet that signs for itself, unsaid, to kubelet-serving-trust", () => {
    assert.deepEqual(
      said((parts) => {
        parts.configuration.serverTLSBootstrap = false;
        delete parts.apiServerFlags["kubelet-certificate-authority"];
      }),
      [],
    );
  });
});
