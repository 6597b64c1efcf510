import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { ensurePrograms } from "../../toolchain/kubernetes/programs.ts";
import { createProgress } from "../../toolchain/progress.mjs";
import { type ApiServer, freePorts, kubeconfigFor, startApiServer } from "../support/api-server.ts";
import { type InlineStack, openInlineStack } from "../support/inline-stack.ts";
import { defineThings } from "./things.ts";

describe("the stand-in for the Kubernetes plugin, with a real kube-apiserver", function () {
  this.timeout(900_000); // toolchain and Kubernetes may have to be built first

  let api: ApiServer;
  let stack: InlineStack;
  let namespace: string;
  let count = 0;

  before(async () => {
    api = await startApiServer(await ensurePrograms(createProgress()));
  });

  after(async () => {
    await api?.stop();
  });

  beforeEach(async () => {
    count += 1;
    namespace = `test-${count}`;
    stack = await openInlineStack();
  });

  afterEach(() => stack.remove());

  type Build = (opts: pulumi.CustomResourceOptions) => Record<string, unknown> | undefined;

  /** A program whose resources go to the cluster. */
  const applying =
    (build: Build, args: k8s.ProviderArgs = { kubeconfig: api.kubeconfig }) =>
    async () => {
      const provider = new k8s.Provider("cluster", args);
      return build({ provider });
    };

  /** The same, with the test's namespace made outside the stack. */
  const applyingTo = async (build: Build, args?: k8s.ProviderArgs) => {
    await api.kubectl(["create", "namespace", namespace]);
    return applying(build, args);
  };

  const get = async (...args: string[]) =>
    JSON.parse(await api.kubectl(["get", "-n", namespace, "-o", "json", ...args]));

  it("previews into a namespace that does not exist yet, creates, leaves alone, and destroys", async () => {
    const program = applying((opts) => {
      const home = new k8s.core.v1.Namespace("home", { metadata: { name: namespace } }, opts);
      const made = new k8s.core.v1.ConfigMap(
        "config",
        { metadata: { name: "x", namespace: home.metadata.name }, data: { a: "1" } },
        opts,
      );
      return { uid: made.metadata.uid };
    });
    assert.deepEqual(await stack.preview(program), {
      steps: ["create config", "create home"],
      diagnostics: [],
      succeeded: true,
    });
    await assert.rejects(get("namespace", namespace));

    assert.deepEqual((await stack.up(program)).diagnostics, []);
    const live = await get("configmap", "x");
    assert.deepEqual(live.data, { a: "1" });
    assert.equal((await stack.outputs()).uid, live.metadata.uid);
    assert.equal((await stack.resource("config"))?.id, `${namespace}/x`);

    assert.deepEqual((await stack.up()).steps, ["same config", "same home"]);
    assert.equal((await stack.destroy()).succeeded, true);
    await assert.rejects(get("namespace", namespace));
  });

  it("knows at preview what kube-apiserver would make of an object, and what it would give anew", async () => {
    const seen: Record<string, unknown> = {};
    const program = await applyingTo((opts) => {
      const service = new k8s.core.v1.Service(
        "service",
        { metadata: { name: "x", namespace }, spec: { ports: [{ port: 80 }] } },
        opts,
      );
      service.spec.type.apply((type) => {
        seen.type = type;
      });
      service.metadata.uid.apply((uid) => {
        seen.uid = uid;
      });
      return undefined;
    });
    assert.deepEqual((await stack.preview(program)).diagnostics, []);
    assert.deepEqual(seen, { type: "ClusterIP" });
    await assert.rejects(get("service", "x"));
  });

  it("tells at preview what kube-apiserver would refuse", async () => {
    const program = await applyingTo((opts) => {
      new k8s.core.v1.ConfigMap(
        "config",
        { metadata: { name: "x", namespace }, data: { "not a key": "1" } },
        opts,
      );
      return undefined;
    });
    const outcome = await stack.preview(program);
    assert.equal(outcome.succeeded, false);
    assert.match(outcome.diagnostics.join("\n"), /ConfigMap "test-\d+\/x": .*data\[not a key\]/);
  });

  it("updates in place, replaces what cannot change, and takes away what was taken out", async () => {
    const program = (data: Record<string, string>, role: string) =>
      applying(
        (opts) => {
          new k8s.core.v1.ConfigMap("config", { metadata: { name: "x", namespace }, data }, opts);
          new k8s.rbac.v1.RoleBinding(
            "binding",
            {
              metadata: { name: "x", namespace },
              roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role },
            },
            opts,
          );
          return undefined;
        },
        { kubeconfig: api.kubeconfig, enableConfigMapMutable: true },
      );
    await api.kubectl(["create", "namespace", namespace]);
    await stack.up(program({ a: "1", b: "2" }, "first"));
    const before = await get("rolebinding", "x");
    assert.deepEqual((await stack.preview(program({ a: "3" }, "second"))).diagnostics, []);
    const { steps } = await stack.up(program({ a: "3" }, "second"));
    assert.deepEqual(
      steps.filter((step) => step.endsWith("config")),
      ["update config"],
    );
    assert.deepEqual(
      steps.filter((step) => step.endsWith("binding"))[0],
      "delete-replaced binding",
    );
    assert.deepEqual((await get("configmap", "x")).data, { a: "3" });
    const after = await get("rolebinding", "x");
    assert.equal(after.roleRef.name, "second");
    assert.notEqual(after.metadata.uid, before.metadata.uid);
  });

  it("makes the new object before it removes the old one where the name was made up", async () => {
    const program = (value: string) =>
      applying((opts) => ({
        name: new k8s.core.v1.ConfigMap(
          "config",
          { metadata: { namespace }, data: { value } },
          opts,
        ).metadata.name,
      }));
    await api.kubectl(["create", "namespace", namespace]);
    await stack.up(program("1"));
    const { name } = await stack.outputs();
    await stack.up(program("2"));
    const { name: next } = await stack.outputs();
    assert.notEqual(next, name);
    assert.deepEqual((await get("configmap", String(next))).data, { value: "2" });
    await assert.rejects(get("configmap", String(name)));
  });

  it("takes no normalized value for drift, and restores what did drift", async () => {
    const program = await applyingTo(
      (opts) => {
        new k8s.core.v1.ResourceQuota(
          "quota",
          { metadata: { name: "x", namespace }, spec: { hard: { cpu: "1000m" } } },
          opts,
        );
        new k8s.core.v1.ConfigMap(
          "config",
          { metadata: { name: "x", namespace }, data: { a: "1" } },
          opts,
        );
        return undefined;
      },
      { kubeconfig: api.kubeconfig, enableConfigMapMutable: true },
    );
    await stack.up(program);
    assert.equal((await get("resourcequota", "x")).spec.hard.cpu, "1");
    await stack.refresh();
    assert.deepEqual((await stack.up()).steps, ["same config", "same quota"]);

    await api.kubectl([
      "patch",
      "configmap",
      "x",
      "-n",
      namespace,
      "-p",
      '{"data":{"a":"drifted"}}',
    ]);
    await stack.refresh();
    assert.deepEqual((await stack.resource("config"))?.outputs.data, { a: "drifted" });
    const conflicting = await stack.up();
    assert.match(
      conflicting.diagnostics.join("\n"),
      /ConfigMap "test-\d+\/x": other programs manage some of its fields: .*kubectl-patch.*\.data\.a/s,
    );

    await api.kubectl(["delete", "configmap", "x", "-n", namespace]);
    await stack.refresh();
    assert.equal(await stack.resource("config"), undefined);
    assert.deepEqual((await stack.up()).steps, ["create config", "same quota"]);
    assert.deepEqual((await get("configmap", "x")).data, { a: "1" });
  });

  it("creates a custom resource right after the definition of its kind", async () => {
    const program = await applyingTo((opts) => {
      const definition = defineThings(opts);
      new k8s.apiextensions.CustomResource(
        "thing",
        {
          apiVersion: "example.com/v1",
          kind: "Thing",
          metadata: { name: "x", namespace },
          spec: { a: 1 },
        },
        { ...opts, dependsOn: definition },
      );
      return undefined;
    });
    assert.deepEqual((await stack.preview(program)).diagnostics, []);
    assert.deepEqual((await stack.up(program)).diagnostics, []);
    assert.deepEqual((await get("things.example.com", "x")).spec, { a: 1 });
    assert.deepEqual((await stack.up()).steps, ["same definition", "same thing"]);
    assert.equal((await stack.destroy()).succeeded, true);
    await assert.rejects(get("crd", "things.example.com"));

    const orphan = await applying((opts) => {
      new k8s.apiextensions.CustomResource(
        "orphan",
        { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "x", namespace } },
        opts,
      );
      return undefined;
    });
    assert.equal((await stack.preview(orphan)).succeeded, true);
    assert.match(
      (await stack.up(orphan)).diagnostics.join("\n"),
      /kube-apiserver knows no Thing in example\.com\/v1: create its CustomResourceDefinition first/,
    );
  });

  it("keeps Secrets encrypted in the state, and out of kube-apiserver's refusals", async () => {
    const program = (type: string) =>
      applying((opts) => {
        const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
        new k8s.core.v1.Secret(
          "secret",
          {
            metadata: { name: "x", namespace },
            type,
            stringData: { "tls.key": key.privateKeyPem, word: "SWORDFISH" },
          },
          opts,
        );
        return undefined;
      });
    await api.kubectl(["create", "namespace", namespace]);
    assert.deepEqual((await stack.up(program("Opaque"))).diagnostics, []);
    const { data } = await get("secret", "x");
    assert.ok(Buffer.from(data.word, "base64").toString() === "SWORDFISH", "the word is not there");
    for (const operation of [stack.up, stack.refresh]) {
      await operation();
      for (const secret of ["SWORDFISH", data.word, data["tls.key"]]) {
        assert.ok(!stack.stored().includes(secret), "a secret is stored in plain text or base64");
      }
    }

    const refused = await stack.up(program("kubernetes.io/tls"));
    const text = refused.diagnostics.join("\n");
    assert.equal(refused.succeeded, false);
    assert.match(
      text,
      /Secret "test-\d+\/x": kube-apiserver refused it \(Invalid; .*data\[tls\.crt\]: FieldValueRequired/,
    );
    assert.ok(
      !text.includes("SWORDFISH") && !text.includes(data.word),
      "an error repeats a secret",
    );
  });

  it("refuses to take over an object that exists, unless it is imported", async () => {
    const program = (options: pulumi.CustomResourceOptions) =>
      applying((opts) => {
        new k8s.core.v1.ConfigMap(
          "config",
          { metadata: { name: "x", namespace }, data: { a: "theirs" } },
          { ...opts, ...options },
        );
        return undefined;
      });
    await api.kubectl(["create", "namespace", namespace]);
    await api.kubectl(["create", "configmap", "x", "-n", namespace, "--from-literal=a=theirs"]);
    assert.equal((await stack.preview(program({}))).succeeded, true);
    assert.match(
      (await stack.up(program({}))).diagnostics.join("\n"),
      /ConfigMap "test-\d+\/x" already exists in the cluster: remove it, or take it into the stack/,
    );
    assert.deepEqual(await stack.up(program({ import: `${namespace}/x` })), {
      steps: ["import config"],
      diagnostics: [],
      succeeded: true,
    });
    assert.deepEqual((await stack.up(program({}))).steps, ["same config"]);
    await stack.destroy();
    await assert.rejects(get("configmap", "x"));
  });

  it("previews with permissions that are still missing", async () => {
    const program = await applyingTo(
      (opts) => {
        new k8s.core.v1.ConfigMap("config", { metadata: { name: "x", namespace } }, opts);
        return undefined;
      },
      { kubeconfig: api.powerless },
    );
    assert.deepEqual((await stack.preview(program)).diagnostics, []);
    assert.match(
      (await stack.up(program)).diagnostics.join("\n"),
      /forbidden: User "nobody" cannot/,
    );
  });

  it("previews without a cluster and says so once; an update says what it cannot reach", async () => {
    const [port] = await freePorts(1);
    const program = applying(
      (opts) => {
        for (const name of ["one", "two", "three"]) {
          new k8s.core.v1.ConfigMap(name, { metadata: { name } }, opts);
        }
        return undefined;
      },
      { kubeconfig: kubeconfigFor(`https://127.0.0.1:${port}`, "SWORDFISH") },
    );
    const preview = await stack.preview(program);
    assert.deepEqual(preview.steps, ["create one", "create three", "create two"]);
    assert.equal(preview.diagnostics.length, 1, preview.diagnostics.join("\n"));
    assert.match(
      preview.diagnostics[0] ?? "",
      /^warning: kube-apiserver at https:\/\/127\.0\.0\.1:\d+ cannot be reached: .*connection refused; .*This preview goes on without it/,
    );
    const up = await stack.up(program);
    assert.equal(up.succeeded, false);
    assert.match(
      up.diagnostics.join("\n"),
      /cannot be reached: .*see that it runs and that the kubeconfig is right/,
    );
    assert.ok(!up.diagnostics.join("\n").includes("SWORDFISH"), "an error repeats a token");
  });

  it("gives one clear error for a kubeconfig that does not parse, without repeating it", async () => {
    for (const [kubeconfig, expected] of [
      [
        `${api.kubeconfig}SWORDFISH: [`,
        /kubeconfig.* is not a kubeconfig \(line \d+\): give the text of one/,
      ],
      [
        "/nowhere/SWORDFISH",
        /is neither the text of a kubeconfig nor the path of a file that can be read: no such file/,
      ],
      [
        api.kubeconfig.replace("current-context: test", "current-context: prod"),
        /has no context "prod": the contexts are "test"/,
      ],
    ] as const) {
      const program = applying(
        (opts) => {
          new k8s.core.v1.ConfigMap("config", { metadata: { name: "x" } }, opts);
          return undefined;
        },
        { kubeconfig },
      );
      const outcome = await stack.preview(program);
      const about = outcome.diagnostics.filter((line) => line.includes("kubeconfig"));
      assert.equal(outcome.succeeded, false);
      assert.equal(about.length, 1, "not one error");
      assert.ok(expected.test(about[0] ?? ""), "the error is another one");
      const text = outcome.diagnostics.join("\n");
      for (const secret of ["SWORDFISH", "powerful"]) {
        assert.ok(!text.includes(secret), "an error repeats the kubeconfig");
      }
    }
  });

  it("takes the path of a kubeconfig, and the text of one that only the update knows", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-kubeconfig-"));
    try {
      const file = path.join(folder, "kubeconfig");
      fs.writeFileSync(file, api.kubeconfig, { mode: 0o600 });
      const program = await applyingTo(
        (opts) => {
          new k8s.core.v1.ConfigMap("config", { metadata: { name: "x", namespace } }, opts);
          return undefined;
        },
        { kubeconfig: file },
      );
      assert.equal((await stack.up(program)).succeeded, true);
      await stack.destroy();
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }

    const later = async () => {
      const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
      const kubeconfig = key.publicKeyPem.apply(() => api.kubeconfig);
      const provider = new k8s.Provider("cluster", { kubeconfig });
      new k8s.core.v1.ConfigMap("config", { metadata: { name: "x", namespace } }, { provider });
    };
    assert.deepEqual(await stack.preview(later), {
      steps: ["create config", "create key"],
      diagnostics: [],
      succeeded: true,
    });
    assert.equal((await stack.up(later)).succeeded, true);
    assert.equal((await get("configmap", "x")).metadata.name, "x");
  });
});
