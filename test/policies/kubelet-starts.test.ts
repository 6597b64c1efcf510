import assert from "node:assert/strict";
import { violationsOf } from "./fake.ts";
import { goodStack, type Parts } from "./good-stack.ts";

const policy = "kubelet-starts";

/** What the policy says of the good stack after a change. */
function said(change?: (parts: Parts) => void) {
  return violationsOf(goodStack(change)).filter((sent) => sent.policy === policy);
}

describe(policy, () => {
  it("says nothing of a good stack", () => {
    assert.deepEqual(said(), []);
  });

  it("rejects a flag that this version of the kubelet does not have", () => {
    const [sent, ...others] = said((parts) => {
      parts.kubeletFlags["network-plugin"] = "cni";
    });
    assert.deepEqual(others, []);
    assert.equal(sent?.enforcementLevel, "mandatory");
    assert.match(sent.message, /kubelet will not start: unknown flag: --network-plugin/);
  });

  it("rejects a feature gate that this version of the kubelet does not have", () => {
    const [sent, ...others] = said((parts) => {
      parts.configuration.featureGates = { RotateKubeletClientCertificate: true };
    });
    assert.deepEqual(others, []);
    assert.match(sent?.message ?? "", /unrecognized feature gate: RotateKubeletClientCertificate/);
  });

  it("says in which version a flag was removed", () => {
    const [sent] = said((parts) => {
      parts.kubeletFlags["pod-infra-container-image"] = "registry.k8s.io/pause:3.10";
    });
    assert.match(sent?.message ?? "", /--pod-infra-container-image .*: it was removed in 1\.35/);
  });

  it("rejects a value of a wrong type", () => {
    const [sent, ...others] = said((parts) => {
      parts.configuration.maxPods = "many";
    });
    assert.deepEqual(others, []);
    assert.match(sent?.message ?? "", /cannot unmarshal string into Go struct field .*maxPods/);
  });

  it("rejects a flag that this version of kube-apiserver does not have", () => {
    const [sent, ...others] = said((parts) => {
      parts.apiServerFlags["kubelet-https"] = "true";
    });
    assert.deepEqual(others, []);
    assert.match(
      sent?.message ?? "",
      /kube-apiserver will not start: Error: unknown flag: --kubelet-https/,
    );
  });

  it("rejects half a pair, with which a kubelet starts and serves nothing", () => {
    const [sent, ...others] = said((parts) => {
      parts.configuration.serverTLSBootstrap = false;
      parts.configuration.tlsCertFile = "/var/lib/kubelet/pki/serving.crt";
    });
    assert.deepEqual(others, []);
    assert.match(sent?.message ?? "", /tlsCertFile is set without tlsPrivateKeyFile/);
    assert.match(sent?.message ?? "", /Set tlsPrivateKeyFile as well/);
  });
});
