import assert from "node:assert/strict";
import type { EngineResult } from "../support/engine.ts";
import { type Case, Previews, violationsIn } from "./preview.ts";
import { apiServerElsewhere } from "./stacks/api-server-elsewhere.ts";
import { badInput } from "./stacks/bad-input.ts";
import { clientCertificates } from "./stacks/client-certificates.ts";
import { collected } from "./stacks/collected.ts";
import { exposure } from "./stacks/exposure.ts";
import { lifetimes } from "./stacks/lifetimes.ts";
import { kubeadmConfigMaps, staticPodFiles } from "./stacks/manifests.ts";
import { oldUnit } from "./stacks/old-unit.ts";
import { ours } from "./stacks/ours.ts";
import { requests } from "./stacks/requests.ts";
import { severalClusters } from "./stacks/several-clusters.ts";
import { unknownValues } from "./stacks/unknown-values.ts";
import { waivers } from "./stacks/waivers.ts";

const groups: Readonly<Record<string, readonly Case[]>> = {
  "kubeadm's ConfigMaps": kubeadmConfigMaps,
  "static pods and units": staticPodFiles,
  "our components": ours,
  "requests for certificates": requests,
  "client certificates": clientCertificates,
  "bundles of kubelet.crt": collected,
  "several clusters": severalClusters,
  "kube-apiserver in another stack": apiServerElsewhere,
  waivers,
  "unknown values": unknownValues,
  "bad input": badInput,
  "what does not start": oldUnit,
  lifetimes,
  exposure,
};

describe("policies/stacks on the real engine", function () {
  this.timeout(300_000);
  const all = Object.values(groups).flat();
  const results = new Map<Case, Promise<EngineResult>>();
  let previews: Previews;

  before(() => {
    previews = new Previews();
  });
  after(() => previews.remove());

  /** The result of a case; the next one is started beside it. */
  const resultOf = (one: Case): Promise<EngineResult> => {
    for (const ahead of all.slice(all.indexOf(one), all.indexOf(one) + 2)) {
      if (results.has(ahead)) continue;
      const result = previews.run(ahead);
      result.catch(() => {});
      results.set(ahead, result);
    }
    return results.get(one) as Promise<EngineResult>;
  };

  for (const [title, cases] of Object.entries(groups)) {
    describe(title, () => {
      for (const one of cases) {
        it(one.name, async () => check(one, await resultOf(one)));
      }
    });
  }
});

function check(one: Case, result: EngineResult): void {
  const { mandatory = [], advisory = [], says = [], hides = [] } = one;
  const output = `${result.stdout}\n${result.stderr}`;
  const violations = violationsIn(result);
  const policies = (level: string) =>
    [...new Set(violations.filter((v) => v.level === level).map((v) => v.policy))].sort();
  assert.deepEqual(policies("mandatory"), [...mandatory].sort(), output);
  assert.deepEqual(policies("advisory"), [...advisory].sort(), output);
  // Without a violation the preview must have come to its end; a program that fails is no verdict.
  assert.equal(result.code, mandatory.length > 0 ? 1 : 0, output);
  const texts = violations.map(({ text }) => text).join("\n");
  for (const text of says) {
    if (typeof text === "string") assert.ok(texts.includes(text), `${text}\nis not in\n${output}`);
    else assert.match(texts, text, output);
  }
  for (const text of hides) {
    if (typeof text === "string") assert.ok(!output.includes(text), `${text}\nis in\n${output}`);
    else assert.doesNotMatch(output, text);
  }
  for (const { policy, text } of violations) {
    assert.ok(text.split("\n").length <= 12, text);
    const isOfConfiguration = /^The configuration of .* is wrong: /.test(text);
    assert.ok(isOfConfiguration || text.includes(`docs/policies/${policy}.md`), text);
  }
  // The engine prints outputs that are not secret; a violation never does.
  assert.doesNotMatch(texts, /PRIVATE KEY|\[private key\]|\[bootstrap token\]/);
}
