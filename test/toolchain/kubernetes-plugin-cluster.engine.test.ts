import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { Cluster, KubeletServingApprover } from "../../components/index.ts";
import { createProvider, machineFilesTarget } from "../../components/plan/target.ts";
import { ensurePrograms } from "../../toolchain/kubernetes/programs.ts";
import { createProgress } from "../../toolchain/progress.mjs";
import { type ApiServer, freePorts, kubeconfigFor, startApiServer } from "../support/api-server.ts";
import { folderForEach } from "../support/folders.ts";
import { type InlineStack, type Outcome, openInlineStack } from "../support/inline-stack.ts";
import { defineThings } from "./things.ts";

describe("the Kubernetes plugin, with a real kube-apiserver", function () {
  this.timeout(900_000); // toolchain and Kubernetes may have to be built first

  let api: ApiServer;
  let stack: InlineStack;
  let namespace: string;
  let count = 0;
  const folder = folderForEach();
  const kubeconfigFile = () => {
    const file = path.join(folder, "kubeconfig");
    fs.writeFileSync(file, api.kubeconfig, { mode: 0o600 });
    return file;
  };
  /** An update that the plugin retries for more than a minute, during which the other tests run. */
  let orphan: { stack: InlineStack; update: Promise<Outcome> };

  before(async () => {
    api = await startApiServer(await ensurePrograms(createProgress()));
    const own = await openInlineStack();
    const update = own.up(
      applying((opts) => {
        new k8s.apiextensions.CustomResource(
          "orphan",
          { apiVersion: "example.com/v1", kind: "Orphan", metadata: { name: "x" } },
          opts,
        );
      }),
    );
    update.catch(() => {}); // The test that waits for it fails.
    orphan = { stack: own, update };
  });

  after(async () => {
    await orphan?.update.catch(() => {});
    orphan?.stack.remove();
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

  it("previews what kube-apiserver would make of an object, down to a uid that no object will have", async () => {
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
    });
    assert.deepEqual((await stack.preview(program)).diagnostics, []);
    const { type, uid } = seen;
    assert.equal(type, "ClusterIP");
    // Of kube-apiserver's dry run; the object gets another.
    assert.match(String(uid), /^[0-9a-f-]{36}$/);
    await assert.rejects(get("service", "x"));
    assert.ok((await stack.up(program)).succeeded);
    assert.notEqual((await get("service", "x")).metadata.uid, uid);
  });

  it("tells at preview what kube-apiserver would refuse", async () => {
    const program = await applyingTo((opts) => {
      new k8s.core.v1.ConfigMap(
        "config",
        { metadata: { name: "x", namespace }, data: { "not a key": "1" } },
        opts,
      );
    });
    const outcome = await stack.preview(program);
    assert.equal(outcome.succeeded, false);
    assert.match(
      outcome.diagnostics.join("\n"),
      /ConfigMap "x" is invalid: data\[not a key\]: Invalid value/,
    );
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
    const { steps } = await stack.up(program("2"));
    assert.deepEqual(steps, [
      "create-replacement config",
      "replace config",
      "delete-replaced config",
    ]);
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
          {
            // No controller of quotas runs here, whose answer the plugin would wait for.
            metadata: { name: "x", namespace, annotations: { "pulumi.com/skipAwait": "true" } },
            spec: { hard: { cpu: "1000m" } },
          },
          opts,
        );
        new k8s.core.v1.ConfigMap(
          "config",
          { metadata: { name: "x", namespace }, data: { a: "1" } },
          opts,
        );
      },
      { kubeconfig: api.kubeconfig, enableConfigMapMutable: true },
    );
    assert.deepEqual((await stack.up(program)).diagnostics, []);
    assert.equal((await get("resourcequota", "x")).spec.hard.cpu, "1");
    assert.ok((await stack.refresh()).succeeded);
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
    assert.deepEqual((await stack.up()).steps, ["update config", "same quota"]);
    assert.deepEqual((await get("configmap", "x")).data, { a: "1" });

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
    assert.match(text, /Secret "x" is invalid: data\[tls\.crt\]: Required value/);
    for (const secret of ["SWORDFISH", data.word, "PRIVATE KEY", data["tls.key"]]) {
      assert.ok(!text.includes(secret), "an error repeats a secret");
    }
  });

  it("is refused the fields that another manager applied, and says which", async () => {
    const program = (a: string) =>
      applying(
        (opts) => {
          new k8s.core.v1.ConfigMap(
            "config",
            { metadata: { name: "x", namespace }, data: { a } },
            opts,
          );
        },
        { kubeconfig: api.kubeconfig, enableConfigMapMutable: true },
      );
    await api.kubectl(["create", "namespace", namespace]);
    await stack.up(program("1"));
    await api.kubectl(
      ["apply", "--server-side", "--force-conflicts", "--field-manager=other", "-f", "-"],
      JSON.stringify({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "x", namespace },
        data: { a: "theirs" },
      }),
    );
    const conflicting = await stack.up(program("2"));
    assert.equal(conflicting.succeeded, false);
    assert.match(
      conflicting.diagnostics.join("\n"),
      /field conflict detected.*conflict with "other": \.data\.a/s,
    );
    assert.deepEqual((await get("configmap", "x")).data, { a: "theirs" });
  });

  it("takes over an object that exists and is the same, not one that differs, and imports", async () => {
    const program = (a: string, options: pulumi.CustomResourceOptions = {}) =>
      applying((opts) => {
        new k8s.core.v1.ConfigMap(
          "config",
          { metadata: { name: "x", namespace }, data: { a } },
          { ...opts, ...options },
        );
      });
    await api.kubectl(["create", "namespace", namespace]);
    await api.kubectl(["create", "configmap", "x", "-n", namespace, "--from-literal=a=theirs"]);
    assert.equal((await stack.preview(program("ours"))).succeeded, true);
    const refused = await stack.up(program("ours"));
    assert.equal(refused.succeeded, false);
    assert.match(
      refused.diagnostics.join("\n"),
      /field conflict detected.*conflict with "kubectl-create" using v1: \.data\.a/s,
    );
    assert.equal(await stack.resource("config"), undefined);

    const imported = { steps: ["import config"], diagnostics: [], succeeded: true };
    assert.deepEqual(await stack.up(program("theirs", { import: `${namespace}/x` })), imported);
    assert.deepEqual((await stack.up(program("theirs"))).steps, ["same config"]);
    await stack.destroy();
    await assert.rejects(get("configmap", "x"));

    await api.kubectl(["create", "configmap", "x", "-n", namespace, "--from-literal=a=theirs"]);
    const { uid } = (await get("configmap", "x")).metadata;
    assert.deepEqual(await stack.up(program("theirs")), {
      ...imported,
      steps: ["create config"],
    });
    assert.equal((await get("configmap", "x")).metadata.uid, uid);
  });

  it("previews with permissions that are still missing", async () => {
    const program = await applyingTo(
      (opts) => {
        new k8s.core.v1.ConfigMap("config", { metadata: { name: "x", namespace } }, opts);
      },
      { kubeconfig: api.powerless },
    );
    assert.deepEqual((await stack.preview(program)).diagnostics, []);
    assert.match(
      (await stack.up(program)).diagnostics.join("\n"),
      /forbidden: User "nobody" cannot patch resource "configmaps"/,
    );
  });

  it("previews without a cluster and does not say so; an update says what it cannot reach", async () => {
    const [port] = await freePorts(1);
    const program = applying(
      (opts) => {
        for (const name of ["one", "two"]) new k8s.core.v1.ConfigMap(name, {}, opts);
      },
      { kubeconfig: kubeconfigFor(`https://127.0.0.1:${port}`, "SWORDFISH") },
    );
    assert.deepEqual(await stack.preview(program), {
      steps: ["create one", "create two"],
      diagnostics: [],
      succeeded: true,
    });
    const up = await stack.up(program);
    assert.equal(up.succeeded, false);
    const text = up.diagnostics.join("\n");
    assert.match(
      text,
      /configured Kubernetes cluster is unreachable: .*https:\/\/127\.0\.0\.1:\d+\/.*connection refused/,
    );
    assert.ok(!text.includes("SWORDFISH"), "an error repeats a token");
  });

  it("previews with a kubeconfig that it cannot use; an update fails, and does not repeat it", async () => {
    const broken = [
      [
        `${api.kubeconfig}SWORDFISH: [`,
        /unreachable: failed to parse kubeconfig data .*yaml: line \d+/,
      ],
      ["/nowhere/SWORDFISH", /unreachable: failed to parse kubeconfig data .*version\/kind/],
      [
        api.kubeconfig.replace("current-context: test", "current-context: prod"),
        /unreachable: .*context was not found for specified context: prod/s,
      ],
    ] as const;
    for (const [kubeconfig, expected] of broken) {
      stack.remove();
      stack = await openInlineStack();
      const program = applying(
        (opts) => {
          new k8s.core.v1.ConfigMap("config", { metadata: { name: "x" } }, opts);
        },
        { kubeconfig },
      );
      assert.deepEqual(await stack.preview(program), {
        steps: ["create config"],
        diagnostics: [],
        succeeded: true,
      });
      const { succeeded, diagnostics } = await stack.up(program);
      const text = diagnostics.join("\n");
      assert.equal(succeeded, false);
      assert.ok(expected.test(text), "the error is another one");
      for (const secret of ["SWORDFISH", "powerful"]) {
        assert.ok(!text.includes(secret), "an error repeats the kubeconfig");
      }
    }
  });

  it("cannot be given another kubeconfig after one that does not parse was stored", async () => {
    const program = (kubeconfig: string) =>
      applying(
        (opts) => {
          new k8s.core.v1.ConfigMap("config", {}, opts);
        },
        { kubeconfig },
      );
    assert.equal((await stack.up(program("SWORDFISH: ["))).succeeded, false);
    const mended = await stack.up(program(api.kubeconfig));
    assert.equal(mended.succeeded, false);
    assert.match(mended.diagnostics.join("\n"), /failed to parse kubeconfig: yaml: line \d+/);
  });

  it("takes the path of a kubeconfig, and the text of one that only the update knows", async () => {
    const file = kubeconfigFile();
    const program = await applyingTo(
      (opts) => {
        new k8s.core.v1.ConfigMap("config", { metadata: { name: "x", namespace } }, opts);
      },
      { kubeconfig: file },
    );
    assert.equal((await stack.up(program)).succeeded, true);
    await stack.destroy();

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

  it("changes in place what a stack of this project applies, and does not wait for nodes", async () => {
    const kubeconfig = kubeconfigFile();
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
  });

  it("brings up, leaves alone, changes, refreshes and takes away a whole cluster's objects", async () => {
    const kubeconfig = kubeconfigFile();
    const target = { kubeconfig, renderTo: folder, machineFiles: "cluster" };
    const program = (address: string) => async () => {
      new Cluster(
        "c",
        {
          controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.10"] }],
          nodePools: [
            { name: "workers", nodes: [{ name: "w-0", addresses: [address] }] },
            {
              name: "burst",
              servingMode: "bootstrap",
              nodes: [{ name: "b-0", addresses: ["10.0.0.21"] }],
            },
          ],
          machineFiles: machineFilesTarget(target),
        },
        { providers: [createProvider("target", target)] },
      );
    };
    const listed = async () =>
      (
        await api.kubectl([
          "get",
          "configmaps,secrets,deployments,serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings",
          ...["--all-namespaces", "-o", "name"],
        ])
      )
        .split("\n")
        .sort();
    const uid = () =>
      api.kubectl([
        ...["get", "secret", "host-files-w-0", "-n", "kube-system"],
        ...["-o", "jsonpath={.metadata.uid}"],
      ]);
    const changes = ({ diagnostics, steps }: Outcome) => {
      assert.deepEqual(diagnostics, []);
      return [...new Set(steps.filter((step) => !step.startsWith("same ")))];
    };

    const before = await listed();
    assert.deepEqual((await stack.up(program("10.0.0.11"))).diagnostics, []);
    const made = await uid();
    assert.deepEqual(changes(await stack.up()), []);

    // The node's serving certificate is made anew, and its files change in place; nothing else moves.
    assert.deepEqual(changes(await stack.up(program("10.0.0.12"))), [
      "update c/workers/w-0",
      "create-replacement c/workers/w-0/kubelet-serving",
      "replace c/workers/w-0/kubelet-serving",
      "delete-replaced c/workers/w-0/kubelet-serving",
    ]);
    assert.equal(await uid(), made);

    assert.deepEqual((await stack.refresh()).diagnostics, []);
    assert.deepEqual(changes(await stack.up()), []);
    assert.equal((await stack.destroy()).succeeded, true);
    assert.deepEqual(await listed(), before);
  });

  it("sends no file of a machine to the cluster unless it is asked to", async () => {
    const kubeconfig = kubeconfigFile();
    const target = { kubeconfig, renderTo: folder, machineFiles: "folder" };
    const program = async () => {
      new Cluster(
        "c",
        {
          controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.10"] }],
          nodePools: [{ name: "w", nodes: [{ name: "w-0", addresses: ["10.0.0.11"] }] }],
          machineFiles: machineFilesTarget(target),
        },
        { providers: [createProvider("target", target)] },
      );
    };
    assert.deepEqual((await stack.up(program)).diagnostics.filter(isOther), []);
    const rendered = fs.readdirSync(path.join(folder, "machines", "1-manifest"));
    assert.deepEqual(rendered.map((file) => file.replace(/.*host-files-|\.yaml$/g, "")).sort(), [
      "cp-0",
      "w-0",
    ]);
    const { items } = JSON.parse(
      await api.kubectl(["get", "secrets,configmaps", "--all-namespaces", "-o", "json"]),
    ) as { items: { metadata: { name: string }; data?: Record<string, string> }[] };
    assert.ok(items.some(({ metadata }) => metadata.name === "kubelet-config"));
    const withKeys = items.filter(({ data = {} }) =>
      Object.values(data).some((text) =>
        [text, Buffer.from(text, "base64").toString()].some((one) => one.includes("PRIVATE KEY")),
      ),
    );
    assert.deepEqual(
      withKeys.map(({ metadata }) => metadata.name),
      [],
    );
    assert.equal((await stack.destroy()).succeeded, true);
  });

  it("fails to create a custom resource whose kind nobody defined, and says what lacks", async () => {
    const { succeeded, diagnostics } = await orphan.update;
    assert.equal(succeeded, false);
    assert.match(
      diagnostics.join("\n"),
      /Verify that any required CRDs have been created: no matches for kind "Orphan" in version "example\.com\/v1"/,
    );
  });
});

/** Not one of the two warnings that each rendered Secret gives. */
function isOther(diagnostic: string): boolean {
  return !diagnostic.endsWith("a secret value in plaintext");
}
