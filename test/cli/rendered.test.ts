import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { main } from "../../cli/main.ts";
import { Cluster } from "../../components/index.ts";
import { fileKey, fileListKey, paths, readFileList } from "../../trust/contract.ts";
import { clusterAuthority } from "../support/certificates.ts";
import { folderForAll } from "../support/folders.ts";
import {
  inBase64,
  manifestOf,
  type Rendered,
  rendered,
  writeRendered,
} from "../support/rendered.ts";

function program(): void {
  new Cluster("c", {
    controlPlanes: [{ name: "cp-0", addresses: ["10.240.0.10"] }],
    nodePools: [
      { name: "workers", nodes: [{ name: "worker-0", addresses: ["10.240.0.11"] }] },
      {
        name: "burst",
        servingMode: "bootstrap",
        nodes: [{ name: "burst-0", addresses: ["10.240.0.21"] }],
      },
    ],
  });
}

describe("judge on what a stack rendered", () => {
  let stack: Rendered;
  const folder = folderForAll();
  before(async () => {
    stack = await rendered(program, await clusterAuthority());
  });

  /** Judges folders of the stack, as it was changed. */
  function judged(name: string, change: (all: Rendered) => Rendered, ...parts: string[]) {
    const root = join(folder, name);
    writeRendered(root, change(stack));
    const { stdout, stderr } = main([...parts.map((part) => join(root, part)), "--json"]);
    assert.equal(stderr, "");
    return JSON.parse(stdout);
  }

  const labels = (json: { pairs: { kubelet: string }[] }) =>
    [...new Set(json.pairs.map(({ kubelet }) => kubelet))].sort();

  for (const parts of [["."], ["cluster", "machines"]]) {
    it(`takes ${parts.join(" and ")} for machines and their cluster: every pair is verified`, () => {
      const json = judged("good", (all) => all, ...parts);
      assert.equal(
        json.accepted,
        true,
        JSON.stringify([json.serving, json.client, json.notRead]).slice(0, 3000),
      );
      assert.deepEqual(json.notRead, []);
      assert.deepEqual(
        labels(json).map((label) => label.split(" ")[0]),
        ["burst-0", "cp-0", "worker-0"],
      );
    });
  }

  it("takes what kubectl exports of it for the same", () => {
    const file = join(folder, "all.json");
    const items = Object.values(stack)
      .flat()
      .map((one) => {
        const { stringData = {}, data = {}, ...rest } = manifestOf(one);
        const all = { ...(data as object), ...inBase64(stringData as Record<string, string>) };
        return { ...rest, ...(Object.keys(all).length > 0 && { data: all }) };
      });
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    const { stdout, stderr } = main([file, "--json"]);
    assert.equal(stderr, "");
    const json = JSON.parse(stdout);
    assert.equal(json.accepted, true, stdout.slice(0, 3000));
    assert.deepEqual(json.notRead, []);
    assert.equal(labels(json).length, 3);
  });

  it("rejects a machine whose file differs, and a ConfigMap that no machine has", () => {
    const json = judged(
      "bad",
      ({ cluster, machines: all }) => ({
        machines: all,
        cluster: cluster.map((one) =>
          one.inputs.metadata.name === "kubelet-config-workers"
            ? {
                ...one,
                inputs: {
                  ...one.inputs,
                  data: {
                    kubelet: one.inputs.data.kubelet.replace("enabled: false", "enabled: true"),
                  },
                },
              }
            : one,
        ),
      }),
      ".",
    );
    assert.equal(json.accepted, false);
    assert.ok(labels(json).some((label) => label.includes("kubelet-config-workers")));
  });

  type Data = Readonly<Record<string, string>>;

  /** What a Secret lost, and what is said to be missing of it. */
  const lost: Readonly<Record<string, readonly [(data: Data) => Data, RegExp]>> = {
    "whose list of files is damaged": [
      (data) => ({ ...data, [fileListKey]: "" }),
      /the files of .+: Secret kube-system\/host-files-worker-0: its files.json is no list/,
    ],
    "whose unit was lost": [
      ({ [fileKey(paths.kubeletUnit)]: _, ...data }) => data,
      /the content of \/etc\/systemd\/system\/kubelet\.service of .+: Secret \S+worker-0/,
    ],
    "whose CA was lost": [
      ({ [fileKey(paths.ca)]: _, ...data }) => data,
      /the content of \/etc\/kubernetes\/pki\/ca\.crt of .+: Secret \S+worker-0/,
    ],
    "whose list has no unit": [
      (data) => without(paths.kubeletUnit, data),
      /the content of \/var\/lib\/kubelet\/pki\/kubelet-serving\.crt/,
    ],
    "whose list has no KubeletConfiguration": [
      (data) => without(paths.kubeletConfiguration, data),
      /which of .* is \/var\/lib\/kubelet\/config\.yaml, which --config names/,
    ],
  };

  function without(path: string, data: Data): Data {
    const list = readFileList(Buffer.from(data[fileListKey] ?? "", "base64").toString()) ?? [];
    const left = JSON.stringify(list.filter((file) => file.path !== path));
    return { ...data, ...inBase64({ [fileListKey]: left }) };
  }

  for (const [name, [change, says]] of Object.entries(lost)) {
    it(`rejects a machine ${name}, and says what is missing`, () => {
      const json = judged(
        name,
        (all) => ({
          ...all,
          machines: all.machines.map((one) =>
            one.inputs.metadata.name === "host-files-worker-0"
              ? { ...one, inputs: { ...one.inputs, data: change(one.inputs.data) } }
              : one,
          ),
        }),
        ".",
      );
      assert.equal(json.accepted, false);
      assert.match(JSON.stringify([json.notRead, json.serving.missing]), says);
    });
  }
});
