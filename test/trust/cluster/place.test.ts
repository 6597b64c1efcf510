import assert from "node:assert/strict";
import type { Origin } from "../../../trust/readers/piece.ts";
import { known, unknown } from "../../../trust/words/fact.ts";
import { apiServer, at, closed, configuration, judged, program } from "./pieces.ts";

const named = (name: string, more: Partial<Origin> = {}) => ({ cluster: known(name), ...more });
const kubelet = (origin: Partial<Origin> = {}) =>
  configuration(`${closed}serverTLSBootstrap: true`, at("kubelet", { key: "kubelet", ...origin }));

describe("the cluster of a kubelet", () => {
  const placed = (...pieces: Parameters<typeof judged>[0]) => {
    const { kubelets, assembly } = judged(pieces);
    return kubelets.length > 0
      ? `judged ${kubelets.map(({ verdicts }) => verdicts.length).join()}`
      : assembly.unpaired.map(({ place }) => JSON.stringify(place)).join();
  };

  it("is the one of its name, and never another", () => {
    const a = apiServer("verify", at("a", named("a")));
    const b = apiServer("silent", at("b", named("b")));
    assert.equal(placed(a, b, kubelet(named("a"))), "judged 1");
    assert.equal(placed(a, kubelet(named("c"))), '{"in":"elsewhere","cluster":"c"}');
    assert.equal(placed(a, b, kubelet()), '{"in":"doubt","clusters":["a","b"]}');
  });

  it("is not known where its name is not", () => {
    const a = apiServer("verify", at("a", named("a")));
    const later = { cluster: unknown("the label") };
    assert.match(placed(a, kubelet(later)), /"in":"doubt".*"missing":"the label"/);
    const anyones = apiServer("silent", at("b", later));
    assert.match(placed(a, anyones, kubelet(named("a"))), /"in":"doubt"/);
  });

  it("is the one under the same component, whatever is written", () => {
    const owner = { id: "urn", name: "own" };
    const own = apiServer("verify", at("own", { owner }));
    const { kubelets } = judged([
      own,
      apiServer("silent", at("b", named("b"))),
      kubelet({ owner, ...named("b") }),
    ]);
    assert.equal(kubelets[0]?.verdicts.length, 1);
  });

  it("has every kube-apiserver of its scope, whatever namespace a decoy stands in", () => {
    const real = apiServer("verify", at("real", { namespace: "control-plane" }));
    const decoy = apiServer("silent", at("decoy", { namespace: "kube-system" }));
    const { kubelets } = judged([
      real,
      decoy,
      configuration(closed, at("k", { key: "kubelet", namespace: "kube-system" })),
    ]);
    assert.deepEqual(kubelets[0]?.verdicts.map(({ serving }) => serving.verdict).sort(), [
      "fails",
      "silentlySkipped",
    ]);
  });

  it("is kept apart by scope, and found across scopes where there is only one", () => {
    const a = apiServer("verify", at("a", { scope: "a" }));
    const b = apiServer("verify", at("b", { scope: "b" }));
    assert.equal(placed(a, b, kubelet({ scope: "b" })), "judged 1");
    assert.equal(placed(a, kubelet({ scope: "c" })), "judged 1");
    assert.equal(placed(a, b, kubelet({ scope: "c" })), '{"in":"doubt","clusters":["a","b"]}');
  });

  it("is what a person declares, where it is elsewhere", () => {
    const flags = ["--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt"];
    const { kubelets } = judged([kubelet(named("prod"))], {
      apiServers: [{ cluster: "prod", flags, where: "configuration" }],
      approvers: [{ name: "a person" }],
    });
    assert.equal(kubelets[0]?.verdicts[0]?.serving.verdict, "verified");
  });

  it("does not matter to whether a kubelet starts", () => {
    const { assembly } = judged([program("kubelet --network-plugin=cni --kubeconfig=/k")]);
    assert.match(
      assembly.unpaired[0]?.refusals[0]?.message ?? "",
      /unknown flag: --network-plugin/,
    );
  });
});
