import assert from "node:assert/strict";
import { assemble } from "../../../trust/cluster/assemble.ts";
import { known } from "../../../trust/words/fact.ts";
import {
  apiServer,
  approver,
  at,
  closed,
  configuration,
  judged,
  program,
  said,
  servingOf,
} from "./pieces.ts";

const bootstrapping = `${closed}serverTLSBootstrap: true`;
const machine = { machine: "node" };

describe("the KubeletConfiguration of a kubelet", () => {
  const labels = (pieces: Parameters<typeof judged>[0]) =>
    judged(pieces).kubelets.map(({ label }) => label);

  it("is not used where no flag names it, and that is said", () => {
    const { kubelets, assumptions } = judged([
      apiServer("verify"),
      program("kubelet --kubeconfig=/k", at("kubelet.sh", machine)),
      configuration(bootstrapping, at("kubelet.yaml", machine)),
    ]);
    assert.equal(kubelets.length, 1);
    assert.ok(kubelets[0]?.verdicts[0]?.openToAnyone.includes("exec"));
    assert.match(assumptions.join("\n"), /kubelet\.yaml is not used .* no --config names it/);
  });

  it("stands for kubelets of its own where it may be another machine's", () => {
    const pieces = [
      apiServer("verify"),
      program("kubelet --kubeconfig=/k --config=/good.yaml", at("nodes")),
      configuration(bootstrapping, at("nodes", { key: "good.yaml" })),
      configuration(closed, at("nodes", { key: "bad.yaml", source: { where: "bad" } })),
      approver(),
    ];
    const { kubelets } = judged(pieces);
    assert.deepEqual(
      kubelets.map(({ label, verdicts }) => `${label}: ${verdicts[0]?.serving.verdict}`),
      ["nodes: verified", "bad: fails"],
    );
  });

  it("is not used up by the guess of a kubelet elsewhere", () => {
    assert.deepEqual(
      labels([
        apiServer("verify"),
        program("kubelet --config=/var/lib/kubelet/config.yaml", at("unit")),
        configuration(bootstrapping),
      ]),
      ["unit", "kubelet-config"],
    );
  });

  it("is undecidable where the flag names another path, or several could be meant", () => {
    const kubelet = program("kubelet --kubeconfig=/k --config=/a.yaml", at("unit", machine));
    const other = configuration(bootstrapping, at("b", { ...machine, path: "/b.yaml" }));
    assert.match(said(servingOf([apiServer("verify"), kubelet, other])), /content of \/a\.yaml/);
    const afar = program("kubelet --kubeconfig=/k --config=/a.yaml", at("unit"));
    const two = ["x", "y"].map((holder) =>
      configuration(bootstrapping, at(holder, { key: "a.yaml" })),
    );
    const [first] = judged([apiServer("verify"), afar, ...two]).kubelets;
    assert.match(said(first?.verdicts[0]?.serving), /which of x .* and y .* is \/a\.yaml/);
  });

  it("of a machine is the only one that it has, where no path is said", () => {
    const { kubelets, assumptions } = judged([
      apiServer("verify"),
      program("kubelet --kubeconfig=/k --config=/a.yaml", at("unit", machine)),
      configuration(bootstrapping, at("given.yaml", machine)),
      approver(),
    ]);
    assert.equal(kubelets[0]?.verdicts[0]?.serving.verdict, "verified");
    assert.match(assumptions.join("\n"), /given\.yaml is what the kubelet has as \/a\.yaml/);
  });

  it("takes drop-ins of the folder that --config-dir names, in order", () => {
    const kubelet = program("kubelet --kubeconfig=/k --config=/a.yaml --config-dir=/d", at("unit"));
    const base = configuration(closed, at("unit", { key: "a.yaml" }));
    const drop = (name: string, value: boolean) =>
      configuration(
        `serverTLSBootstrap: ${value}`,
        at(name, { path: `/d/${name}.conf` }),
        "drop-in",
      );
    const pieces = [apiServer("verify"), kubelet, base, approver()];
    assert.match(said(servingOf(pieces)), /undecidable: the drop-ins in \/d/);
    assert.equal(servingOf([...pieces, drop("2", true), drop("1", false)]).verdict, "verified");
    assert.equal(servingOf([...pieces, drop("1", true), drop("2", false)]).verdict, "fails");
    const elsewhere = configuration(
      "serverTLSBootstrap: true",
      at("x", { path: "/e/1.conf" }),
      "drop-in",
    );
    assert.match(said(servingOf([...pieces, elsewhere])), /undecidable: the drop-ins in \/d/);
  });

  it("lists the folder of a machine where the door can, and puts it in order", () => {
    const text = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    const files: Record<string, string> = {
      "/a.yaml": text + closed,
      "/d/1.conf": `${text}serverTLSBootstrap: false`,
      "/d/2.conf": `${text}serverTLSBootstrap: true`,
    };
    const kubelet = program(
      "kubelet --kubeconfig=/k --config=/a.yaml --config-dir=/d",
      at("unit", machine),
    );
    const pieces = [apiServer("verify"), kubelet, approver()];
    const verdict = servingOf(pieces, {
      filesOf: (name) => (path) => {
        const content = name === "node" ? files[path] : undefined;
        return content === undefined
          ? { known: false, missing: path }
          : known({ kind: "text", text: content });
      },
      folders: () => ["2.conf", "README", "1.conf"],
    });
    assert.equal(verdict.verdict, "verified");
  });

  it("is that of a kubelet called by its machine's name, where it has one", () => {
    const on = (holder: string, name: string) =>
      program("kubelet --kubeconfig=/k", at("unit", { holder, machine: name }));
    assert.deepEqual(labels([apiServer("verify"), on("urn", "urn"), on("folder", "node-1")]), [
      "unit",
      "node-1",
    ]);
  });

  it("is said to be nobody's where no flag names it, but for what kubeadm merges itself", () => {
    const kubelet = program("kubelet --kubeconfig=/k --config=/a.yaml", at("unit", machine));
    const on = (path: string) => configuration(bootstrapping, at(path, { ...machine, path }));
    const pieces = [
      apiServer("verify"),
      kubelet,
      ...["/a.yaml", "/old.yaml", "/var/lib/kubelet/instance-config.yaml"].map(on),
      approver(),
    ];
    const { clusters } = assemble(pieces);
    assert.deepEqual(
      clusters.flatMap(({ unused }) => unused.map(({ why }) => why)),
      ["/old.yaml is used by no kubelet: no --config names it."],
    );
  });

  it("is unknown where the flag is", () => {
    const kubelet = program(`kubelet --kubeconfig=/k --config=\${CONFIG}`, at("unit"));
    assert.match(said(servingOf([apiServer("verify"), kubelet])), /undecidable: .*CONFIG/);
  });
});
