/** kube-apiserver as pods of a cluster: one that runs is as good as a static pod, one that does not run calls nobody. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { resource, unknownValue, violationsOf } from "../policies/fake.ts";
import { apiServerPod, type Stance } from "../policies/stacks/parts.ts";
import { clusterAuthority } from "../support/certificates.ts";
import { goodResources, judged } from "./both-doors.ts";

type Object = { readonly apiVersion: string; readonly kind: string };

/** What makes pods of kube-apiserver. */
function made(kind: string, stance: Stance, more: object = {}): Object {
  const { metadata, spec } = parse(apiServerPod(stance));
  const template = { template: { spec } };
  const groups: Record<string, string> = {
    CronJob: "batch/v1",
    Job: "batch/v1",
    Rollout: "argoproj.io/v1alpha1",
  };
  const inner = kind === "CronJob" ? { jobTemplate: { spec: template } } : template;
  return {
    apiVersion: groups[kind] ?? "apps/v1",
    kind,
    metadata: { ...metadata, name: "other" },
    spec: kind === "Pod" ? { ...spec, ...more } : { ...inner, ...more },
  } as Object;
}

/** What both doors say of it beside the kube-apiserver of a good cluster, or in its place. */
function said(object: Object, place: "beside" | "instead") {
  const [own, ...others] = goodResources;
  const rest = place === "beside" && own ? [own, ...others] : others;
  const type = `kubernetes:${object.apiVersion}:${object.kind}`;
  const sent = violationsOf([...rest, resource(type, "other", { ...object })]);
  const { exitCode, stdout } = judged({
    ...(place === "instead" && { "kube-apiserver.yaml": "apiVersion: v1\nkind: Namespace\n" }),
    "other.json": JSON.stringify(object).replaceAll(unknownValue, "{{ .replicas }}"),
  });
  const at = (level: string) =>
    sent
      .filter(({ enforcementLevel }) => enforcementLevel === level)
      .map(({ message }) => message)
      .join("\n");
  return { rejected: at("mandatory"), advice: at("advisory"), exitCode, stdout };
}

const idle: Readonly<Record<string, readonly [kind: string, more: object, because: RegExp]>> = {
  "a Deployment of no pods": ["Deployment", { replicas: 0 }, /it has 0 replicas/],
  "a StatefulSet of no pods": ["StatefulSet", { replicas: 0 }, /it has 0 replicas/],
  "an old ReplicaSet": ["ReplicaSet", { replicas: 0 }, /it has 0 replicas/],
  "a Rollout of no pods": ["Rollout", { replicas: 0 }, /it has 0 replicas/],
  "a Deployment that is paused": ["Deployment", { paused: true }, /it is paused/],
  "a CronJob that is suspended": ["CronJob", { suspend: true }, /it is suspended/],
  "a Job of no pods": ["Job", { parallelism: 0 }, /its parallelism is 0/],
};

describe("kube-apiserver in pods of a cluster", () => {
  for (const kind of ["Pod", "Deployment", "StatefulSet", "Rollout"]) {
    it(`is judged as a static pod: ${kind}`, () => {
      const { apiVersion } = made(kind, "verify");
      const good = said(
        { ...made(kind, "verify"), apiVersion: kind === "Pod" ? "v1" : apiVersion },
        "instead",
      );
      assert.equal(good.rejected, "");
      assert.equal(good.exitCode, 0, good.stdout);
    });
  }

  for (const [volume, why] of [
    ['"secret":{"secretName":"pki"}', /ca\.crt, which (is not in )?Secret pki/],
    ['"emptyDir":{}', /Undecidable without the content of \/etc\/kubernetes\/pki\/ca\.crt/],
  ] as const) {
    it(`has kubeadm's files from its machine alone: ${volume}`, () => {
      const text = JSON.stringify(made("Deployment", "verify"));
      const { rejected, exitCode, stdout } = said(
        JSON.parse(text.replace(/"hostPath":\{[^}]*\}/, volume)),
        "instead",
      );
      assert.match(rejected, why);
      assert.match(stdout, why);
      assert.equal(exitCode, 1);
    });
  }

  it("has the files that its Secret has", async () => {
    const ca = await clusterAuthority();
    const text = JSON.stringify(made("Deployment", "verify"));
    const deployment = text.replace(/"hostPath":\{[^}]*\}/, '"secret":{"secretName":"pki"}');
    const data = { "ca.crt": Buffer.from(ca.certPem).toString("base64") };
    const metadata = { name: "pki", namespace: "kube-system" };
    const { stdout } = judged({
      "kube-apiserver.yaml": deployment,
      "secret.json": JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, data }),
    });
    assert.match(stdout, /serving side: verified/);
    assert.match(
      stdout,
      /without the content of \S+apiserver-kubelet-client.crt, which Secret pki/,
    );
  });

  for (const [name, [kind, more, because]] of Object.entries(idle)) {
    it(`calls nobody: ${name}`, () => {
      const beside = said(made(kind, "silent", more), "beside");
      assert.equal(beside.rejected, "");
      assert.match(beside.advice, because);
      assert.match(beside.stdout, because);
      assert.equal(beside.exitCode, 0, beside.stdout);
      const instead = said(made(kind, "verify", more), "instead");
      assert.match(instead.rejected, /the kube-apiserver that calls it is not in this stack/);
      assert.equal(instead.exitCode, 1);
    });
  }

  it("is judged, and undecidable, where nobody knows whether it runs", () => {
    const { rejected, exitCode } = said(
      made("Deployment", "verify", { replicas: unknownValue }),
      "instead",
    );
    assert.match(rejected, /Undecidable without spec.replicas of a workload/);
    assert.equal(exitCode, 1);
  });

  it("is judged where its pods were seen to fail", () => {
    const failing = { status: { observedGeneration: 3 } };
    const { exitCode, stdout } = said({ ...made("Deployment", "silent"), ...failing }, "instead");
    assert.match(stdout, /silentlySkipped/);
    assert.equal(exitCode, 1);
  });
});
