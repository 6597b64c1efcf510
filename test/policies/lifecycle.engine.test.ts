import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { take, withoutComment } from "../docs/pages.ts";
import { shellOf } from "../docs/shell.ts";
import {
  type EngineResult,
  expectSuccess,
  makeProject,
  type Project,
  repository,
} from "../support/engine.ts";
import { programText, violationsIn } from "./preview.ts";

const pack = path.join(repository, "policies");

const rejected = `
const options = { provider: parts.provider() };
parts.kubeadmConfig("silent", options);
parts.kubeletConfig("selfSigned", options, "featureGates: { RotateKubeletClientCertificate: true }\\n");
parts.configMap("files", { "join.sh": "kubeadm join --token abcdef.0123456789abcdef" }, options);`;

const accepted = (addresses: string) => `
new Cluster("c", {
  controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.1"] }],
  nodePools: [
    { name: "workers", nodes: [{ name: "w-0", addresses: [${addresses}] }] },
    { name: "burst", servingMode: "bootstrap", nodes: [{ name: "b-0", addresses: ["10.0.0.21"] }] },
  ],
}, { providers: [parts.provider()] });
export const hidden = pulumi.secret("x");`;

describe("policies, through the life of a stack", function () {
  this.timeout(300_000);
  let project: Project;
  afterEach(() => project.remove());

  it("say the same of a stack that they reject before it exists, while it exists, and of its exported state", async () => {
    project = await makeProject({ files: { "index.ts": programText(rejected) } });
    const first = said(await project.preview({ policyPacks: [pack] }));
    assert.deepEqual([...new Set(first.map(({ policy }) => policy))].sort(), [
      "certificate-lifetime",
      "kubelet-serving-trust",
      "kubelet-starts",
      "private-key-exposure",
    ]);
    expectSuccess(await project.up());
    assert.deepEqual(said(await project.preview({ policyPacks: [pack] })), first);
    assert.deepEqual(said(await analyse(project)), first);
  });

  it("fail an update that skips the preview after the fact", async () => {
    project = await makeProject({ files: { "index.ts": programText(rejected) } });
    const up = await project.up({ policyPacks: [pack] });
    assert.notEqual(up.code, 0);
    const { resources } = await project.exportState();
    assert.ok(resources.some(({ type }) => type === "kubernetes:core/v1:ConfigMap"));
  });

  it("accept our cluster before it exists, while it exists, when it changes, and its exported state", async () => {
    const advised = (result: EngineResult) => said(result, 0).map(({ policy }) => policy);
    // It has an approver, and more than one node.
    const always = ["approver-binds-addresses"];
    project = await makeProject({ files: { "index.ts": programText(accepted('"10.0.0.11"')) } });
    // As pages have it, from a project beside the clone.
    fs.symlinkSync(path.join(pack, ".."), path.join(project.folder, "..", "kubelet-trust"));
    project.write("policy-config.json", "{}");
    const { run } = shellOf(project);
    const [elsewhere] = take("README.md", "Policies", "from any other project").commands;
    const [plain, configured] = take("docs/policies/README.md", "Use", "preview").commands;
    assert.equal(plain?.line, withoutComment(elsewhere?.line ?? ""));
    assert.deepEqual(advised(await run(plain?.line ?? "")), always);
    expectSuccess(await project.up());
    assert.deepEqual(advised(await run(configured?.line ?? "")), always);
    assert.deepEqual(advised(await analyse(project)), always);
    project.write("index.ts", programText(accepted('"10.0.0.12"')));
    assert.deepEqual(advised(await project.preview({ policyPacks: [pack] })), always);
  });
});

function said(result: EngineResult, code?: number) {
  const violations = violationsIn(result);
  const output = `${result.stdout}\n${result.stderr}`;
  if (code === undefined) assert.notEqual(result.code, 0, output);
  else assert.equal(result.code, code, output);
  return violations.sort((a, b) => (`${a.policy} ${a.text}` < `${b.policy} ${b.text}` ? -1 : 1));
}

async function analyse(project: Project): Promise<EngineResult> {
  const file = path.join(project.folder, "state.json");
  expectSuccess(await project.pulumi(["stack", "export", "--stack", "test", "--file", file]));
  return project.pulumi(["policy", "analyze", "--file", file, "--policy-pack", pack]);
}
