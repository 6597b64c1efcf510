import assert from "node:assert/strict";
import { configMap, resource, violationsOf } from "./fake.ts";
import { apiServerPod, kubeletConfiguration } from "./stacks/parts.ts";

/** A machine with its own unit, as a stack that renders each node by itself has it. */
function node(index: number, flag: string) {
  const name = `worker-${String(index).padStart(5, "0")}`;
  const data = {
    "files.json": JSON.stringify([
      { path: "/etc/systemd/system/kubelet.service", mode: "0644", key: "unit" },
      { path: "/var/lib/kubelet/config.yaml", mode: "0644", key: "config" },
    ]),
    unit: `[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --hostname-override=${name} --kubeconfig=/etc/kubernetes/kubelet.conf ${flag}\n`,
    config: kubeletConfiguration("bootstrap"),
  };
  return resource("kubernetes:core/v1:Secret", name, {
    metadata: {
      name,
      namespace: "kube-system",
      labels: { "kubelet-trust/machine": name },
      annotations: {
        "kubelet-trust/addresses": `InternalIP=10.${index >> 16}.${(index >> 8) & 255}.${index & 255},Hostname=${name}`,
      },
    },
    type: "kubelet-trust/host-files",
    stringData: data,
  });
}

const controlPlane = configMap("control-plane", { "kube-apiserver.yaml": apiServerPod("verify") });

describe("violations", function () {
  this.timeout(120_000);

  it("are one for each cause, with a count and three examples, at 1,000 nodes", () => {
    const nodes = Array.from({ length: 1000 }, (_, index) =>
      node(index, "--allow-privileged=true"),
    );
    const violations = violationsOf([controlPlane, ...nodes]);
    assert.deepEqual(
      violations.map(({ policy, message }) => [policy, message.split("\n")[0]]),
      [
        [
          "kubelet-serving-trust",
          "1000 kubelets, e.g. worker-00000, worker-00001, worker-00002: asks for a serving certificate by CSR, and nobody approves it.",
        ],
        [
          "kubelet-starts",
          "1000 kubelets, e.g. worker-00000, worker-00001, worker-00002: kubelet will not start: unknown flag: --allow-privileged",
        ],
      ],
    );
  });

  it("stay far below the engine's message limit at 10,000 nodes, and within twelve lines", () => {
    const nodes = Array.from({ length: 10_000 }, (_, index) => node(index, `--unknown-${index}=1`));
    const violations = violationsOf([controlPlane, ...nodes]);
    const size = violations.reduce((sum, { message }) => sum + message.length, 0);
    assert.ok(size < 1_000_000, `${size} characters`);
    assert.ok(violations.every(({ message }) => message.split("\n").length <= 12));
    assert.match(violations.at(-1)?.message ?? "", /^9800 further causes are not shown/);
  });

  it("come in the same order and words, whatever the order of the resources", () => {
    const resources = [controlPlane, node(1, "--a=1"), node(2, "--b=1"), node(3, "")];
    assert.deepEqual(
      violationsOf(resources).map(({ message }) => message),
      violationsOf([...resources].reverse()).map(({ message }) => message),
    );
  });
});
