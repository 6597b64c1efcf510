import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";

const root = path.join(import.meta.dirname, "..");
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");
const versionOf = (dependency: string) =>
  JSON.parse(read("package.json")).dependencies[dependency] as string;

/** Every string below a key that holds shell: `run` of GitHub, `script` and `before_script` of GitLab. */
function shellOf(value: unknown, isShell = false): string[] {
  if (typeof value === "string") return isShell ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((one) => shellOf(one, isShell));
  if (typeof value !== "object" || value === null) return [];
  // YAML makes a mapping of a step with a colon and a space, and a runner refuses the file.
  assert.ok(!isShell, `no text: ${JSON.stringify(value)}`);
  return Object.entries(value).flatMap(([key, one]) =>
    shellOf(one, ["run", "script", "before_script"].includes(key)),
  );
}

const bash = (...args: string[]) => spawnSync("bash", args, { encoding: "utf8" });

for (const file of ["github.yml", "gitlab-ci.yml"]) {
  describe(`examples/pipelines/${file}`, () => {
    const text = read(`examples/pipelines/${file}`);
    const steps = shellOf(parse(text));
    const shell = steps.join("\n");

    it("has steps, and each is a shell's", () => {
      assert.ok(steps.length >= 4);
      for (const step of steps) {
        const { status, stderr } = bash("-n", "-c", step);
        assert.equal(status, 0, `${step}\n${stderr}`);
      }
    });

    it("uses commands and options that kubelet-trust has", () => {
      const used = [...shell.matchAll(/\bkubelet-trust ([a-z]+)((?: --?[\w-]+(?: [\w.]+)?)*)/g)];
      assert.ok(used.length > 0);
      for (const [, command = "", options = ""] of used) {
        const { status, stdout } = spawnSync(
          process.execPath,
          [path.join(root, "cli/kubelet-trust.ts"), command, "--help"],
          { encoding: "utf8" },
        );
        assert.equal(status, 0, command);
        const named = options.match(/--[\w-]+/g) ?? [];
        assert.ok(named.length > 0);
        for (const option of named) assert.match(stdout, new RegExp(`^ +${option} `, "m"));
      }
    });

    it("needs no npm script of the project", () => {
      const scripts = [...shell.matchAll(/(?<![.\w])npm (\S+)/g)].map(([, script]) => script);
      assert.deepEqual([...new Set(scripts)], ["ci"]);
    });

    it("puts the policies' package on every preview and up", () => {
      const { name } = JSON.parse(read("packages/kubelet-trust-policies/package.json"));
      const runs = steps.filter((step) => /\bpulumi (preview|up) /.test(step));
      assert.equal(runs.length, 2);
      for (const run of runs) {
        assert.match(run, new RegExp(`--policy-pack node_modules/${name}(?: |$)`));
      }
    });

    it("streams the preview's events", () => {
      assert.match(text, /^ +PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true"$/m);
    });

    it("has the Pulumi that the components are tested with", () => {
      const versions = text.match(/\b\d+\.\d+\.\d+\b/g) ?? [];
      assert.deepEqual([...new Set(versions)], [versionOf("@pulumi/pulumi")]);
    });
  });
}

describe("the preview's end in examples/pipelines/gitlab-ci.yml", () => {
  const script: string[] = parse(read("examples/pipelines/gitlab-ci.yml")).preview.script;
  const last = script.at(-1) ?? "";
  for (const [before, wanted] of [
    ["", 0],
    ["previewed=255", 1],
    ["reported=2", 1],
  ] as const) {
    it(`exits ${wanted} after ${before || "a preview and a report that pass"}`, () => {
      assert.equal(bash("-c", `${before}\n${last}`).status, wanted);
    });
  }
});
