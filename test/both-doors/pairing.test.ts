/** Which kube-apiserver calls a kubelet, and what skips: no decoy and no half-said word lets a kubelet through. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
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
  "a reason that is an Output as a text": [
    [withReason(`since ${pulumi.output("it is ours")}`), nodes()],
    silent,
  ],
  "a reason that is an identifier": [
    [withReason("04da6b54-80e4-46f7-96ec-b56ff0331ba9"), nodes()],
    silent,
  ],
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

  it("is not moved out of sight by a kube-apiserver whose label is not known", () => {
    for (const name of [unknownValue, "{{ .cluster }}"]) {
      for (const stance of ["verify", "silent", "skip"] as const) {
        const title = `${name} ${stance}`;
        const named = [controlPlane(stance, label(name)), nodes(label("a"))];
        assert.match(packRejects(named), /the cluster that it belongs to is not known/, title);
        const nameless = packRejects([controlPlane(stance, label(name)), nodes()]);
        const says = { verify: noIpSans, silent, skip: /^$/ }[stance];
        assert.match(nameless, says, title);
      }
    }
    for (const metadata of [label("a"), {}]) {
      const stack = [controlPlane("verify", label("{{ .cluster }}")), nodes(metadata)];
      assert.equal(judged(stack).exitCode, 1);
    }
  });
});

describe("providers", () => {
  const kubeconfig = (server: string, user: string) =>
    JSON.stringify({
      clusters: [{ name: "c", cluster: { server } }],
      users: [{ name: user, user: { token: user } }],
      contexts: [{ name: "x", context: { cluster: "c", user } }],
      "current-context": "x",
    });
  const provider = (name: string, props: Record<string, unknown>) =>
    resource("pulumi:providers:kubernetes", name, props, { urn: `urn:${name}` });
  const through = (name: string, one: Made) => ({
    ...resource("kubernetes:core/v1:ConfigMap", `${name}-${one.metadata.name}`, one),
    provider: { type: "pulumi:providers:kubernetes", props: {}, urn: `urn:${name}`, name },
  });
  const rejects = (a: Record<string, unknown>, b: Record<string, unknown>) =>
    violationsOf([
      provider("a", a),
      provider("b", b),
      through("a", controlPlane("skip", {}, "decoy")),
      through("b", controlPlane("verify")),
      through("a", nodes()),
    ])
      .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
      .map(({ message }) => message)
      .join("\n");
  const config = kubeconfig("https://a:6443", "admin");

  it("that call one server go to one cluster, whoever they are there and however it is written", () => {
    const same: readonly Record<string, unknown>[] = [
      { kubeconfig: config, namespace: "x" },
      { kubeconfig: `${config}\n` },
      { kubeconfig: config, context: "x" },
      { kubeconfig: config, cluster: "c" },
      { kubeconfig: kubeconfig("https://a:6443/", "reader") },
    ];
    for (const other of same) assert.match(rejects({ kubeconfig: config }, other), noIpSans);
    const named = { kubeconfig: unknownValue, clusterIdentifier: "a" };
    assert.match(rejects(named, { ...named, context: "x" }), noIpSans);
  });

  it("that call two go to two, and one that renders goes to none", () => {
    const others: readonly Record<string, unknown>[] = [
      { kubeconfig: kubeconfig("https://b:6443", "admin") },
      { kubeconfig: config, renderYamlToDirectory: "rendered" },
      { kubeconfig: unknownValue },
    ];
    for (const other of others) assert.equal(rejects({ kubeconfig: config }, other), "");
  });
});
