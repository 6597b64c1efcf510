import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../cli/main.ts";
import { Cluster } from "../../components/index.ts";
import { issue } from "../../lab/x509/issue.ts";
import {
  hostFilesSecretType,
  paths,
  readHostFilesSecret,
  type SecretObject,
  writeHostFiles,
} from "../../trust/contract.ts";
import { type Registered, register } from "../components/mocks.ts";

const machines = {
  "cp-0": "10.240.0.10",
  "worker-0": "10.240.0.11",
  "burst-0": "10.240.0.21",
} as const;

/** Certificates in place of the mocks' stand-ins, by path on each machine. */
async function issued(): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const ca = await issue({ subject: "CN=kubernetes", isCA: true });
  const client = await issue({
    subject: "CN=kube-apiserver-kubelet-client",
    issuer: ca,
    usages: ["clientAuth"],
  });
  const all: Record<string, Record<string, string>> = {};
  for (const [name, address] of Object.entries(machines)) {
    const serving = await issue({
      subject: `O=system:nodes, CN=system:node:${name}`,
      issuer: ca,
      dnsNames: [name],
      ipAddresses: [address],
      usages: ["serverAuth"],
    });
    all[name] = {
      [paths.ca]: ca.certPem,
      [paths.caKey]: ca.keyPem,
      [paths.issuingCa]: ca.certPem,
      [`${paths.kubeletServing}.crt`]: serving.certPem,
      [`${paths.kubeletServing}.key`]: serving.keyPem,
      [`${paths.apiserverKubeletClient}.crt`]: client.certPem,
      [`${paths.apiserverKubeletClient}.key`]: client.keyPem,
    };
  }
  return all;
}

function packed(files: Parameters<typeof writeHostFiles>[0]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(writeHostFiles(files)).map(([key, text]) => [
      key,
      Buffer.from(text as string).toString("base64"),
    ]),
  );
}

/** What a stack renders: objects, and machines' files as Secrets. */
async function rendered(): Promise<{ cluster: Registered[]; machines: Registered[] }> {
  const registered = await register(() => {
    new Cluster("c", {
      controlPlanes: [{ name: "cp-0", addresses: [machines["cp-0"]] }],
      nodePools: [
        { name: "workers", nodes: [{ name: "worker-0", addresses: [machines["worker-0"]] }] },
        {
          name: "burst",
          servingMode: "bootstrap",
          nodes: [{ name: "burst-0", addresses: [machines["burst-0"]] }],
        },
      ],
    });
  });
  const objects = registered.filter(({ type }) => type.startsWith("kubernetes:"));
  const isMachine = ({ inputs }: Registered) => inputs.type === hostFilesSecretType;
  const certificates = await issued();
  return {
    cluster: objects.filter((one) => !isMachine(one)),
    machines: objects.filter(isMachine).map((one) => {
      const read = readHostFilesSecret(one.inputs as SecretObject);
      if (typeof read === "string") throw new Error(read);
      const files = read.files.map(({ path, mode, content }) => ({
        path,
        mode,
        content: certificates[read.machine]?.[path] ?? content.toString(),
      }));
      return { ...one, inputs: { ...one.inputs, data: packed(files) } };
    }),
  };
}

describe("judge on what a stack rendered", () => {
  let stack: Awaited<ReturnType<typeof rendered>>;
  let folder: string;
  before(async () => {
    stack = await rendered();
    folder = mkdtempSync(join(tmpdir(), "kubelet-trust-rendered-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Writes the stack as the Kubernetes provider does, one object a file, and judges folders of it. */
  function judged(name: string, change: (all: typeof stack) => typeof stack, ...parts: string[]) {
    const root = join(folder, name);
    for (const [part, objects] of Object.entries(change(stack))) {
      const below = join(root, part, "1-manifest");
      mkdirSync(below, { recursive: true });
      for (const { type, inputs } of objects) {
        const [, group = "", kind = ""] = type.split(":");
        const apiVersion = group.replace(/^core\//, "");
        const file = join(below, `${kind}-${inputs.metadata.name.replace(/\W/g, "-")}.yaml`);
        writeFileSync(file, JSON.stringify({ apiVersion, kind, ...inputs }, undefined, 1));
      }
    }
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
      .map(({ type, inputs }) => {
        const [, group = "", kind = ""] = type.split(":");
        const { stringData = {}, data = {}, ...rest } = inputs;
        const encoded = Object.entries(stringData as Record<string, string>).map(([key, text]) => [
          key,
          Buffer.from(text).toString("base64"),
        ]);
        const all = { ...data, ...Object.fromEntries(encoded) };
        const apiVersion = group.replace(/^core\//, "");
        return { apiVersion, kind, ...rest, ...(Object.keys(all).length > 0 && { data: all }) };
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

  it("says of a machine whose list of files is damaged that it is not read", () => {
    const json = judged(
      "damaged",
      (all) => ({
        ...all,
        machines: all.machines.map((one) => ({
          ...one,
          inputs: { ...one.inputs, data: { ...one.inputs.data, "files.json": "" } },
        })),
      }),
      ".",
    );
    assert.equal(json.accepted, false);
    assert.match(JSON.stringify(json.notRead), /the files of .*host-files-worker-0/);
  });
});
