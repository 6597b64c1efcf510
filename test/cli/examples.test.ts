/** What the programs of `examples` render, judged without an engine; beside it their tests with one. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { main } from "../../cli/main.ts";
import { Cluster } from "../../components/index.ts";
import { planCluster } from "../../components/plan/cluster-plan.ts";
import type { Issued } from "../../lab/x509/issue.ts";
import { clusterAuthority } from "../support/certificates.ts";
import { folderForAll } from "../support/folders.ts";
import { type Rendered, rendered, writeRendered } from "../support/rendered.ts";

const examples = new URL("../../examples/", import.meta.url);

/** Reads an example's file of YAML. */
const read = (file: string) => parse(readFileSync(new URL(file, examples), "utf8"));

const controlPlane = { name: "control-plane-0", addresses: ["10.240.0.10"] };

/** The programs, by folder; each with the machines of its cluster. */
const programs: Readonly<Record<string, (ca: Issued) => Promise<[Rendered[], string[]]>>> = {
  yaml: async (ca) => {
    const { properties } = read("yaml/Pulumi.yaml").resources.cluster;
    const made = await rendered(
      () => new Cluster("cluster", { ...properties, clusterName: "dev" }),
      ca,
    );
    return [[made], ["burst-0", "control-plane-0", "worker-0", "worker-1"]];
  },
  "own-machines": async (ca) => {
    pulumi.runtime.setAllConfig({ "kubelet-trust:subnet": "10.240.0" });
    const made = await rendered(() => import("../../examples/own-machines/index.ts"), ca);
    return [[made], ["control-plane-0", "worker-0", "worker-1"]];
  },
  "extra-pool": async (ca) => {
    const cluster = { controlPlanes: [controlPlane], nodePools: [] };
    const first = await rendered(() => new Cluster("dev", cluster), ca);
    const nodes = read("extra-pool/Pulumi.dev.yaml").config["kubelet-trust-extra-pool:nodes"];
    pulumi.runtime.setAllConfig({
      "kubelet-trust:cluster": "dev",
      "kubelet-trust:poolName": "extra",
      "kubelet-trust:nodes": JSON.stringify(nodes),
    });
    const outputs = {
      settings: planCluster("dev", cluster).settings,
      ca: { certPem: ca.certPem, privateKeyPem: ca.keyPem },
    };
    const second = await rendered(() => import("../../examples/extra-pool/index.ts"), ca, {
      "pulumi:pulumi:StackReference": { outputs },
    });
    return [
      [first, second],
      ["control-plane-0", "extra-0", "extra-1"],
    ];
  },
};

describe("judge on what the examples render", () => {
  const folder = folderForAll();

  it("misses none that renders", () => {
    const all = readdirSync(examples).filter((name) => name !== "pipelines");
    assert.deepEqual(all.sort(), Object.keys(programs).sort());
  });

  for (const [name, program] of Object.entries(programs)) {
    it(`accepts every pair of ${name}, and reads all of it`, async () => {
      const [stacks, machines] = await program(await clusterAuthority());
      const parts = stacks.map((stack, index) => {
        const part = join(folder, name, String(index));
        writeRendered(part, stack);
        return part;
      });
      const { stdout, stderr } = main([...parts, "--json"]);
      assert.equal(stderr, "");
      const { accepted, notRead, pairs } = JSON.parse(stdout);
      assert.deepEqual(notRead, []);
      assert.ok(accepted, stdout.slice(0, 3000));
      const labels = (pairs as { kubelet: string }[]).map(({ kubelet }) => kubelet.split(" ")[0]);
      assert.deepEqual([...new Set(labels)].sort(), machines);
    });
  }
});
