/** What well-run clusters have, in the shapes that people write: passed by both doors, without a word. */
import assert from "node:assert/strict";
import { configMap, resource } from "../policies/fake.ts";
import { kubeletConfiguration } from "../policies/stacks/parts.ts";
import { flags, judged, open, rejectedByPack } from "./both-doors.ts";

const path = "/var/lib/kubelet/own.yaml";
const written = (text: string) => `cat > ${path} <<'E'\n${text}E\n`;
const kubelet = `kubelet --config=${path} --kubeconfig=/etc/kubernetes/kubelet.conf`;
const script = (...lines: readonly string[]) => `#!/bin/sh\n${lines.join("\n")}\n`;

/** A script that writes its kubelet's file, and starts it. */
const starts: Readonly<Record<string, (kubelet: string) => string>> = {
  "by itself": (one) => one,
  "behind exec": (one) => `exec /usr/bin/${one}`,
  "by systemd-run": (one) => `systemd-run --unit=kubelet -p Restart=always /usr/bin/${one}`,
  "behind flock": (one) => `flock /run/kubelet.lock ${one}`,
  "behind taskset": (one) => `taskset -c 0 ${one}`,
  "in a container": (one) => `docker run -d --privileged --net=host x:v1 ${one}`,
  "by a unit": (one) =>
    `cat > /etc/systemd/system/kubelet.service <<'U'\n[Service]\nExecStart=/usr/bin/${one}\nU\nsystemctl enable --now kubelet`,
  "with flags out of a variable": (one) => `ARGS="${one.replace("kubelet ", "")}"\nkubelet $ARGS`,
  "with the host's name": (one) => `NODE=$(hostname -f)\n${one} --hostname-override="$NODE"`,
};

/** Scripts that name kubelets and set nothing. */
const looks: readonly string[] = [
  "journalctl -u kubelet --no-pager | tail",
  "journalctl -u kubelet --since=-5m --output=cat",
  "systemctl status kubelet --no-pager || true",
  "systemctl enable kubelet --now",
  "snap install kubelet --classic",
  "dnf install -y kubelet --disableexcludes=kubernetes",
];

function exitCodes(text: string): readonly [pack: string, code: number] {
  return [
    rejectedByPack(configMap("files", { "run.sh": text })),
    judged({ "other/run.sh": text }).exitCode,
  ];
}

describe("a script that writes the file of the kubelet that it starts", () => {
  for (const [name, start] of Object.entries(starts)) {
    it(`is judged by that file: ${name}`, () => {
      const good = script("set -e", written(kubeletConfiguration("bootstrap")), start(kubelet));
      assert.deepEqual(exitCodes(good), ["", 0]);
      const bad = exitCodes(good.replace(kubeletConfiguration("bootstrap"), open));
      assert.match(bad[0], /gets in without a credential/);
      assert.equal(bad[1], 1);
    });
  }
});

describe("a script that looks at kubelets", () => {
  for (const line of looks) {
    it(`is passed: ${line}`, () => {
      assert.deepEqual(exitCodes(script(line)), ["", 0]);
      assert.equal(exitCodes(script(line, `kubelet ${flags}`))[1], 1);
    });
  }
});

/** Objects of distributions, with what makes each of them decide. */
const distributions: Readonly<
  Record<string, readonly [object: Record<string, unknown>, deciding: Record<string, unknown>]>
> = {
  "Rancher's Cluster": [
    {
      apiVersion: "provisioning.cattle.io/v1",
      kind: "Cluster",
      spec: { kubernetesVersion: "v1.37.2+rke2r1" },
    },
    { spec: { rkeConfig: { machineGlobalConfig: { "kubelet-arg": ["a=b"] } } } },
  ],
  "Talos' machines of Cluster API": [
    {
      apiVersion: "bootstrap.cluster.x-k8s.io/v1alpha3",
      kind: "TalosConfigTemplate",
      spec: { template: { spec: { generateType: "worker", talosVersion: "v1.12" } } },
    },
    { spec: { template: { spec: { strategicPatches: ["machine: {kubelet: {}}"] } } } },
  ],
  "kind's Cluster": [
    { apiVersion: "kind.x-k8s.io/v1alpha4", kind: "Cluster", nodes: [{ role: "worker" }] },
    { kubeadmConfigPatches: ["kind: KubeletConfiguration"] },
  ],
};

describe("a distribution's object", () => {
  const said = (made: Record<string, unknown>) => {
    const object = { metadata: { name: "x", namespace: "y" }, ...made };
    const type = `kubernetes:${made.apiVersion}:${made.kind}`;
    return [
      rejectedByPack(resource(type, "x", object)) === "",
      judged({ "object.json": JSON.stringify(object) }).exitCode === 0,
    ];
  };
  for (const [name, [object, deciding]] of Object.entries(distributions)) {
    it(`is passed where it says nothing of kubelets, and not where it does: ${name}`, () => {
      assert.deepEqual(said(object), [true, true]);
      assert.deepEqual(said({ ...object, ...deciding }), [false, false]);
    });
  }

  it("is passed where its kind sets nothing, whatever its labels are called", () => {
    const machineConfigSelector = { matchLabels: { "custom-kubelet": "large-pods" } };
    const group = "machineconfiguration.openshift.io/v1";
    for (const kind of ["MachineConfigPool", "ContainerRuntimeConfig"]) {
      const pool = { apiVersion: group, kind, spec: { machineConfigSelector } };
      assert.deepEqual(said(pool), [true, true]);
    }
    const setting = { apiVersion: "management.cattle.io/v3", kind: "Setting", value: "x" };
    assert.deepEqual(said(setting), [true, true]);
  });
});
