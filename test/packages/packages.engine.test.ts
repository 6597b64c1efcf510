import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stringify } from "yaml";
import { packageNames } from "../../toolchain/packages.mjs";
import { npmBin, compiler as typescript7 } from "../../toolchain/paths.mjs";
import { versions } from "../../toolchain/versions.mjs";
import { type Clone, makeClone } from "../bench/clone.ts";
import { writeExampleCluster } from "../docs/example-cluster.ts";
import { assertShown, type Section, take } from "../docs/pages.ts";
import { type Ran, shellIn, shellOf } from "../docs/shell.ts";
import { needsPackages } from "../lab/requirements.ts";
import { expectFailure, expectSuccess, makeProject, type Project } from "../support/engine.ts";
import { serveGitHub } from "./github.ts";
import { actGitHub, actGitLab, githubSteps, githubToken } from "./pipelines.ts";
import { serveRegistry } from "./registry.ts";

/** A program as people write them: a cluster that is rendered. */
const program = `
const provider = new k8s.Provider("kubernetes", { renderYamlToDirectory: "rendered/cluster" });
const cluster = new Cluster(
  "cluster",
  {
    controlPlanes: [{ name: "cp-0", addresses: ["10.240.0.10"] }],
    nodePools: [{ name: "workers", nodes: [{ name: "worker-0", addresses: ["10.240.0.20"] }] }],
    machineFiles: { renderTo: "rendered/machines" },
  },
  { providers: [provider] },
);
`;

const imports = `import * as k8s from "@pulumi/kubernetes";
import { Cluster } from "kubelet-trust";
`;

/** \`tsconfig.json\` of the vendor's template kubernetes-typescript. */
const template = {
  strict: true,
  outDir: "bin",
  target: "es2020",
  module: "commonjs",
  moduleResolution: "node",
  sourceMap: true,
  experimentalDecorators: true,
  pretty: true,
  noFallthroughCasesInSwitch: true,
  noImplicitReturns: true,
  forceConsistentCasingInFileNames: true,
};

const nodejs = (options?: object) =>
  stringify({ name: "fresh", runtime: options ? { name: "nodejs", options } : "nodejs" });

const projects: Readonly<
  Record<
    string,
    {
      files: Record<string, string>;
      /** The program that checks types, given what is installed. */
      compiler?: (installed: string) => string;
      packs: boolean;
    }
  >
> = {
  "CommonJS, as pulumi new kubernetes-typescript makes it": {
    files: {
      "Pulumi.yaml": nodejs(),
      "package.json": JSON.stringify({ name: "fresh", main: "index.ts" }),
      "tsconfig.json": JSON.stringify({ compilerOptions: template, files: ["index.ts"] }),
      "index.ts": `${imports}${program}export const made = cluster.urn;\n`,
    },
    compiler: (installed) => path.join(installed, "typescript/bin/tsc"),
    packs: false,
  },
  "an ES module, checked by TypeScript 7": {
    files: {
      "Pulumi.yaml": nodejs({ typescript: false }),
      "package.json": JSON.stringify({ name: "fresh", type: "module", main: "index.ts" }),
      "tsconfig.json": JSON.stringify({
        compilerOptions: { strict: true, module: "nodenext", target: "es2022", noEmit: true },
        files: ["index.ts"],
      }),
      "index.ts": `${imports}${program}export const made = cluster.urn;\n`,
    },
    compiler: () => typescript7,
    packs: false,
  },
  "JavaScript, without TypeScript": {
    files: {
      "Pulumi.yaml": nodejs({ typescript: false }),
      "package.json": JSON.stringify({ name: "fresh", main: "index.js" }),
      "index.js": `const k8s = require("@pulumi/kubernetes");
const { Cluster } = require("kubelet-trust");
${program}exports.made = cluster.urn;
`,
    },
    packs: true,
  },
};

/** A kubelet that signs its own certificate, and a kube-apiserver that verifies against the cluster's CA. */
const broken = `const k8s = require("@pulumi/kubernetes");
const provider = new k8s.Provider("kubernetes", { renderYamlToDirectory: "rendered/cluster" });
new k8s.core.v1.Pod("kube-apiserver", {
  metadata: { name: "kube-apiserver", namespace: "kube-system" },
  spec: { containers: [{ name: "kube-apiserver", image: "registry.k8s.io/kube-apiserver:v1.37.2", command: [
    "kube-apiserver", "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt",
  ] }] },
}, { provider });
new k8s.core.v1.ConfigMap("kubelet-config", {
  metadata: { name: "kubelet-config", namespace: "kube-system" },
  data: { kubelet: "apiVersion: kubelet.config.k8s.io/v1beta1\\nkind: KubeletConfiguration\\n" },
}, { provider });
`;

const ownPack = `const { PolicyPack } = require("@pulumi/policy");
const { analyse, kubeletTrustPolicies } = require("kubelet-trust-policies");
const oursAlone = [
  {
    name: "counts-kubelets",
    description: "Says how many kubelets a stack has.",
    enforcementLevel: "advisory",
    validateStack: ({ resources }, report) =>
      report("kubelets of ours: " + analyse(resources, {}).judged.length),
  },
];
new PolicyPack("ours", {
  policies: [
    ...kubeletTrustPolicies(oursAlone).filter(({ name }) => name === "kubelet-serving-trust"),
    ...oursAlone,
  ],
});
`;

const quietNpm = {
  npm_config_ignore_scripts: "true",
  npm_config_prefer_offline: "true",
  npm_config_audit: "false",
  npm_config_fund: "false",
};

/** Pages leave the versions of SDKs to npm; here are plugins for these alone. */
function pinned({ commands, ...section }: Section): Section {
  const sdks: Readonly<Record<string, string>> = versions;
  const pin = (line: string) =>
    line.replaceAll(/@pulumi\/(\w+)/g, (sdk, name) => `${sdk}@${sdks[name]}`);
  return { ...section, commands: commands.map((one) => ({ ...one, line: pin(one.line) })) };
}

/** Judge, doctor and machine, as who has installed the package calls them. */
const commandsOfPage = take("docs/packages.md", "The command");

describe("the npm packages, installed", function () {
  this.timeout("10m"); // the toolchain may have to be built first

  let root: string;
  let clone: Clone;
  const installed = () => path.join(root, "node_modules");

  before(async () => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-packages-"));
    clone = makeClone({});
    const page = take("docs/packages.md", "The npm packages");
    const [build, ...installs] = page.commands;
    const built = await shellIn(clone.folder, {}).run(build?.line ?? "");
    assert.equal(built.code, 0, built.output);
    for (const name of packageNames) {
      const args = ["pack", "--ignore-scripts", "--pack-destination", root];
      npm(args, path.join(clone.folder, "dist", name));
    }
    // What the vendor's template has.
    const devDependencies = { typescript: "5.9.3", "@types/node": "^22" };
    const manifest = JSON.stringify({ private: true, devDependencies });
    fs.writeFileSync(path.join(root, "package.json"), manifest);
    await shellIn(root, quietNpm).runAll(pinned({ ...page, commands: installs }));
  });
  after(() => {
    fs.rmSync(root, { recursive: true, force: true });
    clone?.remove();
  });

  it("bring no second SDK, and no tests, lab or Go sources", () => {
    const folders = fs.readdirSync(installed(), { recursive: true, encoding: "utf8" });
    const sdks = folders.filter((folder) => /(^|\/)@pulumi\/pulumi\/package\.json$/.test(folder));
    assert.deepEqual(sdks, ["@pulumi/pulumi/package.json"]);
    for (const name of packageNames) {
      const files = fs.readdirSync(path.join(installed(), name), {
        recursive: true,
        encoding: "utf8",
      });
      const foreign = files.filter((file) =>
        /^(test|lab|toolchain)|\.go$|\.test\.|[^d]\.ts$/.test(file),
      );
      assert.deepEqual(foreign, []);
      for (const file of ["LICENSE", "README.md", "package.json"]) assert.ok(files.includes(file));
    }
  });

  it("are installed by their names from a registry, as their own pages say", async () => {
    const project = path.join(root, "by-name");
    const registry = await serveRegistry(
      fs.readdirSync(root).flatMap((file) => (file.endsWith(".tgz") ? path.join(root, file) : [])),
    );
    try {
      // What else is installed is there already; npm fetches the two packages alone.
      fs.mkdirSync(project);
      execFileSync("cp", ["-al", installed(), path.join(project, "node_modules")]);
      for (const name of packageNames) {
        fs.rmSync(path.join(project, "node_modules", name), { recursive: true });
      }
      const { dependencies, devDependencies } = JSON.parse(
        fs.readFileSync(path.join(root, "package.json"), "utf8"),
      );
      const names: readonly string[] = packageNames;
      const others = (all: Record<string, string>) =>
        Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
      const about = {
        private: true,
        dependencies: others(dependencies),
        devDependencies: others(devDependencies),
      };
      fs.writeFileSync(path.join(project, "package.json"), JSON.stringify(about));
      const shell = shellIn(project, { ...quietNpm, npm_config_registry: registry.url });
      await shell.runAll(pinned(take("packages/kubelet-trust/README.md", "kubelet-trust")));
      await shell.runAll(
        pinned(take("packages/kubelet-trust-policies/README.md", "kubelet-trust-policies", "npm")),
      );
      for (const name of packageNames) {
        const manifest = path.join("node_modules", name, "package.json");
        assert.deepEqual(
          fs.readFileSync(path.join(project, manifest)),
          fs.readFileSync(path.join(root, manifest)),
        );
      }
      // The tarballs themselves npm may have kept: it knows them by their digests.
      for (const name of packageNames) assert.ok(registry.given.includes(`/${name}`));
    } finally {
      registry.close();
      fs.rmSync(project, { recursive: true, force: true });
    }
  });

  it("can be published", () => {
    for (const name of packageNames) {
      const said = npm(["publish", "--dry-run", "--json"], path.join(clone.folder, "dist", name));
      assert.match(said, new RegExp(`"id": "${name}@\\d`));
    }
  });

  it("load by import and by require on every Node that is here", () => {
    const nodes = [process.execPath, ...otherNodes()];
    for (const node of nodes) {
      const run = (...args: string[]) => execFileSync(node, args, { cwd: root, encoding: "utf8" });
      const names = `[typeof Cluster, typeof NodePool, typeof judge, typeof kubeletTrustPolicies]`;
      const required = run(
        "-p",
        `const { Cluster, NodePool } = require("kubelet-trust"); const { judge } = require("kubelet-trust/trust");
         const { kubeletTrustPolicies } = require("kubelet-trust-policies"); ${names}.join(" ")`,
      );
      const imported = run(
        "--input-type=module",
        "--eval",
        `import { Cluster, NodePool } from "kubelet-trust"; import { judge } from "kubelet-trust/trust";
         import { kubeletTrustPolicies } from "kubelet-trust-policies"; console.log(${names}.join(" "))`,
      );
      assert.equal(required.trim(), "function function function function", node);
      assert.equal(imported.trim(), "function function function function", node);
    }
  });

  it("bring the command kubelet-trust", () => {
    const command = path.join(installed(), ".bin", "kubelet-trust");
    assert.match(execFileSync(command, ["--help"], { encoding: "utf8" }), /^ {2}judge +what/m);
    const usage = execFileSync(command, ["judge", "--help"], { encoding: "utf8" });
    assert.match(usage, /^usage: kubelet-trust judge/);
  });

  it("judge files, and look for a cluster, as their page says", async () => {
    writeExampleCluster(root);
    const [judge, doctor] = commandsOfPage.commands;
    const { run } = shellIn(root, { KUBECONFIG: path.join(root, "none") });
    const judged = await run((judge?.line ?? "").replace("FOLDER", "cluster"));
    assert.equal(judged.code, 1, judged.output);
    assert.match(judged.stdout, /^Kubernetes 1\.37\.2: rejected, \d of 2 pairs$/m);
    const { code, stderr } = await run(doctor?.line ?? "");
    assert.equal(code, 2);
    assert.match(stderr, /^doctor: there is no kubeconfig /m);
  });

  for (const [kind, { files, compiler, packs }] of Object.entries(projects)) {
    it(`serve a fresh project: ${kind}`, async () => {
      const project = await fresh(files);
      try {
        if (compiler) {
          const options = { cwd: project.folder, stdio: "pipe" } as const;
          execFileSync(process.execPath, [compiler(installed()), "--noEmit"], options);
        }
        const shell = shellOf(project);
        if (packs) {
          project.write(
            "policies.json",
            '{"certificate-lifetime": {"enforcementLevel": "disabled"}}',
          );
          const own = take(
            "packages/kubelet-trust-policies/README.md",
            "kubelet-trust-policies",
            "pulumi preview",
          );
          const page = take("docs/packages.md", "Policies");
          assert.deepEqual(own.commands[0], page.commands[0]);
          await shell.runAll(own);
        }
        const up = expectSuccess(await project.up());
        assert.ok(!up.leaksPrivateKey);
        const machine = await shell.run(commandsOfPage.commands[2]?.line ?? "");
        assert.equal(machine.code, 0, machine.stderr);
        // Not assert.match: a failure must not print the keys.
        assert.ok(machine.stdout.includes("etc/systemd/system/kubelet.service"), kind);
        const rendered = fs.readdirSync(path.join(project.folder, "rendered/cluster/1-manifest"));
        assert.ok(rendered.some((file) => file.includes("kubelet-config")));
        expectSuccess(await project.destroy());
      } finally {
        project.remove();
      }
    });
  }

  it("reject what would break, as a pack and in a pack of one's own", async () => {
    const project = await fresh({
      "Pulumi.yaml": nodejs({ typescript: false }),
      "package.json": JSON.stringify({ name: "fresh", main: "index.js" }),
      "index.js": broken,
      "ours/PulumiPolicy.yaml": "runtime: nodejs\nversion: 0.0.1\n",
      "ours/package.json": JSON.stringify({ name: "ours", version: "0.0.1", main: "index.js" }),
      "ours/index.js": ownPack,
    });
    try {
      const policyPacks = [
        path.join(installed(), "kubelet-trust-policies"),
        path.join(project.folder, "ours"),
      ];
      const { stdout } = expectFailure(await project.preview({ policyPacks }), /preview failed/);
      const [violation = ""] = take("docs/how-to/read-a-violation.md", "Read a violation").shown;
      assertShown(violation, stdout);
      const [published = "", ours = ""] = stdout.split("ours@v0.0.1");
      assert.match(published, /kubelet-trust@v[\s\S]*\[mandatory\].* kubelet-serving-trust /);
      assert.match(ours, /\[mandatory\].* kubelet-serving-trust /);
      assert.match(ours, /kubelets of ours: 1/);
      for (const said of [published, ours]) {
        const links = [...said.matchAll(/^ *More: +(\S+)$/gm)].map(([, link = ""]) => link);
        assert.ok(links.length > 0);
        for (const link of links)
          assert.match(fs.readFileSync(new URL(link), "utf8"), /^# [a-z-]+$/m);
      }
    } finally {
      project.remove();
    }
  });

  it("serve the pipelines that are to be copied, job by job", async function () {
    await needsPackages("gh").call(this);
    const { files } = projects["JavaScript, without TypeScript"] ?? { files: {} };
    const project = await makeProject({ files, name: "fresh", stack: "dev" });
    try {
      // What somebody has committed: the packages are in package.json and its lock.
      fs.rmSync(path.join(project.folder, "node_modules"));
      fs.symlinkSync(installed(), path.join(project.folder, "node_modules"));
      const { dependencies, devDependencies } = JSON.parse(
        fs.readFileSync(path.join(root, "package.json"), "utf8"),
      );
      const about = { private: true, main: "index.js", dependencies, devDependencies };
      project.write("package.json", JSON.stringify(about));
      const committed = fs.readdirSync(root).filter((name) => /^package-lock|\.tgz$/.test(name));
      for (const name of committed) {
        fs.copyFileSync(path.join(root, name), path.join(project.folder, name));
      }
      const [install, preview = "", report] = githubSteps("preview");
      assert.equal(install, "npm ci");
      const page = take(
        "docs/how-to/pack-in-pull-requests.md",
        "Put the policies into pull requests",
      );
      assert.deepEqual(
        page.commands.map(({ line }) => line),
        [`PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true ${preview.replace('"$STACK"', "dev")}`, report],
      );

      const github = await serveGitHub(project.folder, githubToken);
      try {
        // The same is installed for GitLab below, with options.
        const pulled = await actGitHub(project, "preview", /^npm ci$/, github.env);
        assertSucceeded(pulled);
        assert.equal(pulled.length, 3);
        // A second push to the same pull request: its comment is written anew.
        const first = github.comments.map(({ body }) => body);
        assertSucceeded(await actGitHub(project, "preview", /^(?!gh )/, github.env));
        const [comment, ...more] = github.comments;
        assert.deepEqual(more, []);
        assert.equal(comment?.edited, 1);
        assert.deepEqual(first, [comment.body]);
        assertComment(comment.body);
      } finally {
        github.close();
      }
      fs.rmSync(path.join(project.folder, "node_modules"));
      const merging = await actGitLab(project, "preview", /^$/);
      assertSucceeded([merging.ran]);
      const [note, ...more] = merging.comments;
      assert.deepEqual(more, []);
      assert.equal(note?.target, "POST /api/v4/projects/5/merge_requests/7/notes a token");
      assertComment(note.body);

      // A runner is new for each job; here the packages are there already.
      const pushed = await actGitHub(project, "up", /^npm ci$/);
      assertSucceeded(pushed);
      assert.match(pushed[0]?.output ?? "", /Resources:\n +\+ \d+ created/);
      const merged = await actGitLab(project, "up", /^npm ci /);
      assertSucceeded([merged.ran]);
      assert.match(merged.ran.output, /Resources:\n +\d+ unchanged/);
    } finally {
      project.remove();
    }
  });

  /** A project with nothing but what is installed. */
  async function fresh(files: Record<string, string>): Promise<Project> {
    const project = await makeProject({ files, name: "fresh" });
    const modules = path.join(project.folder, "node_modules");
    fs.rmSync(modules);
    fs.symlinkSync(installed(), modules);
    return project;
  }
});

function assertSucceeded(ran: readonly Ran[]): void {
  for (const { code, output } of ran) assert.equal(code, 0, output);
}

/** What a pipeline says to a pull request. */
function assertComment(body: string): void {
  assert.match(body, /^## ✓ kubelet-trust: /);
  assert.ok(body.length < 65_536);
}

/** Nodes of the user's PATH beside the one of this project. */
function otherNodes(): string[] {
  return (process.env.PATH ?? "")
    .split(path.delimiter)
    .filter((folder) => folder !== npmBin)
    .map((folder) => path.join(folder, "node"))
    .filter((file) => fs.existsSync(file) && !file.includes("node_modules"));
}

function npm(args: readonly string[], cwd: string): string {
  return execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}
