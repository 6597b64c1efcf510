import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { versions } from "../../toolchain/versions.mjs";
import { expectSuccess, makeProject } from "../support/engine.ts";
import { type InlineStack, openInlineStack } from "../support/inline-stack.ts";
import { defineThings } from "./things.ts";

describe("the Kubernetes plugin, rendering to a folder", function () {
  this.timeout(600_000); // the toolchain may have to be built first

  let folder: string;
  let stack: InlineStack;

  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-rendered-"));
    stack = await openInlineStack();
  });

  afterEach(() => {
    stack.remove();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const rendered = () => path.join(folder, "rendered");
  const files = () =>
    fs.existsSync(rendered())
      ? fs
          .readdirSync(rendered(), { recursive: true, encoding: "utf8" })
          .filter((name) => name.endsWith(".yaml"))
          .sort()
      : [];
  const read = (file: string) => fs.readFileSync(path.join(rendered(), file), "utf8");

  /** A program whose resources go to the folder. */
  const rendering =
    (
      build: (opts: pulumi.CustomResourceOptions) => Record<string, unknown> | undefined,
      args = {},
    ) =>
    async () => {
      const provider = new k8s.Provider("folder", { renderYamlToDirectory: rendered(), ...args });
      return build({ provider });
    };

  const kubeletConfig = (kubelet: string, args = {}) =>
    rendering((opts) => {
      const made = new k8s.core.v1.ConfigMap(
        "config",
        { metadata: { name: "kubelet-config", namespace: "kube-system" }, data: { kubelet } },
        opts,
      );
      return { kubelet: made.data.apply((data) => data.kubelet) };
    }, args);
  const kubeletConfigFile = path.join("1-manifest", "v1-configmap-kube-system-kubelet-config.yaml");

  it("previews without writing, creates, leaves alone, and destroys", async () => {
    const program = kubeletConfig("kind: KubeletConfiguration\n");
    assert.deepEqual((await stack.preview(program)).steps, ["create config"]);
    assert.deepEqual(files(), []);

    assert.deepEqual(await stack.up(program), {
      steps: ["create config"],
      diagnostics: [],
      succeeded: true,
    });
    assert.deepEqual(files(), [kubeletConfigFile]);
    assert.match(read(kubeletConfigFile), /^ {2}kubelet: \|\n {4}kind: KubeletConfiguration$/m);
    assert.equal((await stack.outputs()).kubelet, "kind: KubeletConfiguration\n");
    assert.equal((await stack.resource("config"))?.id, "kube-system/kubelet-config");
    assert.equal(fs.statSync(rendered()).mode & 0o777, 0o700);
    assert.equal(fs.statSync(path.join(rendered(), kubeletConfigFile)).mode & 0o777, 0o600);

    assert.deepEqual((await stack.up()).steps, ["same config"]);
    assert.deepEqual((await stack.destroy()).steps, ["delete config"]);
    assert.deepEqual(files(), []);
  });

  it("replaces a ConfigMap whose data changed, and updates it where the provider says that it may", async () => {
    await stack.up(kubeletConfig("first"));
    assert.deepEqual((await stack.preview(kubeletConfig("second"))).steps, [
      "delete-replaced config",
      "replace config",
      "create-replacement config",
    ]);
    await stack.up(kubeletConfig("second"));
    assert.match(read(kubeletConfigFile), /kubelet: second/);

    const mutable = { enableConfigMapMutable: true };
    assert.deepEqual((await stack.up(kubeletConfig("third", mutable))).steps, ["update config"]);
    assert.match(read(kubeletConfigFile), /kubelet: third/);
    assert.equal((await stack.outputs()).kubelet, "third");
  });

  it("makes up a name, keeps it, and takes a new one for a replacement", async () => {
    const program = (value: string, label: string) =>
      rendering((opts) => ({
        name: new k8s.core.v1.ConfigMap(
          "config",
          { metadata: { labels: { label } }, data: { value } },
          opts,
        ).metadata.name,
      }));
    await stack.up(program("1", "a"));
    const { name } = await stack.outputs();
    assert.match(String(name), /^config-[a-z0-9]{8}$/);
    assert.deepEqual(files(), [`1-manifest/v1-configmap-default-${name}.yaml`]);

    assert.deepEqual((await stack.up(program("1", "b"))).steps, ["update config"]);
    assert.equal((await stack.outputs()).name, name);

    await stack.up(program("2", "b"));
    const { name: next } = await stack.outputs();
    assert.notEqual(next, name);
    assert.deepEqual(files(), [`1-manifest/v1-configmap-default-${next}.yaml`]);
  });

  it("cannot refresh where no cluster answers, and loses nothing by it", async () => {
    await stack.up(kubeletConfig("given"));
    const refreshed = await stack.refresh();
    assert.equal(refreshed.succeeded, false);
    assert.match(
      refreshed.diagnostics.join("\n"),
      /failed to read resource state due to unreachable cluster/,
    );
    assert.deepEqual((await stack.resource("config"))?.outputs.data, { kubelet: "given" });
    assert.deepEqual((await stack.up()).steps, ["same config"]);
    assert.match(read(kubeletConfigFile), /kubelet: given/);
  });

  it("renders Secrets as they are, says so, and stores none in plain text", async () => {
    const program = rendering((opts) => {
      new k8s.core.v1.Secret(
        "secret",
        {
          metadata: { name: "secret" },
          data: { kept: Buffer.from("KEPT-IN-DATA").toString("base64") },
          stringData: { folded: "FOLDED-FROM-STRING-DATA" },
        },
        opts,
      );
      new k8s.core.v1.ConfigMap(
        "mixed",
        { metadata: { name: "mixed" }, data: { open: "OPEN", hidden: pulumi.secret("HIDDEN") } },
        opts,
      );
      return undefined;
    });
    const { diagnostics, succeeded } = await stack.up(program);
    assert.ok(succeeded);
    for (const line of diagnostics) assert.match(line, /^warning: .* secret value in plaintext$/);
    assert.ok(diagnostics.some((line) => line.includes("v1-secret-default-secret.yaml")));
    const file = read("1-manifest/v1-secret-default-secret.yaml");
    const encoded = (value: string) => Buffer.from(value).toString("base64");
    assert.ok(file.includes(`folded: ${encoded("FOLDED-FROM-STRING-DATA")}`), "data lacks the key");
    assert.ok(file.includes(`kept: ${encoded("KEPT-IN-DATA")}`), "data lacks the key");

    const stored = stack.stored();
    assert.ok(stored.includes('"OPEN"'), "the open value is not stored in plain text");
    for (const value of ["KEPT-IN-DATA", "FOLDED-FROM-STRING-DATA", "HIDDEN"]) {
      assert.ok(!stored.includes(value), "a secret is stored in plain text");
      assert.ok(!stored.includes(encoded(value)), "a secret is stored in base64");
    }
    assert.deepEqual((await stack.up()).steps, ["same mixed", "same secret"]);
  });

  it("previews what is unknown: the data, the name, all of the metadata", async () => {
    const seen: Record<string, unknown> = {};
    const program = rendering((opts) => {
      const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
      const name = key.publicKeyFingerprintMd5.apply((print) =>
        print.slice(0, 8).replaceAll(":", "-"),
      );
      new k8s.core.v1.ConfigMap(
        "unknownData",
        { metadata: { name: "data" }, data: { "key.pub": key.publicKeyPem, known: "value" } },
        opts,
      ).data.apply((data) => {
        seen.known = data.known;
      });
      new k8s.core.v1.ConfigMap("unknownName", { metadata: { name } }, opts);
      new k8s.core.v1.Secret(
        "unknownMetadata",
        {
          metadata: name.apply((known) => ({ name: `${known}-metadata` })),
          stringData: { key: key.privateKeyPem },
        },
        opts,
      );
      return undefined;
    });
    const preview = await stack.preview(program);
    assert.deepEqual(preview, {
      steps: ["create key", "create unknownData", "create unknownMetadata", "create unknownName"],
      diagnostics: ["warning: rendered YAML will contain a secret value in plaintext"],
      succeeded: true,
    });
    assert.deepEqual(files(), []);
    assert.equal(seen.known, undefined, "data with an unknown value was taken for known");

    assert.equal((await stack.up(program)).succeeded, true);
    assert.equal(files().length, 3);
    assert.equal(seen.known, "value");
    assert.match(read("1-manifest/v1-configmap-default-data.yaml"), /BEGIN PUBLIC KEY/);
    const steps = (await stack.up()).steps;
    assert.ok(
      steps.every((step) => step.startsWith("same ")),
      steps.join(", "),
    );
  });

  it("renders CustomResourceDefinitions apart from their custom resources", async () => {
    const program = rendering((opts) => {
      const definition = defineThings(opts);
      new k8s.apiextensions.CustomResource(
        "thing",
        { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "one" }, spec: { a: 1 } },
        { ...opts, dependsOn: definition },
      );
      return undefined;
    });
    await stack.up(program);
    const definition =
      "0-crd/apiextensions.k8s.io_v1-customresourcedefinition-default-things.example.com.yaml";
    assert.deepEqual(files(), [definition, "1-manifest/example.com_v1-thing-default-one.yaml"]);
    assert.match(read(definition), /x-kubernetes-preserve-unknown-fields: true/);
  });

  for (const [api, ConfigGroup] of [
    ["yaml", k8s.yaml.ConfigGroup],
    ["yaml/v2", k8s.yaml.v2.ConfigGroup],
  ] as const) {
    it(`reads the text of a ConfigGroup of ${api}`, async () => {
      const yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: b}\n";
      const up = await stack.up(
        rendering((opts) => {
          const provider = opts.provider as k8s.Provider;
          const group = new ConfigGroup("group", { yaml }, { provider });
          // The group reads its text while the program goes on: an output keeps the program waiting.
          return {
            resources: (group.resources as pulumi.Output<object>).apply(
              (all) => Object.keys(all).length,
            ),
          };
        }),
      );
      assert.deepEqual(up.diagnostics, []);
      assert.deepEqual(files(), ["1-manifest/v1-configmap-default-one.yaml"]);
    });
  }

  it("gives its schema", async () => {
    const project = await makeProject({ files: { "index.ts": "" } });
    try {
      const { stdout } = expectSuccess(
        await project.pulumi(["package", "get-schema", "kubernetes"]),
      );
      const { name, version, resources } = JSON.parse(stdout);
      assert.deepEqual({ name, version }, { name: "kubernetes", version: versions.kubernetes });
      assert.ok(resources["kubernetes:core/v1:ConfigMap"].inputProperties.data);
    } finally {
      project.remove();
    }
  });

  it("fails where it cannot write, and makes nothing", async () => {
    fs.writeFileSync(rendered(), "a file is in the way");
    const up = await stack.up(kubeletConfig("given"));
    assert.equal(up.succeeded, false);
    assert.match(up.diagnostics.join("\n"), /not a directory/);
    assert.equal(await stack.resource("config"), undefined);
  });

  it("moves every object when the folder changes", async () => {
    const program = (to: string) => async () => {
      const provider = new k8s.Provider("folder", { renderYamlToDirectory: path.join(folder, to) });
      new k8s.core.v1.ConfigMap("config", { metadata: { name: "x" } }, { provider });
    };
    await stack.up(program("before"));
    await stack.up(program("after"));
    const manifests = (name: string) => fs.readdirSync(path.join(folder, name, "1-manifest"));
    assert.deepEqual(manifests("after"), ["v1-configmap-default-x.yaml"]);
    assert.deepEqual(manifests("before"), []);
  });
});
