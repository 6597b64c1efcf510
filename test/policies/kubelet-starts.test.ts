import assert from "node:assert/strict";
import { only, saidBy } from "./good-stack.ts";

const policy = "kubelet-starts";

const said = saidBy(policy);

describe(policy, () => {
  it("says nothing of a good stack", () => {
    assert.deepEqual(said(), []);
  });

  it("rejects a flag that this version of the kubelet does not have", () => {
    const sent = only(
      said((parts) => {
        parts.kubeletFlags["network-plugin"] = "cni";
      }),
    );
    assert.equal(sent.enforcementLevel, "mandatory");
    assert.match(sent.message, /kubelet will not start: unknown flag: --network-plugin/);
  });

  it("rejects a feature gate that this version of the kubelet does not have", () => {
    const sent = only(
      said((parts) => {
        parts.configuration.featureGates = { RotateKubeletClientCertificate: true };
      }),
    );
    assert.match(sent.message, /unrecognized feature gate: RotateKubeletClientCertificate/);
  });

  it("says in which version a flag was removed", () => {
    const [sent] = said((parts) => {
      parts.kubeletFlags["pod-infra-container-image"] = "registry.k8s.io/pause:3.10";
    });
    assert.match(sent?.message ?? "", /--pod-infra-container-image .*: it was removed in 1\.35/);
  });

  it("rejects a value of a wrong type", () => {
    const sent = only(
      said((parts) => {
        parts.configuration.maxPods = "many";
      }),
    );
    assert.match(sent.message, /cannot unmarshal string into Go struct field .*maxPods/);
  });

  it("rejects a flag that this version of kube-apiserver does not have", () => {
    const sent = only(
      said((parts) => {
        parts.apiServerFlags["kubelet-https"] = "true";
      }),
    );
    assert.match(
      sent.message,
      /kube-apiserver will not start: Error: unknown flag: --kubelet-https/,
    );
  });

  it("rejects half a pair, with which a kubelet starts and serves nothing", () => {
    const sent = only(
      said((parts) => {
        parts.configuration.serverTLSBootstrap = false;
        parts.configuration.tlsCertFile = "/var/lib/kubelet/pki/serving.crt";
      }),
    );
    assert.match(sent.message, /tlsCertFile is set without tlsPrivateKeyFile/);
    assert.match(sent.message, /Set tlsPrivateKeyFile as well/);
  });
});
