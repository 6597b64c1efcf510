import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { pulumiEnvironment } from "../../toolchain/environment.mjs";
import { compileFlags } from "../../toolchain/go.mjs";
import { ensureLanguages, withYaml } from "../../toolchain/languages.mjs";
import { buildPackages } from "../../toolchain/packages.mjs";
import { createProgress } from "../../toolchain/progress.mjs";
import { reference, referencePage } from "../../toolchain/reference.mjs";
import { commandsPage, commandsReference } from "../../toolchain/reference-commands.mjs";
import { versions } from "../../toolchain/versions.mjs";
import { acceptedMachines } from "../components/stack.ts";
import { type Command, take } from "../docs/pages.ts";
import { shellIn } from "../docs/shell.ts";
import {
  expectFailure,
  expectSuccess,
  makeProject,
  type Project,
  repository,
} from "../support/engine.ts";
import { describedFiles } from "../support/key-material.ts";

const read = (file: string) => fs.readFileSync(path.join(repository, file), "utf8");
const pack = path.join(repository, "policies");
const progress = createProgress();

/** The program of the example, from the folder that the package was built into. */
const example = parse(read("examples/yaml/Pulumi.yaml"));

/** A pool in another stack, as docs/any-language.md has it. */
const poolProgram = (cluster: string) => ({
  ...{ name: "pool", runtime: "yaml", packages: { "kubelet-trust": "./dist/kubelet-trust" } },
  resources: {
    kubernetes: {
      type: "pulumi:providers:kubernetes",
      properties: { renderYamlToDirectory: "rendered/cluster" },
    },
    cluster: { type: "pulumi:pulumi:StackReference", properties: { name: cluster } },
    pool: {
      type: "kubelet-trust:NodePool",
      properties: {
        pool: { name: "more", nodes: [{ name: "more-0", addresses: ["10.240.0.31"] }] },
        settings: `\${cluster.outputs["settings"]}`,
        ca: `\${cluster.outputs["ca"]}`,
      },
      options: { providers: [`\${kubernetes}`] },
    },
  },
});

describe("the components in other languages", function () {
  this.timeout("10m"); // the language host may have to be built first

  let yaml: Project;
  const projects: Project[] = [];
  const { commands } = take("docs/any-language.md", "In a project");
  /** A command of the page, with the folder that the package was built into. */
  const fromPage = (command: Command | undefined) =>
    shellIn(yaml.folder, yaml.env).run((command?.line ?? "").replace("./", "./dist/"));
  const schemaFile = () => path.join(yaml.folder, "dist/kubelet-trust/schema.json");

  before(async () => {
    const env = await withYaml(await pulumiEnvironment(progress));
    yaml = await makeProject({
      name: "kubelet-trust-yaml",
      stack: "dev",
      files: { "Pulumi.yaml": stringify({ ...example, packages: {} }) },
      env: { PATH: env.PATH },
    });
    projects.push(yaml);
    await buildPackages({ say: () => {} }, path.join(yaml.folder, "dist"), ["kubelet-trust"]);
    // Of these versions there are plugins here. Whoever has the vendor's plugins may leave it to `package add`.
    const sdks = { pulumi: versions.pulumi, kubernetes: versions.kubernetes, tls: versions.tls };
    const tested = Object.entries(sdks).map(([name, version]) => `@pulumi/${name}@${version}`);
    execFileSync("npm", ["install", "--no-save", "--prefer-offline", "--no-audit", ...tested], {
      cwd: path.join(yaml.folder, "dist/kubelet-trust"),
      stdio: "pipe",
    });
  });
  after(() => {
    for (const project of projects) project.remove();
  });

  it("are a package that a project takes from a folder", async () => {
    const add = expectSuccess(await fromPage(commands[0]));
    assert.match(add.stderr + add.stdout, /Added package kubelet-trust/);
    const { packages } = parse(fs.readFileSync(path.join(yaml.folder, "Pulumi.yaml"), "utf8"));
    assert.deepEqual(packages, { "kubelet-trust": "./dist/kubelet-trust" });
  });

  it("are described in full by the schema that Pulumi reads", async () => {
    const said = await fromPage(commands[1]);
    const schema = JSON.parse(fs.readFileSync(schemaFile(), "utf8"));
    assert.deepEqual(JSON.parse(expectSuccess(said).stdout), { config: {}, ...schema });
    assert.deepEqual(Object.keys(schema.resources), [
      "kubelet-trust:index:Cluster",
      "kubelet-trust:index:NodePool",
    ]);
    // What nobody would notice otherwise: a page that is behind.
    assert.equal(fs.readFileSync(referencePage, "utf8"), reference(schema), "npm run reference");
    const help = await commandsReference();
    assert.equal(fs.readFileSync(commandsPage, "utf8"), help, "npm run reference");
    const described = [...objectsIn(schema.resources), ...objectsIn(schema.types)];
    assert.ok(described.length > 80);
    assert.deepEqual(
      described.filter(([, one]) => typeof one.description !== "string" || one.description === ""),
      [],
    );
  });

  it("provision the default stack from YAML, with the same files as from TypeScript", async () => {
    const { stdout } = expectSuccess(await yaml.preview({ policyPacks: [pack] }));
    assert.match(stdout, /^ +- \[advisory\] .* approver-binds-addresses /m);
    assert.doesNotMatch(stdout, /mandatory/);
    const up = expectSuccess(await yaml.up());
    assert.equal(up.leaksPrivateKey, false);
    assert.deepEqual(acceptedMachines(yaml), [
      "burst-0",
      "control-plane-0",
      "worker-0",
      "worker-1",
    ]);

    const typescript = await makeProject({
      ...{ program: repository, stack: "dev", config: defaultStack() },
    });
    projects.push(typescript);
    expectSuccess(await typescript.up());
    const ours = describedFiles(path.join(yaml.folder, "rendered"));
    const theirs = describedFiles(path.join(typescript.folder, "rendered"));
    assert.deepEqual(Object.keys(ours), Object.keys(theirs));
    const machines = Object.keys(ours).filter((file) => file.includes("host-files-"));
    assert.equal(machines.length, 4);
    for (const [file, text] of Object.entries(theirs)) assert.equal(ours[file], text, file);
    // What has to differ was described, and not left out.
    const whole = Object.values(ours).join("\n");
    for (const what of [
      /certificate\{"subject":"O=system:nodes/,
      /RSA PRIVATE KEY|EC PRIVATE KEY/,
    ]) {
      assert.match(whole, what);
    }

    const outputs = await yaml.outputs();
    assert.equal(outputs.userData, "[secret]");
    assert.equal(outputs.ca, "[secret]");
    assert.deepEqual(outputs.caStanding, { generation: 1, origins: { 1: "made" } });
    assert.match(expectSuccess(await yaml.preview()).stdout, /^Resources:\n +\d+ unchanged/m);
  });

  it("add a pool from a stack of its own", async () => {
    const env = await withYaml(await pulumiEnvironment(progress));
    const program = stringify(poolProgram("organization/kubelet-trust-yaml/dev"));
    const pool = await makeProject({
      ...{ name: "pool", files: { "Pulumi.yaml": program }, backend: yaml.backend },
      env: { PATH: env.PATH },
    });
    projects.push(pool);
    fs.symlinkSync(path.join(yaml.folder, "dist"), path.join(pool.folder, "dist"));
    expectSuccess(await pool.up());
    const files = describedFiles(path.join(pool.folder, "rendered"));
    const machine = Object.entries(files).find(([file]) => file.endsWith("host-files-more-0.yaml"));
    assert.match(machine?.[1] ?? "", /"subject":"O=system:nodes\\nCN=system:node:more-0"/);
  });

  it("refuse what will not do by field, value and remedy, and make nothing", async () => {
    const program = structuredClone(example);
    program.packages = { "kubelet-trust": "./dist/kubelet-trust" };
    program.resources.cluster.properties.nodePools[0].servingMode = "selfSigned";
    program.resources.cluster.properties.controlPlanes[0].addresses = ["10.240.0"];
    yaml.write("Pulumi.yaml", stringify(program));
    const { stdout, stderr } = expectFailure(await yaml.preview(), /nodePools\[0\]\.servingMode: /);
    assert.match(
      stdout + stderr,
      /controlPlanes\[0\]\.addresses\[0\]: "10\.240\.0" is no IP address\. /,
    );
    assert.doesNotMatch(stdout + stderr, /^ +at /m);
  });

  it("have SDKs for Python and Go that their compilers take", async () => {
    const generate = path.join(await ensureLanguages(progress), "generate-sdk");
    const sdk = (language: string) => {
      const folder = path.join(yaml.folder, "sdk", language);
      execFileSync(generate, [language, schemaFile(), folder], { stdio: "pipe" });
      return folder;
    };
    const python = sdk("python");
    execFileSync("python3", ["-m", "compileall", "-q", python], { stdio: "pipe" });
    const cluster = path.join(python, "pulumi_kubelet_trust/cluster.py");
    assert.match(fs.readFileSync(cluster, "utf8"), /control_planes: Sequence\['MachineArgs'\]/);

    const go = sdk("go");
    const host = path.join(repository, "toolchain/go/pulumi-language-nodejs");
    fs.copyFileSync(path.join(host, "go.sum"), path.join(go, "go.sum"));
    const flags = ["-mod=mod", ...compileFlags].join(" ");
    const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: flags };
    const compile = (...args: string[]) =>
      execFileSync("go", args, { cwd: go, env, stdio: "pipe" });
    compile("mod", "edit", `-require=github.com/pulumi/pulumi/sdk/v3@v${versions.pulumi}`);
    compile("build", "./...");
  });
});

/** Everything in a schema that a reader looks up: components, types and their fields. */
function objectsIn(all: Record<string, Record<string, unknown>>) {
  return Object.entries(all).flatMap(([name, one]) => [
    [name, one] as const,
    ...["inputProperties", "properties"].flatMap((fields) =>
      Object.entries((one[fields] ?? {}) as Record<string, Record<string, unknown>>).map(
        ([field, spec]) => [`${name}.${field}`, spec] as const,
      ),
    ),
  ]);
}

/** The configuration of the default stack. */
function defaultStack(): Record<string, unknown> {
  return parse(read("Pulumi.dev.yaml")).config;
}
