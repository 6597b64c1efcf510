import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type EngineResult,
  expectSuccess,
  type Project,
  type StateResource,
} from "../support/engine.ts";
import {
  defaultConfiguration,
  isKubeconfig,
  kubeconfigOf,
  machineFiles,
  ownProject,
  renderedObjects,
} from "./stack.ts";

type Pools = { name: string; nodes: { name: string; addresses: string[] }[] }[];

/** The default stack's pools after a change to them. */
function pools(change: (pools: Pools) => void): Record<string, unknown> {
  const key = "kubelet-trust:nodePools";
  const changed = structuredClone(defaultConfiguration()[key]) as Pools;
  change(changed);
  return { ...defaultConfiguration(), [key]: changed };
}

/** `type name` of a resource. */
function labelOf({ urn, type }: StateResource): string {
  return `${type} ${urn.split("::").at(-1)}`;
}

/** Custom resources by URN; components have no id. */
async function resources(project: Project): Promise<Map<string, StateResource>> {
  const { resources: all, pendingOperations } = await project.exportState();
  assert.deepEqual(pendingOperations, []);
  return new Map(all.filter(({ custom }) => custom).map((resource) => [resource.urn, resource]));
}

/** What happened to custom resources between two states. */
function difference(before: Map<string, StateResource>, after: Map<string, StateResource>) {
  const created = [...after.values()].filter(({ urn }) => !before.has(urn));
  const deleted = [...before.values()].filter(({ urn }) => !after.has(urn));
  const kept = [...after.values()].flatMap((now) => {
    const then = before.get(now.urn);
    return then === undefined ? [] : [{ now, then }];
  });
  // A TLS resource gets a new id when it is replaced. Inputs do not tell what was updated: secrets among them are
  // encrypted anew each time.
  const replaced = kept.filter(({ now, then }) => now.id !== then.id);
  const updated = kept.filter(
    ({ now, then }) => now.id === then.id && modified(now) !== modified(then),
  );
  const labels = (list: { now: StateResource }[]) => list.map(({ now }) => labelOf(now)).sort();
  return {
    created: created.map(labelOf).sort(),
    deleted: deleted.map(labelOf).sort(),
    replaced: labels(replaced),
    updated: labels(updated),
  };
}

/** When the engine last changed a resource. */
function modified(resource: StateResource): string {
  const time = (resource as StateResource & { modified?: string }).modified;
  assert.ok(time, `${labelOf(resource)} has no time`);
  return time;
}

const nothing = { created: [], deleted: [], replaced: [], updated: [] };

describe("the default stack, over its life", function () {
  this.timeout("20m");
  let project: Project;
  let first: EngineResult;
  let preview: EngineResult;

  before(async () => {
    project = await ownProject();
    preview = expectSuccess(await project.preview({ args: ["--diff"] }));
    assert.deepEqual(renderedObjects(project), {}, "a preview renders nothing");
    first = expectSuccess(await project.up({ args: ["--diff"] }));
  });
  after(() => project?.remove());

  it("shows nothing secret in its state, its output or its previews", async () => {
    const again = expectSuccess(await project.preview({ args: ["--diff"] }));
    const shown = [first, preview, again].map(({ stdout, stderr }) => stdout + stderr);
    const files = readdirSync(project.backend, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    assert.ok(files.some((text) => text.includes("cluster/control-plane-0/apiserver")));
    assert.ok([first, preview, again].every(({ leaksPrivateKey }) => !leaksPrivateKey));
    const secrets = secretsOf(project);
    assert.ok(secrets.length > 60);
    for (const { what, text } of secrets) {
      // Not assert.doesNotMatch: a failure must not print the secret.
      assert.ok(!files.some((file) => file.includes(text)), `the state shows ${what}`);
      assert.ok(!shown.some((output) => output.includes(text)), `the output shows ${what}`);
    }
  });

  it("changes nothing the second time", async () => {
    const before = await resources(project);
    const result = expectSuccess(await project.up());
    assert.match(result.stdout, /Resources:\n\s+\d+ unchanged\n/);
    assert.deepEqual(difference(before, await resources(project)), nothing);
  });

  it("replaces exactly a node's serving certificate when its address changes", async () => {
    const before = await resources(project);
    project.configure(
      pools(([workers]) => {
        const node = workers?.nodes[1];
        assert.ok(node);
        node.addresses = ["10.240.0.99"];
      }),
    );
    expectSuccess(await project.up());
    assert.deepEqual(difference(before, await resources(project)), {
      created: [],
      deleted: [],
      replaced: [
        "tls:index/certRequest:CertRequest cluster/workers/worker-1/kubelet-serving",
        "tls:index/locallySignedCert:LocallySignedCert cluster/workers/worker-1/kubelet-serving",
      ],
      updated: ["kubernetes:core/v1:Secret cluster/workers/worker-1"],
    });
    // The plugin replaces an object that may not change in place, and deletes the file that it has just written.
    assert.ok("worker-1" in machineFiles(project));
    await assertRenderedAsKnown(project);
  });

  it("removes exactly a node's resources when the node is removed", async () => {
    project.configure(defaultConfiguration());
    expectSuccess(await project.up());
    const before = await resources(project);
    project.configure(
      pools(([workers]) => {
        assert.equal(workers?.nodes.pop()?.name, "worker-1");
      }),
    );
    expectSuccess(await project.up());
    const ofNode = [...before.values()].filter(({ urn }) => urn.includes("/worker-1"));
    assert.equal(ofNode.length, 7);
    assert.deepEqual(difference(before, await resources(project)), {
      ...nothing,
      deleted: ofNode.map(labelOf).sort(),
    });
    assert.ok(!("worker-1" in machineFiles(project)));
  });

  it("adds exactly a node's resources when a node is added", async () => {
    const before = await resources(project);
    project.configure(
      pools(([workers]) => {
        workers?.nodes.splice(1, 1);
        workers?.nodes.unshift({ name: "worker-2", addresses: ["10.240.0.13"] });
      }),
    );
    expectSuccess(await project.up());
    const { created, ...rest } = difference(before, await resources(project));
    assert.equal(created.length, 7);
    assert.ok(created.every((label) => label.includes("/worker-2")));
    assert.deepEqual(rest, { deleted: [], replaced: [], updated: [] });
  });

  it("keeps everything when the engine is asked for a refresh, which rendered objects cannot have", async () => {
    const before = await resources(project);
    const refresh = await project.refresh();
    assert.notEqual(refresh.code, 0);
    assert.match(refresh.stdout + refresh.stderr, /unreachable cluster/);
    assert.deepEqual(difference(before, await resources(project)), nothing);
  });

  it("leaves no file behind when it is destroyed", async () => {
    expectSuccess(await project.destroy());
    assert.deepEqual(await resources(project), new Map());
    const rendered = join(project.folder, "rendered");
    const left = existsSync(rendered)
      ? readdirSync(rendered, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
      : [];
    assert.deepEqual(left, []);
  });
});

/** Fails unless each object of the state is rendered, and no other. */
async function assertRenderedAsKnown(project: Project): Promise<void> {
  const known = [...(await resources(project)).values()].filter(({ urn }) =>
    /::kubernetes:|\$kubernetes:/.test(urn),
  );
  assert.equal(Object.keys(renderedObjects(project)).length, known.length);
}

/** Texts that must be seen nowhere: private keys as PEM, inside base64, inside base64 of base64, and the token. */
function secretsOf(project: Project): { what: string; text: string }[] {
  const secrets: { what: string; text: string }[] = [];
  const add = (what: string, text: string) => {
    assert.ok(text.length >= 16, what);
    secrets.push({ what, text });
  };
  for (const [machine, files] of Object.entries(machineFiles(project))) {
    for (const [path, { content }] of Object.entries(files)) {
      const isConf = isKubeconfig(path);
      if (!isConf && !path.endsWith(".key")) continue;
      const what = `${path} of ${machine}`;
      const pem = isConf ? kubeconfigOf(content).key : content;
      const base64 = (text: string) => Buffer.from(text).toString("base64");
      add(what, pem.split("\n")[1] ?? "");
      add(`${what}, base64`, base64(pem).slice(60, 120));
      add(`${what}, as a file in base64`, base64(content).slice(-120, -20));
    }
  }
  const encryption =
    machineFiles(project)["control-plane-0"]?.["/etc/kubernetes/apiserver/encryption.yaml"];
  const key = /secret: (\S+)/.exec(encryption?.content ?? "")?.[1] ?? "";
  add("the key of encryption at rest", key);
  const token = Object.values(renderedObjects(project)).find(
    ({ type }) => type === "bootstrap.kubernetes.io/token",
  );
  const secret = Buffer.from(token.data["token-secret"], "base64").toString();
  add("the token's secret", secret);
  add("the token's secret, base64", token.data["token-secret"]);
  return secrets;
}
