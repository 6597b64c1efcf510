/** Charts of approvers: what they make approves, by the values that they are given, in both doors. */
import assert from "node:assert/strict";
import { configMap, resource, unknownValue, violationsOf } from "../policies/fake.ts";
import { apiServerPod, kubeletConfiguration, kubeletUnit } from "../policies/stacks/parts.ts";
import { judged } from "./both-doors.ts";

const unit = kubeletUnit(["--hostname-override=w-1", "--node-ip=10.0.0.5"]);
const cluster = [
  configMap("control-plane", { "kube-apiserver.yaml": apiServerPod("verify") }),
  configMap("nodes", {
    "kubelet.service": unit,
    "kubelet-config.yaml": kubeletConfiguration("bootstrap"),
  }),
];

/** Whether the cluster is rejected with an object in place of its approver, by each door, and why. */
function rejected(object: Record<string, unknown>) {
  const { apiVersion, kind } = object;
  const sent = violationsOf([
    ...cluster,
    resource(`kubernetes:${apiVersion}:${kind}`, "x", object),
  ]).filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
  const { exitCode, stdout } = judged({
    "worker/kubelet.service": unit,
    "approver.json": JSON.stringify(object),
  });
  return {
    doors: [sent.length > 0, exitCode === 1],
    why: sent.map(({ message }) => message).join("\n") + stdout,
  };
}

const release = (values: object, more: object = {}, chart = "kubelet-csr-approver") => ({
  apiVersion: "helm.toolkit.fluxcd.io/v2",
  kind: "HelmRelease",
  metadata: { name: "approver", namespace: "kube-system" },
  spec: { chart: { spec: { chart } }, values, ...more },
});
const application = (chart: string) => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  metadata: { name: "approver", namespace: "argocd" },
  spec: { source: { chart, helm: { valuesObject: { providerRegex: "^w-\\d+$" } } } },
});

describe("a chart of an approver", () => {
  it("approves", () => {
    for (const object of [
      release({
        providerRegex: "^w-",
        providerIpPrefixes: ["10.0.0.0/8"],
        bypassDnsResolution: true,
      }),
      release({}, {}, "kubelet-serving-cert-approver"),
      application("kubelet-csr-approver"),
      application("oci://example.com/kubelet-csr-approver"),
    ]) {
      const { doors, why } = rejected(object);
      assert.deepEqual(doors, [false, false], why);
    }
  });

  it("approves as a release of a stack", () => {
    const of = (values: object) =>
      violationsOf([
        ...cluster,
        resource("kubernetes:helm.sh/v3:Release", "x", { chart: "kubelet-csr-approver", values }),
      ]).filter(({ enforcementLevel }) => enforcementLevel === "mandatory").length;
    assert.equal(of({ providerRegex: "^w-" }), 0);
    assert.ok(of({ providerRegex: unknownValue }) > 0);
    assert.ok(of({ replicas: 0 }) > 0);
  });

  it("does not by values that refuse, that start nothing, or that are elsewhere", () => {
    for (const [object, says] of [
      [
        release({ providerRegex: "^other$" }),
        /does not match kubelet-csr-approver's PROVIDER_REGEX/,
      ],
      [release({ providerIpPrefixes: ["192.168.0.0/16"] }), /in none of .*PROVIDER_IP_PREFIXES/],
      [release({ replicas: 0 }), /0 replicas/],
      [release({}, { valuesFrom: [{ kind: "ConfigMap", name: "v" }] }), /PROVIDER_REGEX/],
      [release({}, {}, "approver-of-another-kind"), /certificate request|CSR/],
    ] as const) {
      const { doors, why } = rejected(object);
      assert.deepEqual(doors, [true, true], why);
      assert.match(why, says);
    }
  });

  it("is none where its program only prints its help", () => {
    const containers = [{ name: "a", image: "kubelet-csr-approver", args: ["--help"] }];
    const { doors, why } = rejected({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "a" },
      spec: { template: { spec: { containers } } },
    });
    assert.deepEqual(doors, [true, true]);
    assert.match(why, /prints its help and exits/);
  });
});
