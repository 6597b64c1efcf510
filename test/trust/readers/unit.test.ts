import assert from "node:assert/strict";
import { say } from "../../support/pieces.ts";

const dropIn = `[Service]
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS $KUBELET_EXTRA_ARGS
`;
const main = "[Unit]\nDescription=x\n[Service]\nExecStart=/usr/bin/kubelet\n";
const environment = "KUBELET_EXTRA_ARGS=--node-ip=10.0.0.1\n";

function configMap(data: Record<string, string>): string {
  return JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "unit" }, data });
}

describe("a systemd unit", () => {
  const whole = ["kubelet --config=/var/lib/kubelet/config.yaml --node-ip=10.0.0.1"];

  it("is put together with the drop-ins and environment files beside it", () => {
    for (const name of [
      "kubelet",
      "default-kubelet",
      "etc-default-kubelet",
      "default_kubelet",
      "kubelet.env",
    ]) {
      const files = { "kubelet.service": main, "10-kubeadm.conf": dropIn, [name]: environment };
      assert.deepEqual(say(files), whole, name);
      assert.deepEqual(say({ "unit.json": configMap(files) }), whole, name);
    }
  });

  it("is a drop-in alone where that is all there is", () => {
    assert.deepEqual(say({ "10-kubeadm.conf": dropIn, "default-kubelet": environment }), whole);
  });

  it("takes an environment file that may be absent for absent, and says so", () => {
    const [program, note] = say({ "10-kubeadm.conf": dropIn });
    assert.equal(program, "kubelet --config=/var/lib/kubelet/config.yaml");
    assert.match(
      note ?? "",
      /^noted: \/etc\/default\/kubelet, an environment file .* taken to be absent/,
    );
  });

  it("leaves the drop-ins of other units alone", () => {
    const other = "[Service]\nEnvironment=KUBELET_EXTRA_ARGS=--b\n";
    assert.deepEqual(
      say({
        "unit.json": configMap({
          "kubelet.service": "[Service]\nExecStart=kubelet --a $KUBELET_EXTRA_ARGS\n",
          "containerd.service.d_10.conf": other,
        }),
      }),
      ["kubelet --a"],
    );
  });

  it("says when it speaks of a kubelet's settings and starts none", () => {
    assert.deepEqual(
      say({
        "kubelet.service":
          "[Service]\nExecStart=/opt/run --x\nEnvironment=KUBELET_EXTRA_ARGS=--a\n",
      }),
      ["undecidable: the program that kubelet.service starts"],
    );
  });
});

describe("an environment file", () => {
  it("is part of kubeadm's unit where no unit is there", () => {
    const [program, note] = say({
      "kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--node-ip=10.0.0.1"\n',
    });
    assert.match(
      program ?? "",
      /^kubelet .*--config=\/var\/lib\/kubelet\/config.yaml --node-ip=10.0.0.1$/,
    );
    assert.match(
      note ?? "",
      /^noted: the unit that uses kubeadm-flags.env, which is taken to be kubeadm's/,
    );
  });

  it("gives its flags to the kubelet that kubeadm starts", () => {
    const kubeadm = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n";
    assert.deepEqual(say({ "kubeadm.yaml": kubeadm, "default-kubelet": environment }), [
      "kubeadm join",
    ]);
  });

  it("is said where it speaks of kubelets and nothing uses it", () => {
    assert.deepEqual(say({ env: "KUBELET_OPTS=--anonymous-auth=true\n" }), [
      "undecidable: the unit that uses the environment file env",
    ]);
  });
});
