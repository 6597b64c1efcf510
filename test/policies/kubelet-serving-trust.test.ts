import assert from "node:assert/strict";
import { parse } from "yaml";
import { configMap, violationsOf } from "./fake.ts";
import { goodStack, only, saidBy } from "./good-stack.ts";

const policy = "kubelet-serving-trust";

const said = saidBy(policy);

describe(policy, () => {
  it("says nothing of a good stack, and neither does any other policy", () => {
    assert.deepEqual(violationsOf(goodStack()), []);
  });

  it("reads a static pod's manifest on one line of JSON, as a tool writes it", () => {
    const [controlPlane, ...others] = goodStack();
    assert.ok(controlPlane);
    const json = JSON.stringify(parse(controlPlane.props.data["kube-apiserver.yaml"]));
    assert.deepEqual(
      violationsOf([configMap("control-plane", { "kube-apiserver.yaml": json }), ...others]),
      [],
    );
  });

  it("rejects requests for certificates that nobody approves", () => {
    const sent = only(
      said((parts) => {
        parts.approver = undefined;
      }),
    );
    assert.equal(sent.enforcementLevel, "mandatory");
    assert.match(sent.message, /asks for a serving certificate by CSR, and nobody approves it/);
  });

  it("rejects a kubelet that signs for itself under a kube-apiserver that verifies", () => {
    const sent = only(
      said((parts) => {
        parts.configuration.serverTLSBootstrap = false;
      }),
    );
    assert.match(sent.message, /doesn't contain any IP SANs/);
    assert.match(sent.message, /Set serverTLSBootstrap: true/);
  });

  it("rejects a kubelet that signs for itself where nothing is said", () => {
    const sent = only(
      said((parts) => {
        parts.configuration.serverTLSBootstrap = false;
        delete parts.apiServerFlags["kubelet-certificate-authority"];
      }),
    );
    assert.match(sent.message, /neither told to trust it nor that it may skip verification/);
  });

  it("lets it be where a reason is given for not verifying", () => {
    assert.deepEqual(
      said((parts) => {
        parts.configuration.serverTLSBootstrap = false;
        delete parts.apiServerFlags["kubelet-certificate-authority"];
        parts.annotations["kubelet-trust/kubelet-serving-verification"] = "skip";
        parts.annotations["kubelet-trust/reason"] = "a test cluster on one machine";
      }),
      [],
    );
  });

  it("takes no single word for a reason, and says what one needs", () => {
    const sent = only(
      said((parts) => {
        parts.configuration.serverTLSBootstrap = false;
        delete parts.apiServerFlags["kubelet-certificate-authority"];
        parts.annotations["kubelet-trust/kubelet-serving-verification"] = "skip";
        parts.annotations["kubelet-trust/reason"] = "todo";
      }),
    );
    assert.equal(sent.enforcementLevel, "mandatory");
    assert.match(sent.message, /"todo" is no reason: one has at least 2 different words/);
  });

  it("rejects what it cannot decide, and names what is missing", () => {
    const sent = only(
      said((parts) => {
        parts.apiServerFlags["kubelet-certificate-authority"] = "/etc/kubernetes/other-ca.crt";
      }),
    );
    assert.match(sent.message, /Undecidable without .*\/etc\/kubernetes\/other-ca\.crt/);
  });
});
