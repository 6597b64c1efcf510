/** What was taken for granted, and what nobody uses, is told to whoever reads a violation. */
import assert from "node:assert/strict";
import { configMap, violationsOf } from "./fake.ts";
import { goodStack } from "./good-stack.ts";
import { kubeletConfiguration, kubeletUnit } from "./stacks/parts.ts";

const dropIn = kubeletConfiguration("bootstrap", "maxPods: 9\n");

describe("what was taken for granted", () => {
  it("stands in each violation that rests on it, and nothing rests on it in a good stack", () => {
    assert.deepEqual(violationsOf(goodStack()), []);
    const sent = violationsOf(
      goodStack((parts) => {
        parts.approver = undefined;
        parts.configuration.authentication = { anonymous: { enabled: true } };
        parts.kubeletFlags["network-plugin"] = "cni";
      }),
    );
    assert.deepEqual([...new Set(sent.map(({ policy }) => policy))].sort(), [
      "kubelet-client-authentication",
      "kubelet-serving-trust",
      "kubelet-starts",
    ]);
    for (const { message, policy } of sent) {
      if (/gets in without a credential/.test(message)) continue;
      assert.match(message, /^ {2}Assumed: .*RBAC objects that kubeadm makes\./m, policy);
      assert.ok(message.split("\n").length <= 12, message);
      assert.match(message, /^ {2}Fix: {3}/m);
    }
  });

  it("is what belongs to no kube-apiserver too", () => {
    const config = configMap("kubelet-config", { kubelet: kubeletConfiguration("bootstrap") });
    const [first] = violationsOf([config]);
    assert.match(
      first?.message ?? "",
      /Assumed: Kubelets are started on .* as kubeadm starts them/,
    );
  });
});

describe("a KubeletConfiguration that no kubelet has", () => {
  const advice = (others: ReturnType<typeof configMap>[]) =>
    violationsOf(
      goodStack((parts) => {
        parts.others = others;
      }),
    ).map(({ policy, enforcementLevel, message }) => `${policy} ${enforcementLevel} ${message}`);

  it("is told as advice: a drop-in of a folder that no flag names", () => {
    const [only, ...more] = advice([configMap("drop-ins", { "10-pods.conf": dropIn })]);
    assert.deepEqual(more, []);
    assert.match(only ?? "", /^kubelet-serving-trust advisory /);
    assert.match(
      only ?? "",
      /ConfigMap kube-system\/drop-ins.* is used by no kubelet: no --config-dir names its folder\./,
    );
  });

  it("is none where a kubelet is told of its folder", () => {
    const unit = kubeletUnit(["--config-dir=/etc/kubelet.d"]);
    const nodes = configMap("more-nodes", {
      "kubelet.service": unit,
      "kubelet-config.yaml": kubeletConfiguration("bootstrap"),
      "10-pods.conf": kubeletConfiguration("bootstrap"),
    });
    assert.deepEqual(advice([nodes]), []);
  });
});
