/** Which kube-apiserver calls a kubelet, and what skips: no decoy and no half-said word lets a kubelet through. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { main } from "../../cli/main.ts";
import { reasonAnnotation, verificationAnnotation } from "../../trust/words/vocabulary.ts";
import { resource, unknownValue, violationsOf } from "../policies/fake.ts";
import {
  apiServerPod,
  kubeletConfiguration,
  kubeletUnit,
  type Stance,
} from "../policies/stacks/parts.ts";
import { inFolder } from "../support/folders.ts";

type Metadata = Record<string, unknown>;
type Made = { readonly metadata: Metadata; readonly data: Record<string, string> };

const made = (name: string, data: Record<string, string>, metadata: Metadata = {}): Made => ({
  metadata: { name, namespace: "kube-system", ...metadata },
  data,
});
const controlPlane = (stance: Stance, metadata: Metadata = {}, name = "control-plane") =>
  made(name, { "kube-apiserver.yaml": apiServerPod(stance) }, metadata);
const nodes = (metadata: Metadata = {}, name = "nodes") =>
  made(
    name,
    {
      "kubelet.service": kubeletUnit(),
      "kubelet-config.yaml": kubeletConfiguration("selfSigned"),
    },
    metadata,
  );

function packRejects(objects: readonly Made[]): string {
  const resources = objects.map((one) =>
    resource("kubernetes:core/v1:ConfigMap", String(one.metadata.name), one),
  );
  return violationsOf(resources)
    .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
    .map(({ message }) => message)
    .join("\n");
}

function judged(objects: readonly Made[]) {
  return inFolder((folder) => {
    const file = join(folder, "all.json");
    const items = objects.map((one) => ({ apiVersion: "v1", kind: "ConfigMap", ...one }));
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    return main([file]);
  });
}

const reason = "a test cluster on one machine";
const skip = { [verificationAnnotation]: "skip", [reasonAnnotation]: reason };
const withReason = (text: unknown) =>
  controlPlane("silent", { annotations: { ...skip, [reasonAnnotation]: text } });
const label = (name: unknown) => ({ labels: { "kubelet-trust/cluster": name } });
const noIpSans = /doesn't contain any IP SANs/;
const silent = /signs its own serving certificate/;

/** Stacks in which a self-signing kubelet is to be rejected. */
const bad: Readonly<Record<string, readonly [readonly Made[], RegExp]>> = {
  "a skip on the kubelet's side": [[controlPlane("silent"), nodes({ annotations: skip })], silent],
  "a skip on a third object": [
    [controlPlane("silent"), nodes(), made("decoy", { a: "b" }, { annotations: skip })],
    silent,
  ],
  "a skip in labels": [[controlPlane("silent", { labels: skip }), nodes()], silent],
  "a skip without a reason": [
    [controlPlane("silent", { annotations: { [verificationAnnotation]: "skip" } }), nodes()],
    silent,
  ],
  "a skip in other letters": [
    [
      controlPlane("silent", { annotations: { ...skip, [verificationAnnotation]: "Skip" } }),
      nodes(),
    ],
    silent,
  ],
  "a reason of blanks": [[withReason(" \t\n"), nodes()], silent],
  "a reason of what nobody sees": [[withReason("\u200b\u00ad\u2060\u3164\u2800"), nodes()], silent],
  "a reason of digits": [[withReason("1234-5678"), nodes()], silent],
  "a reason that is a placeholder": [[withReason("{{ .reason }}"), nodes()], silent],
  "a skip beside a flag that verifies": [
    [controlPlane("verify", { annotations: skip }), nodes()],
    noIpSans,
  ],
  "a decoy that skips, of one name": [
    [controlPlane("verify"), controlPlane("skip", {}, "decoy"), nodes()],
    noIpSans,
  ],
  "a decoy that skips, in another namespace": [
    [controlPlane("verify", { namespace: "b" }), controlPlane("skip", {}, "decoy"), nodes()],
    noIpSans,
  ],
  "two control planes of one label, of which one skips": [
    [
      controlPlane("verify", label("a")),
      controlPlane("skip", label("a"), "decoy"),
      nodes(label("a")),
    ],
    noIpSans,
  ],
};

describe("a kubelet that would be rejected", () => {
  it("is, where nothing covers it", () => {
    assert.match(packRejects([controlPlane("silent"), nodes()]), silent);
    assert.match(packRejects([controlPlane("verify"), nodes()]), noIpSans);
  });

  it("is not, where a skip is said with its reason", () => {
    const stack = [withReason(reason), nodes()];
    assert.equal(packRejects(stack), "");
    assert.equal(judged(stack).exitCode, 0);
  });

  for (const [name, [stack, says]] of Object.entries(bad)) {
    it(`is not covered by ${name}`, () => {
      assert.match(packRejects(stack), says);
      const { exitCode } = judged(stack);
      assert.equal(exitCode, 1);
    });
  }

  it("is not moved out of sight by a label", () => {
    for (const name of ["other", "", "a\u200b", unknownValue, "{{ .cluster }}"]) {
      const text = packRejects([controlPlane("verify", label("a")), nodes(label(name))]);
      assert.notEqual(text, "", JSON.stringify(name));
    }
    assert.notEqual(
      judged([controlPlane("verify", label("a")), nodes(label("other"))]).exitCode,
      0,
    );
  });

  it("is not moved out of sight by what is not known", () => {
    const apart: readonly Metadata[] = [
      { labels: unknownValue },
      { namespace: unknownValue },
      { name: unknownValue },
    ];
    for (const metadata of apart) {
      assert.notEqual(packRejects([controlPlane("verify"), nodes(metadata)]), "");
    }
    for (const annotations of [unknownValue, { [verificationAnnotation]: unknownValue }]) {
      const stack = [controlPlane("silent", { annotations }), nodes()];
      assert.notEqual(packRejects(stack), "", JSON.stringify(annotations));
    }
  });
});
