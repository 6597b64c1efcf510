import assert from "node:assert/strict";
import { labelsIn, type Machine, withoutNode } from "../../../trust/cluster/scheduling.ts";
import { known, unknown } from "../../../trust/words/fact.ts";
import { approver } from "./pieces.ts";

const machine = (more: Partial<Machine> = {}): Machine => ({
  name: known("w-0"),
  taints: [],
  labels: {},
  hasAllLabels: false,
  ...more,
});
const exported = machine({
  labels: { "kubernetes.io/hostname": "w-0", "kubernetes.io/os": "linux" },
  hasAllLabels: true,
});

/** What keeps a pod from getting a node, in one line. */
function said(scheduling: object, ...machines: Machine[]): string {
  const fact = withoutNode(approver({ scheduling: { ...scheduling } }), machines);
  return fact.known ? (fact.value ?? "fits") : `undecidable: ${fact.missing}`;
}

const affinity = (...terms: object[][]) => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })),
      },
    },
  },
});

describe("a pod of an approver", () => {
  it("fits where nothing is asked for, or no node is known", () => {
    assert.equal(said({}, machine()), "fits");
    assert.equal(said({ nodeSelector: { a: "b" } }), "fits");
  });

  it("goes to the node that it names, if there is one", () => {
    assert.equal(said({ nodeName: "w-0" }, machine()), "fits");
    assert.match(said({ nodeName: "w-9" }, machine()), /no kubelet here is that of node w-9/);
    assert.equal(said({ nodeName: "w-9" }, machine({ name: unknown("a name") })), "fits");
    assert.match(said({ nodeName: "{{ .node }}" }, machine()), /^undecidable: the node/);
  });

  it("is in doubt where a label may be set by somebody else", () => {
    const asked = { nodeSelector: { disk: "ssd" } };
    assert.match(said(asked, machine()), /^undecidable: which node has the label disk=ssd/);
    assert.equal(said(asked, machine({ labels: { disk: "ssd" } })), "fits");
    assert.match(said(asked, machine({ labels: { disk: "hdd" } })), /no node here has the label/);
    assert.match(said(asked, exported), /no node here has the label disk=ssd/);
    assert.equal(said(asked, machine({ labels: { disk: "hdd" } }), exported).length > 4, true);
    assert.match(said({ nodeSelector: "{{ .selector }}" }, machine()), /^undecidable: the node/);
  });

  it("trusts kubelets and kubeadm with the labels that they set", () => {
    const roles = { "node-role.kubernetes.io/control-plane": "", "kubernetes.io/os": "linux" };
    assert.equal(said({ nodeSelector: roles }, machine()), "fits");
    assert.match(said({ nodeSelector: roles }, exported), /control-plane/);
    assert.equal(said({ nodeSelector: { "kubernetes.io/hostname": "w-0" } }, machine()), "fits");
    assert.match(
      said({ nodeSelector: { "kubernetes.io/hostname": "w-9" } }, machine()),
      /no node here has the label kubernetes\.io\/hostname=w-9/,
    );
  });

  it("takes any one of the terms of an affinity", () => {
    const ssd = { key: "disk", operator: "In", values: ["ssd"] };
    const none = { key: "gpu", operator: "DoesNotExist" };
    assert.match(said(affinity([ssd]), exported), /no node here/);
    assert.equal(said(affinity([ssd], [none]), exported), "fits");
    assert.match(said(affinity([ssd, none]), exported), /no node here/);
    assert.match(said(affinity([{ key: "n", operator: "Gt", values: ["1"] }]), exported), /^undec/);
  });

  it("reads the labels that a kubelet is started with", () => {
    assert.deepEqual(labelsIn(["a=b,c=d", "e="]), { a: "b", c: "d", e: "" });
  });
});
