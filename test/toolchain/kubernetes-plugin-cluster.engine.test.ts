import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { KubeletServingApprover } from "../../components/index.ts";
import { createProvider } from "../../components/plan/target.ts";
import { ensurePrograms } from "../../toolchain/kubernetes/programs.ts";
import { createProgress } from "../../toolchain/progress.mjs";
import { type ApiServer, startApiServer } from "../support/api-server.ts";
import { type InlineStack, openInlineStack } from "../support/inline-stack.ts";
import { defineThings } from "./things.ts";

describe("the Kubernetes plugin, with a real kube-apiserver", function () {
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
      // What only kube-apiserver can say of an object in a namespace to come is undefined, not unknown.
      diagnostics: ["warning: Undefined value (uid) will not show as a stack output."],
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
  });

  it("changes in place what a stack of this project applies, and does not wait for nodes", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-kubeconfig-"));
    try {
      const kubeconfig = path.join(folder, "kubeconfig");
      fs.writeFileSync(kubeconfig, api.kubeconfig, { mode: 0o600 });
      const program = (value: string, address: string) => async () => {
        const provider = createProvider("target", {
          kubeconfig,
          renderTo: path.join(folder, "rendered"),
          machineFiles: "folder",
        });
        const metadata = { name: "x", namespace: "kube-system" };
        new k8s.core.v1.ConfigMap("config", { metadata, data: { value } }, { provider });
        new k8s.core.v1.Secret("secret", { metadata, stringData: { value } }, { provider });
        new KubeletServingApprover(
          "approver",
          {
            clusterName: "test",
            machines: [{ name: "worker-0", addresses: [{ type: "InternalIP", address }] }],
          },
          { provider },
        );
      };
      const uid = (kind: string, name: string) =>
        api.kubectl(["get", kind, name, "-n", "kube-system", "-o", "jsonpath={.metadata.uid}"]);
      const uids = () =>
        Promise.all([
          uid("configmap", "x"),
          uid("secret", "x"),
          uid("deployment", "kubelet-csr-approver"),
        ]);

      assert.deepEqual((await stack.up(program("1", "10.0.0.1"))).diagnostics, []);
      const before = await uids();
      const again = await stack.up();
      assert.ok(again.succeeded);
      assert.deepEqual(
        again.steps.filter((step) => !step.startsWith("same ")),
        [],
      );

      const changed = await stack.up(program("2", "10.0.0.2"));
      assert.deepEqual(changed.diagnostics, []);
      assert.deepEqual(
        changed.steps.filter((step) => !step.startsWith("same ")),
        ["update approver", "update config", "update secret"],
      );
      assert.deepEqual(await uids(), before);

      assert.deepEqual((await stack.refresh()).diagnostics, []);
      assert.deepEqual(
        (await stack.up()).steps.filter((step) => !step.startsWith("same ")),
        [],
      );
      assert.ok((await stack.destroy()).succeeded);
      await assert.rejects(uid("configmap", "x"));
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});
