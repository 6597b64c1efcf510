import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { parse, stringify } from "yaml";
import { machine } from "../../cli/machine.ts";
import { Cluster } from "../../components/index.ts";
import { fileKey } from "../../trust/contract.ts";
import { type Registered, register } from "../components/mocks.ts";
import { folderForAll } from "../support/folders.ts";
import { twoMachines } from "../support/machine-files.ts";

const repository = path.join(import.meta.dirname, "..", "..");

/** Runs the command on streams of its own. */
async function run(args: readonly string[], input = "", env: NodeJS.ProcessEnv = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const written = Promise.all([buffer(stdout), text(stderr)]);
  const code = await machine(args, { stdin: Readable.from([input]), stdout, stderr, env });
  stdout.end();
  stderr.end();
  const [out, told] = await written;
  return { code, stdout: out, stderr: told };
}

describe("npm run machine", function () {
  this.timeout("1m");
  const folder = folderForAll();
  let rendered: string;
  let secrets: Registered[];

  before(async () => {
    rendered = path.join(folder, "rendered");
    const manifests = path.join(rendered, "machines", "1-manifest");
    fs.mkdirSync(manifests, { recursive: true });
    const registered = await register(() => new Cluster("c", twoMachines));
    secrets = registered.filter(({ inputs }) => inputs.type === "kubelet-trust/host-files");
    for (const { name, inputs } of secrets) {
      fs.writeFileSync(
        path.join(manifests, `${name.replaceAll("/", "-")}.yaml`),
        stringify({ apiVersion: "v1", kind: "Secret", ...inputs }),
      );
    }
  });

  it("writes a machine's files with their modes under a folder", async () => {
    const tree = path.join(folder, "tree");
    const { code, stderr } = await run([
      "w-0",
      "--format",
      "tree",
      "--output",
      tree,
      "--from",
      rendered,
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(fs.statSync(tree).mode & 0o777, 0o700);
    const mode = (file: string) => fs.statSync(path.join(tree, file)).mode & 0o777;
    assert.equal(mode("/etc/kubernetes/kubelet.conf"), 0o600);
    assert.equal(mode("/var/lib/kubelet/pki/kubelet-serving.key"), 0o600);
    assert.equal(mode("/etc/kubernetes/pki/ca.crt"), 0o644);
    assert.match(
      fs.readFileSync(path.join(tree, "/etc/systemd/system/kubelet.service"), "utf8"),
      /--hostname-override=w-0/,
    );
  });

  it("gives the same files from the state as from what was rendered", async () => {
    const signature = "4dabf18193072939515e22adb298388d";
    const resources = secrets.map(({ inputs: { data, ...inputs } }) => ({
      inputs: { ...inputs, data: { [signature]: "x", plaintext: JSON.stringify(data) } },
    }));
    const state = JSON.stringify({ deployment: { resources } });
    const fromState = await run(["w-0", "--format", "ignition", "--state", "-"], state);
    const fromFolder = await run(["w-0", "--format", "ignition", "--from", rendered]);
    assert.equal(fromState.code, 0, fromState.stderr);
    assert.ok(fromState.stdout.equals(fromFolder.stdout));
    assert.ok(fromFolder.stdout.length > 1000);
  });

  it("gives user data that names the files", async () => {
    const { stdout } = await run(["cp-0", "--format=cloud-init", "--from", rendered]);
    const paths = parse(stdout.toString()).write_files.map((file: { path: string }) => file.path);
    assert.ok(paths.includes("/etc/kubernetes/manifests/kube-apiserver.yaml"));
  });

  it("writes user data over a cloud's limit, and warns of it in one line beside it", async () => {
    const { code, stdout, stderr } = await run([
      "cp-0",
      "--format",
      "cloud-init",
      "--from",
      rendered,
    ]);
    assert.equal(code, 0);
    assert.ok(stdout.length > 16 * 1024);
    assert.match(
      stderr,
      new RegExp(
        `^machine: warning: cp-0: its user data is ${stdout.length} bytes, over the 16384 .* Give --format cloud-init-base64, .*\\.\\n$`,
      ),
    );
    const small = await run(["cp-0", "--format", "cloud-init-base64", "--from", rendered]);
    assert.deepEqual([small.code, small.stderr], [0, ""]);
  });

  it("fills a pipe that takes less than a machine has at one time, as npm hands one on", () => {
    const large = path.join(folder, "large");
    const manifests = path.join(large, "machines", "1-manifest");
    fs.mkdirSync(manifests, { recursive: true });
    const [{ inputs = {} } = {}] = secrets.filter(({ name }) => name.endsWith("cp-0"));
    const content = Buffer.alloc(300_000, "x").toString("base64");
    const data = { ...inputs.data, [fileKey("/etc/kubernetes/pki/ca.crt")]: content };
    const secret = { apiVersion: "v1", kind: "Secret", ...inputs, data };
    fs.writeFileSync(path.join(manifests, "cp-0.yaml"), stringify(secret));
    const program = path.join(repository, "cli", "kubelet-trust.ts");
    const args = [program, "machine", "cp-0", "--from", large];
    // Whoever looks at its own standard output first makes the pipe one that does not block.
    const handOn = `process.stdout.isTTY; require("node:child_process").spawnSync(process.execPath, ${JSON.stringify(args)}, { stdio: "inherit" })`;
    const { stdout, stderr } = spawnSync(
      "sh",
      ["-c", '"$0" -e "$1" | (sleep 1; tar -tf -)', process.execPath, handOn],
      { encoding: "utf8", env: { ...process.env, npm_lifecycle_event: "" } },
    );
    assert.equal(stderr, "");
    assert.match(stdout, /^etc\/kubernetes\/manifests\/kube-apiserver\.yaml$/m);
  });

  it("refuses a pipe that npm has written to, and takes one that it has not", async () => {
    const args = ["w-0", "--from", rendered];
    const refused = await run(args, "", {
      npm_lifecycle_event: "machine",
      npm_config_loglevel: "",
    });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^machine: npm has written .* Run npm run --silent machine, or /);
    assert.equal(refused.stdout.length, 0);
    const silent = { npm_lifecycle_event: "machine", npm_config_loglevel: "silent" };
    assert.ok((await run(args, "", silent)).stdout.length > 1000);
  });

  it("refuses what others can read, what is there already, and what is not there, in one line", async () => {
    const wide = path.join(folder, "wide");
    fs.mkdirSync(wide, { mode: 0o755 });
    const full = path.join(folder, "full");
    fs.mkdirSync(full, { mode: 0o700 });
    fs.writeFileSync(path.join(full, "a"), "");
    const file = path.join(folder, "wide.tar");
    fs.writeFileSync(file, "", { mode: 0o644 });
    const hidden = JSON.stringify({
      deployment: {
        resources: [{ inputs: { "4dabf18193072939515e22adb298388d": "x", ciphertext: "y" } }],
      },
    });
    const cases: [readonly string[], RegExp, string?][] = [
      [["w-0", "--format", "tree", "--output", wide], /wide has mode 0755.* Run chmod go= /],
      [["w-0", "--output", file], /wide\.tar has mode 0644, and others could read private keys/],
      [["w-0", "--format", "tree", "--output", full], /is not empty\. Give a new folder\.$/],
      [["w-0", "--format", "tree"], /--output: tree needs a folder\. Give one\.$/],
      [["w-9"], /There is no machine w-9 in .*rendered\. Give one of cp-0, w-0\.$/],
      [["w-0", "--format", "zip"], /"zip" is none of tar, cloud-init, .*tree\. Use one of them\.$/],
      [["w-0", "--form", "tar"], /--form: there is no such flag/],
      [["w-0", "--state", "-"], /secrets are hidden\. Export it with --show-secrets\.$/, hidden],
      [["w-0", "--state", "-"], /standard input is no JSON/, "{"],
    ];
    for (const [args, message, input] of cases) {
      const from = args.includes("--state") ? [] : ["--from", rendered];
      const { code, stdout, stderr } = await run([...args, ...from], input);
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr.trimEnd(), message);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.equal(stdout.length, 0);
    }
  });
});
