import assert from "node:assert/strict";
import { only, saidBy } from "./good-stack.ts";

const policy = "kubelet-serving-verified";

const said = saidBy(policy);

describe(policy, () => {
  it("says nothing of a good stack", () => {
    assert.deepEqual(said(), []);
  });

  it("keeps in sight that nothing is verified, where nobody said so", () => {
    const sent = only(
      said((parts) => {
        delete parts.apiServerFlags["kubelet-certificate-authority"];
      }),
    );
    assert.equal(sent.enforcementLevel, "advisory");
    assert.match(sent.message, /nothing says that this is meant/);
    assert.match(sent.message, /--kubelet-certificate-authority/);
  });

  it("keeps in sight that nothing is verified on purpose, with the reason", () => {
    const sent = only(
      said((parts) => {
        delete parts.apiServerFlags["kubelet-certificate-authority"];
        parts.annotations["kubelet-trust/kubelet-serving-verification"] = "skip";
        parts.annotations["kubelet-trust/reason"] = "a test cluster on one machine";
      }),
    );
    assert.equal(sent.enforcementLevel, "advisory");
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
