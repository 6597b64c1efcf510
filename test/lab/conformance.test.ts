import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { readArguments } from "../../lab/conformance/arguments.ts";
import type { Case } from "../../lab/conformance/case.ts";
import { doctorTable, withDoctorTable } from "../../lab/conformance/doctor-table.ts";
import { brokenPairs } from "../../lab/conformance/doctor-variants.ts";
import { differences, unknownSettings } from "../../lab/conformance/document-versions.ts";
import { hangingPorts, promptPorts } from "../../lab/conformance/odd-ports.ts";
import { planOf } from "../../lab/conformance/plan.ts";
import { recorded } from "../../lab/conformance/recorded.ts";
import { kubernetesVersion, kubernetesVersions } from "../../toolchain/kubernetes/programs.ts";

describe("the words after conformance", () => {
  it("are a length and a Kubernetes version, the newest unless one is named", () => {
    assert.deepEqual(readArguments([]), { what: "long", version: kubernetesVersion });
    for (const words of [
      ["short", "--kubernetes", "1.34"],
      ["--kubernetes=1.34", "short"],
    ]) {
      const { what, version } = readArguments(words);
      assert.equal(what, "short");
      assert.match(version, /^1\.34\.\d+$/);
    }
  });

  it("are refused by name", () => {
    assert.throws(() => readArguments(["--kubernetes", "1.12"]), /`1\.12`, not one of 1\.34, /);
    assert.throws(() => readArguments(["--kubernetes"]), /is ``, not one of/);
    assert.throws(() => readArguments(["quick"]), /Usage: /);
  });
});

describe("the plan of a conformance run", () => {
  it("starts each version on every flag and gate that another knows and it does not", () => {
    const names = (version: string) =>
      planOf("long", version).startup.kubelet.map(({ name }) => name);
    const [oldest = ""] = kubernetesVersions;
    assert.ok(names(kubernetesVersion).includes("flag containerd"));
    assert.ok(!names(oldest).includes("flag containerd"));
    assert.ok(names(oldest).includes("gate ExtendWebSocketsToKubelet"));
    assert.ok(!names(kubernetesVersion).includes("gate ExtendWebSocketsToKubelet"));
  });
});

describe("what is recorded", () => {
  it("leaves out what the words of test/observed do not tell, and nothing else", () => {
    const seen = ["auth-webhook", "chain-leaf", "kubeadm"].map((variant) => ({
      ...{ variant, node: variant, address: "10.0.0.1", hostName: variant, served: "" },
    }));
    const ids = [
      "serving/chain-leaf/skip@default",
      "serving/kubeadm/skip@default",
      "client/auth-webhook/kubeadm/logs",
      "client/auth-webhook/chain-leaf/logs",
      "direct/auth-webhook/admin/logs",
    ];
    const cases = ids.map((id): Case => {
      const works = { outcome: "works", message: "" } as const;
      const part = id.split("/")[0] as Case["part"];
      return { id, part, judge: { verdict: "verified", ...works }, reality: works, agrees: true };
    });
    const rows = recorded({ version: kubernetesVersion, cases, seen });
    const idsOf = (all: readonly object[]) => all.map((row) => (row as { id: string }).id);
    assert.deepEqual(idsOf([...rows.serving, ...rows.client]), [ids[0], ids[2]]);
    assert.equal(rows["serving-kubelets"].length, 1);
  });
});

describe("the table of what the doctor names", () => {
  const one = (id: string, agrees: boolean, message: string): Case => ({
    ...{ id, part: "doctor", kubelet: "expired", setUp: "not-valid-now", agrees },
    judge: { verdict: "fails", cause: "not-valid-now", outcome: "fails", message },
    reality: { outcome: "fails", httpStatus: 500, message },
  });
  const expired = "x509: certificate has expired or is not yet valid: current time";
  const cases = [one("doctor/a", true, `${expired} 1`), one("doctor/b", false, `${expired} 2`)];

  it("has a row for each symptom and what was set up, and counts what was right", () => {
    assert.match(
      doctorTable(cases),
      /\| `has expired or is not yet valid` \| `not-valid-now` \| `not-valid-now` \| 1\/2 \| expired \|$/,
    );
  });

  const page = fs.readFileSync(
    path.join(import.meta.dirname, "..", "..", "docs", "doctor.md"),
    "utf8",
  );

  it("takes the place that the page has for it, or says that there is none", () => {
    const date = "2026-11-27";
    const runs = [
      { version: "1.34.4", date, cases: cases.slice(0, 1) },
      { version: "1.37.2", date, cases },
    ];
    const again = withDoctorTable(page, runs);
    assert.equal(withDoctorTable(again, runs), again);
    assert.ok(again.includes(doctorTable(cases)) && again.includes("## Rights"));
    assert.match(
      again,
      /\| 1\.34\.4 \| 2026-11-27 \| 1\/1 \| 1\/1 \|\n\| 1\.37\.2 .* 1\/2 \| 1\/2 \|/,
    );
    assert.throws(() => withDoctorTable("# Another page", runs), /docs\/doctor\.md lacks/);
  });

  it("has a row of every odd port and every broken pair that the lab has", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    const isShown = (cause: string, says: string) =>
      rows.some((row) => row.includes(`| \`${cause}\` |`) && row.includes(says));
    const missing = [
      ...[...promptPorts, ...hangingPorts].filter(({ cause, says }) => !isShown(cause, says)),
      ...brokenPairs.filter(({ says }) => !isShown("broken-client-pair", says)),
    ].map(({ says }) => says);
    assert.deepEqual(missing, []);
  });
});

describe("versions side by side", () => {
  const start = (name: string, message: string): Case => ({
    id: `startup/kubelet/${name}`,
    part: "startup",
    judge: { verdict: "doesNotStart", outcome: "fails", message },
    reality: message === "" ? { outcome: "works", message } : { outcome: "fails", message },
    agrees: true,
  });
  const runs = [
    {
      version: "1.34.4",
      date: "2026-11-26",
      cases: [
        start("half", 'E1126 12:41:24.381994   10445 server.go:199] "no" err="x"'),
        start("same", 'E1126 12:41:24.381994   10445 server.go:199] "no" err="y"'),
        start("of one user", "refused (user=nobody, verb=create)"),
        start("of another user", "refused (user=no-proxy, verb=create)"),
        start("flag new", "unknown"),
      ],
    },
    {
      version: "1.37.2",
      date: "2026-11-26",
      cases: [
        start("half", ""),
        start("same", 'E1126 13:41:24.381994   1 server.go:212] "no" err="y"'),
        start("of one user", "refused (user=nobody, verb=get)"),
        start("of another user", "refused (user=no-proxy, verb=get)"),
        start("flag old", "unknown"),
      ],
    },
  ];

  it("tell what ends otherwise, and neither the moment nor the line of a source", () => {
    const told = differences(runs);
    assert.match(told, /startup\/kubelet\/half \| `"no" err="x"` \| works \|/);
    assert.match(
      told,
      /startup\/kubelet\/of another user, and 1 more \| `refused \(user=\.\.\., verb=create\)` \|/,
    );
    assert.doesNotMatch(told, /kubelet\/same|flag/);
  });

  it("tell who refuses a flag", () => {
    const told = unknownSettings(runs);
    assert.match(told, /kubelet flags \| 1\.34 \| new/);
    assert.match(told, /kubelet flags \| 1\.37 \| old/);
  });
});
