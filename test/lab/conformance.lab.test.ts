import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type Case, compare } from "../../lab/conformance/case.ts";
import { doctorTable } from "../../lab/conformance/doctor-table.ts";
import { runConformance } from "../../lab/conformance/main.ts";
import { planOf } from "../../lab/conformance/plan.ts";
import { goneSettings } from "../../lab/conformance/start-cases.ts";
import { kubernetesVersion } from "../../toolchain/kubernetes/programs.ts";
import { coherence } from "../../trust/judge/coherence.ts";
import {
  type ApiServerStance,
  apiServerStances,
  type ServingMode,
  servingModes,
} from "../../trust/words/vocabulary.ts";
import { needsLab } from "./requirements.ts";

/** The kubelet of the matrix in each serving mode. */
const kubeletOf: Record<ServingMode, string> = {
  provisioned: "good",
  bootstrap: "boot-issued",
  selfSigned: "self",
};

/** The kube-apiserver of the matrix with each stance, and the address types that the components give it. */
const apiServerOf: Record<ApiServerStance, string> = {
  verify: "verify@kubeadm",
  trustSelfSigned: "verify-and-collected@hostname",
  skip: "skip@kubeadm",
};

describe("the short conformance", function () {
  this.timeout(600_000);
  let cases: readonly Case[];

  before(needsLab);

  before(async () => {
    const results = path.join(os.tmpdir(), `conformance-${process.pid}.jsonl`);
    const summary = await runConformance("short", results, (line) =>
      process.stderr.write(`    ${line}\n`),
    );
    cases = summary.cases;
    fs.rmSync(results);
  });

  it("finds the verdict equal to reality in every case", () => {
    const disagreements = cases
      .filter(({ agrees }) => !agrees)
      .map(
        ({ id, judge, reality, setUp = "" }) =>
          `${id}\n  judge: ${judge.cause} ${judge.message}\n  reality: ${setUp} ${reality.message}`,
      );
    assert.deepEqual(disagreements, []);
    assert.equal(cases.filter(({ part }) => part !== "doctor").length, 278);
  });

  it("finds the doctor to name what was set up", () => {
    const told = cases.filter(
      ({ part, reality }) => part === "doctor" && reality.outcome === "fails",
    );
    const named = new Set(told.filter(({ agrees }) => agrees).map(({ judge }) => judge.cause));
    assert.deepEqual([...named].sort(), [
      "broken-client-pair",
      "client-unknown-authority",
      "forbidden",
      "may-not-ask",
      "no-approver",
      "no-certificate",
      "no-client-certificate",
      "no-ip-sans",
      "no-kubelet",
      "not-valid-now",
      "nothing-answers",
      "unknown-authority",
      "unresolvable-name",
      "wrong-usage",
    ]);
  });

  it("finds each symptom, what was set up and what the doctor names in the table of its page", () => {
    const rows = (text: string) =>
      text
        .split("\n")
        .filter((line) => line.startsWith("| `"))
        .map((line) => line.split(" | ").slice(0, 3).join(" | "));
    const page = path.join(import.meta.dirname, "..", "..", "docs", "doctor.md");
    const known = new Set(rows(fs.readFileSync(page, "utf8")));
    assert.deepEqual(
      rows(doctorTable(cases)).filter((row) => !known.has(row)),
      [],
    );
  });

  it("sees each serving mode under each stance", () => {
    const seen = (kubelet: string, stance: string) =>
      cases.filter(({ id }) => id.startsWith(`serving/${kubelet}/${stance}@`)).length;
    for (const kubelet of ["good", "boot-issued", "self"]) {
      for (const stance of ["verify", "verify-and-collected", "skip"])
        assert.equal(seen(kubelet, stance), 2);
    }
  });

  for (const mode of servingModes) {
    for (const stance of apiServerStances) {
      const answer = coherence(mode, stance);
      const what = answer.coherent ? "works" : "fails as the error of Cluster says";
      it(`sees that ${mode} under ${stance} ${what}`, () => {
        const id = `serving/${kubeletOf[mode]}/${apiServerOf[stance]}`;
        const reality = cases.find((one) => one.id === id)?.reality;
        assert.ok(reality);
        assert.equal(reality.outcome, answer.coherent ? "works" : "fails");
        // The address is that of a typical node.
        const symptom = answer.coherent ? "" : answer.symptom.replace(/ for [\d.]+ /, " for ");
        assert.ok(
          reality.message.replace(/ for [\d.]+ /, " for ").includes(symptom),
          reality.message,
        );
      });
    }
  }

  const symptoms = [
    "x509: certificate signed by unknown authority",
    "because it doesn't contain any IP SANs",
    "x509: certificate has expired or is not yet valid",
    "x509: certificate specifies an incompatible key usage",
    "remote error: tls: internal error",
    "no such host",
    "the server has asked for the client to provide credentials",
    "Unauthorized",
    "Forbidden (user=nobody, verb=get, resource=nodes, subresource",
    "unknown flag: --allow-privileged",
    "unrecognized feature gate: RotateKubeletClientCertificate",
    "tls: first record does not look like a TLS handshake",
    "remote error: tls: protocol version not supported",
    "EOF",
    "read: connection reset by peer",
    "tls: private key does not match public key",
  ];
  for (const symptom of symptoms) {
    it(`sees \`${symptom}\``, () => {
      assert.ok(
        cases.some(({ reality, judge }) =>
          [reality, judge].every((one) => one.message.includes(symptom)),
        ),
      );
    });
  }
});

describe("the comparison of a verdict with reality", () => {
  const about = { id: "x", part: "serving" } as const;
  const judge = {
    verdict: "fails",
    outcome: "fails",
    httpStatus: 500,
    message: "one thing",
  } as const;

  it("disagrees about another message, another status, another outcome", () => {
    const agrees = (reality: Parameters<typeof compare>[2]) =>
      compare(about, judge, reality).agrees;
    assert.equal(agrees({ outcome: "fails", httpStatus: 500, message: "one thing" }), true);
    assert.equal(agrees({ outcome: "fails", httpStatus: 500, message: "another" }), false);
    assert.equal(agrees({ outcome: "fails", httpStatus: 503, message: "one thing" }), false);
    assert.equal(agrees({ outcome: "works", httpStatus: 200, message: "" }), false);
  });

  it("overlooks the moment and the resolver's address", () => {
    const expired = (now: string) => `expired: current time ${now} is after 2020-01-01T00:00:00Z`;
    const one = compare(
      about,
      { ...judge, message: expired("2026-01-01T00:00:00Z") },
      { outcome: "fails", httpStatus: 500, message: expired("2026-01-01T00:00:07Z") },
    );
    assert.equal(one.agrees, true);
  });
});

describe("the long conformance", () => {
  it("has the matrices it is asked for", () => {
    const { serving, client, startup } = planOf("long", kubernetesVersion);
    assert.ok(serving.selfSigned.length + serving.others.length >= 20);
    assert.equal(serving.stances.length, 8);
    assert.equal(serving.addressTypes.length, 3);
    assert.ok(client.kubelets.length * client.clients.length >= 60);
    for (const program of ["kubelet", "kube-apiserver"] as const) {
      const plan = program === "kubelet" ? startup.kubelet : startup.apiserver;
      for (const { name } of goneSettings(program, kubernetesVersion)) {
        assert.ok(
          plan.some((one) => one.name === name),
          `${program} ${name}`,
        );
      }
    }
  });
});
