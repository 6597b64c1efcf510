import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { stackLocks } from "../../toolchain/backend.mjs";
import { sessionOf } from "../bench/process-tree.ts";
import { kubeconfigFor } from "../support/api-server.ts";
import { expectFailure, expectSuccess, finish, repository } from "../support/engine.ts";

describe("npm start", function () {
  this.timeout(180_000);
  let clone: string;
  const running = new Set<ChildProcess>();

  beforeEach(() => {
    clone = makeClone();
  });
  afterEach(() => {
    for (const child of running) kill(child);
    running.clear();
    fs.rmSync(clone, { recursive: true, force: true });
  });

  it("brings the stack up, again and again, and leaves git's view of the clone alone", async () => {
    const first = expectSuccess(await finish(begin("npm", ["start"])));
    assert.match(first.stderr, /^Pulumi 3\.259\.0: .+ \(.+\)$/m);
    assert.match(first.stdout, new RegExp(`\\+ ${resources} created`));
    const second = expectSuccess(await finish(begin("npm", ["start"])));
    assert.match(second.stdout, new RegExp(`${resources} unchanged`));
    assert.match(second.stderr, /^Nothing to update: /m);
    assert.equal(gitStatus(), "");
    assert.equal(fs.statSync(path.join(clone, ".pulumi/passphrase")).mode & 0o777, 0o600);
    const checkpoint = fs.readFileSync(stateFile(), "utf8");
    assert.match(checkpoint, /"ciphertext"/);
    // The CLI would keep logs of all that it does, which take a fifth of its time.
    const logs = path.join(process.env.PULUMI_HOME ?? "", "logs");
    assert.equal(fs.statSync(logs).isDirectory(), !/built from source/.test(first.stderr));
    assert.doesNotMatch(checkpoint, /PRIVATE KEY/);
  });

  it("passes arguments on to the CLI, creates the stack that they name, and says so", async () => {
    const other = ["start", "--", "--stack", "other", "--diff"];
    const first = expectSuccess(await finish(begin("npm", other)));
    assert.match(first.stderr, /^Creating stack other$/m);
    const second = expectSuccess(await finish(begin("npm", other)));
    assert.doesNotMatch(second.stderr, /Creating/);
    assert.ok(fs.existsSync(stateFile("other")));
    assert.equal(fs.existsSync(stateFile()), false);
    assert.equal(gitStatus(), "");
    const selected = await finish(begin("npm", ["run", "--silent", "pulumi", "--", "whoami"]));
    assert.match(expectSuccess(selected).stdout, /\S/);
  });

  it("refuses what the CLI does not know in one line, before anything is made", async () => {
    for (const [args, message] of [
      [["up", "--nonsense"], /^npm start: unknown flag: --nonsense\. .*--help/],
      [["preview", "--parallel", "many"], /^npm run preview: invalid argument "many"/],
      [["destroy", "-C", os.tmpdir()], /^npm run destroy is about this project\./],
      [["preview"], /^There is no stack dev .*`npm start` creates it\.$/],
      [["preview", "--stack", "typo"], /^There is no stack typo .*`npm start -- --stack typo` /],
      [["destroy", "--stack=typo"], /^There is no stack typo /],
      [["up", "--refresh"], /^Stack dev renders its objects to .*: there is no cluster to refresh/],
      [["pulumi", "--stack", "dev", "refresh"], /^Stack dev renders its objects to /],
      [["up", "-yr", "-c", "kubeconfig=some"], /^Stack dev renders its machines' files to /],
    ] as const) {
      const refused = await finish(begin("node", ["toolchain/run.mjs", ...args]));
      assert.notEqual(refused.code, 0, args.join(" "));
      assert.match(refused.stderr.trimEnd().split("\n").at(-1) ?? "", message);
      assert.ok(refused.stderr.trimEnd().split("\n").length <= 3, refused.stderr);
    }
    assert.deepEqual(stacks(), []);
    assert.equal(gitStatus(), "");
  });

  it("names the settings file that is no YAML, and the line", async () => {
    for (const [text, message] of [
      ["config:\n  kubelet-trust:a: [b\n  c: d\n", /^Pulumi\.dev\.yaml is no YAML: .* line 3/m],
      [
        "config:\n  a: 1\n  a: 2\n",
        /^Pulumi\.dev\.yaml is no YAML: Map keys must be unique .*line/m,
      ],
      ["config: [a]\n", /^Pulumi\.dev\.yaml: config is no map\./m],
      ["[a]\n", /^Pulumi\.dev\.yaml is no map\./m],
    ] as const) {
      fs.writeFileSync(path.join(clone, "Pulumi.dev.yaml"), text);
      const refused = await finish(begin("node", ["toolchain/run.mjs", "up"]));
      assert.match(expectFailure(refused, message).stderr, message);
      assert.doesNotMatch(refused.stderr, /^ +at /m);
      assert.equal(fs.readFileSync(path.join(clone, "Pulumi.dev.yaml"), "utf8"), text);
    }
  });

  it("lets the CLI be used whatever the number of stacks", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `stack-${index}`);
    const cli = (...args: string[]) =>
      finish(begin("node", ["toolchain/run.mjs", "pulumi", ...args]));
    expectSuccess(await cli("stack", "init", "stack-0"));
    const state = fs.readFileSync(stateFile("stack-0"), "utf8");
    for (const name of names) {
      fs.writeFileSync(stateFile(name), state.replaceAll("stack-0", name));
    }
    const listed = expectSuccess(await cli("stack", "ls", "--json"));
    assert.equal(JSON.parse(listed.stdout).length, names.length);
    assert.deepEqual(stacks().sort(), names.sort());
  });

  it("touches nothing here when the CLI is told of another project", async () => {
    const elsewhere = fs.mkdtempSync(path.join(os.tmpdir(), "elsewhere-"));
    try {
      fs.writeFileSync(path.join(elsewhere, "Pulumi.yaml"), "name: other\nruntime: nodejs\n");
      const env = {
        PULUMI_BACKEND_URL: `file://${elsewhere}`,
        PULUMI_CONFIG_PASSPHRASE: "mine",
      };
      for (const [name, ...folder] of [
        ["a", "-C", elsewhere],
        ["b", `--cwd=${elsewhere}`],
      ] as [string, ...string[]][]) {
        const init = ["toolchain/run.mjs", "pulumi", ...folder, "stack", "init", name];
        expectSuccess(await finish(begin("node", init, env)));
      }
      const made = fs.readdirSync(path.join(elsewhere, ".pulumi/stacks/other"));
      const others = made.filter((name) => /\.json$/.test(name));
      assert.deepEqual(others, ["a.json", "b.json"]);
      assert.equal(gitStatus(), "");
      assert.equal(fs.existsSync(path.join(clone, ".pulumi")), false);
    } finally {
      fs.rmSync(elsewhere, { recursive: true });
    }
  });

  it("converges when it is killed, at 20 moments, and leaves no object that the state does not know", async () => {
    fs.writeFileSync(path.join(clone, "index.ts"), renderingProgram);
    const whole = Date.now();
    expectSuccess(await finish(begin("node", up)));
    const length = Date.now() - whole;
    for (let round = 0; round < 20; round++) {
      // Each run is to make other objects than the one before, and other keys.
      const variant = `variant-${round}`;
      const child = begin("node", up, { VARIANT: variant });
      const ended = once(child, "close");
      // The runs' beginning is always the same: most moments lie in the second half.
      await Promise.race([
        ended,
        sleep(length * (round % 4 === 0 ? 1 : 0.5 + 0.6 * Math.random())),
      ]);
      kill(child);
      await ended;
      if (round % 4 !== 3) continue;
      const steady = { VARIANT: `steady-${round}` };
      expectSuccess(await finish(begin("node", up, steady)));
      await assertRenderedAsKnown();
    }
    assert.equal(gitStatus(), " M index.ts\n");
  }).timeout(600_000);

  it("leaves no kubeconfig behind, which the vendor's plugin writes among the temporary files", async () => {
    const kubeconfig = kubeconfigFor("https://127.0.0.1:1", "SWORDFISH");
    fs.writeFileSync(
      path.join(clone, "index.ts"),
      `import * as fs from "node:fs";
import { Provider } from "@pulumi/kubernetes";
const provider = new Provider("cluster", { kubeconfig: ${JSON.stringify(kubeconfig)} });
provider.id.apply(() => console.log("written:", process.env.TMPDIR, fs.readdirSync(process.env.TMPDIR ?? "")));
`,
    );
    const temporary = path.join(clone, "temporary");
    fs.mkdirSync(temporary);
    const { stdout } = await finish(begin("node", up, { TMPDIR: temporary }));
    assert.match(stdout, /written: \S+\/temporary\/kubelet-trust-run-\w+ .*'kubeconfig\d+'/);
    assert.deepEqual(fs.readdirSync(temporary), []);
  });

  it("makes machines' files again that were removed, where a cluster gets the other objects", async () => {
    fs.writeFileSync(path.join(clone, "index.ts"), machinesProgram);
    fs.writeFileSync(
      path.join(clone, "Pulumi.dev.yaml"),
      "config:\n  kubelet-trust:kubeconfig: some\n",
    );
    const start = () => finish(begin("node", up));
    expectSuccess(await start());
    const folder = path.join(clone, "rendered/machines/1-manifest");
    const before = fs.readdirSync(folder).map((name) => [name, read(name)] as const);
    assert.equal(before.length, 2);
    for (const [name] of before) fs.rmSync(path.join(folder, name));

    const again = expectSuccess(await start());
    assert.match(again.stderr, /^Rendered again: 2 files in .*rendered that were removed or/m);
    assert.match(again.stdout, /unchanged/);
    for (const [name, text] of before) {
      // Not assert.equal: a failure must not print the key.
      assert.ok(read(name) === text, `${name} is another`);
      assert.equal(fs.statSync(path.join(folder, name)).mode & 0o777, 0o600);
    }

    function read(name: string): string {
      return fs.readFileSync(path.join(folder, name), "utf8");
    }
  }).timeout(600_000);

  it("drops operations that had begun, without asking a cluster", async () => {
    expectSuccess(await finish(begin("node", up)));
    const state = JSON.parse(fs.readFileSync(stateFile(), "utf8"));
    const { resources: all } = state.checkpoint.latest;
    const begun = { ...all.at(-1), urn: `${all.at(-1).urn}-begun`, id: "" };
    state.checkpoint.latest.pending_operations = [{ resource: begun, type: "creating" }];
    fs.writeFileSync(stateFile(), JSON.stringify(state));
    const again = expectSuccess(await finish(begin("node", up)));
    assert.match(again.stderr, /^The last run was interrupted: dropping/m);
    assert.doesNotMatch(`${again.stdout}${again.stderr}`, /interrupted while|pending/);
    assertComplete();
  });

  it("refuses a state that a crash has torn, and goes on from the one before", async () => {
    const start = () => finish(begin("node", up));
    expectSuccess(await start());
    expectSuccess(await start());
    const torn = fs.readFileSync(stateFile(), "utf8").slice(0, -200);
    fs.writeFileSync(stateFile(), torn);
    const refused = expectFailure(await start(), /dev\.json is torn or garbled/);
    assert.equal(fs.readFileSync(stateFile(), "utf8"), torn);
    assert.doesNotMatch(`${refused.stdout}${refused.stderr}`, /ciphertext|^ +at /m);
    const [, from = "", to = ""] = /mv (\S+) (\S+), then/.exec(refused.stderr) ?? [];
    fs.renameSync(from, to);
    expectSuccess(await start());
    assertComplete();
  });

  it("removes the lock and the half-written files of a CLI that was killed", async () => {
    const child = begin("node", up, slow);
    await atWork(child);
    kill(child);
    await once(child, "close");
    for (let look = 0; look < 50 && sessionOf(child.pid ?? 0).length > 0; look++) await sleep(100);
    assert.deepEqual(sessionOf(child.pid ?? 0), [], "a plugin has outlived them");
    const { length: left } = stackLocks(path.join(clone, ".pulumi/state"));
    assert.equal(left, 1, "the killed CLI left its lock");
    // Killed a moment later or earlier it leaves this too.
    fs.writeFileSync(`${stateFile()}.attrs`, "");

    const again = expectSuccess(await finish(begin("node", up)));
    assert.match(again.stderr, /Removing the lock of process \d+, which is gone/);
    assertComplete();
  });

  it("waits for the CLI that outlived a killed npm start", async () => {
    const child = begin("node", up, slow);
    await atWork(child);
    child.kill("SIGKILL");
    const again = expectSuccess(await finish(begin("node", up)));
    assert.match(again.stderr, /Waiting for pulumi \(process \d+\), which is at work/);
    assertComplete();
  });

  it("ends the CLI in an orderly way when it is asked to end", async () => {
    const child = begin("node", up, slow);
    await atWork(child);
    child.kill("SIGTERM");
    const { code } = await finish(child);
    assert.notEqual(code, 0);
    assert.deepEqual(stackLocks(path.join(clone, ".pulumi/state")), []);
    expectSuccess(await finish(begin("node", up)));
    assertComplete();
  });

  it("does one after the other when run twice at once", async () => {
    const [one, two] = await Promise.all([finish(begin("node", up)), finish(begin("node", up))]);
    const outputs = [expectSuccess(one), expectSuccess(two)].map(({ stdout }) => stdout).join("");
    assert.match(outputs, new RegExp(`\\+ ${resources} created`));
    assert.match(outputs, new RegExp(`${resources} unchanged`));
    assertComplete();
  });

  it("keeps the salt of a stack with encrypted settings, which is the user's to commit", async () => {
    const set = ["run", "pulumi", "--", "config", "set", "--stack", "dev"];
    expectSuccess(await finish(begin("npm", ["start"])));
    expectSuccess(await finish(begin("npm", [...set, "plain", "seen"])));
    const settings = () => fs.readFileSync(path.join(clone, "Pulumi.dev.yaml"), "utf8");
    assert.match(settings(), /kubelet-trust:plain: seen/);
    assert.doesNotMatch(settings(), /encryptionsalt/);
    expectSuccess(await finish(begin("npm", [...set, "--secret", "word", "hush"])));
    assert.match(settings(), /^encryptionsalt: /m);
    assert.doesNotMatch(settings(), /hush/);
    expectSuccess(await finish(begin("npm", ["start"])));
    const get = ["run", "--silent", "pulumi", "--", "config", "get", "--stack", "dev", "word"];
    assert.match(expectSuccess(await finish(begin("npm", get))).stdout, /^hush$/m);
  });

  it("leaves backend and passphrase to the user who names them", async () => {
    const backend = path.join(clone, "elsewhere");
    fs.mkdirSync(backend);
    const env = { PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "mine" };
    expectSuccess(await finish(begin("node", up, env)));
    assert.ok(fs.existsSync(path.join(backend, ".pulumi/stacks/kubelet-trust/dev.json")));
    assert.equal(fs.existsSync(path.join(clone, ".pulumi/state")), false);
    assert.equal(fs.existsSync(path.join(clone, ".pulumi/passphrase")), false);
  });

  it("says what to do when the passphrase is lost", async () => {
    expectSuccess(await finish(begin("node", up)));
    fs.rmSync(path.join(clone, ".pulumi/passphrase"));
    const lost = await finish(begin("node", up));
    expectFailure(lost, /passphrase is missing, but .*Put the file back, or set/s);
    assert.doesNotMatch(lost.stderr, /^ +at /m);
  });

  it("destroys what it brought up", async () => {
    expectSuccess(await finish(begin("npm", ["start"])));
    const destroyed = expectSuccess(await finish(begin("npm", ["run", "destroy"])));
    assert.match(destroyed.stdout, new RegExp(`- ${resources} deleted`));
    assert.equal(gitStatus(), "");
  });

  /** Starts a program in the clone, without a terminal and in a process group of its own. */
  function begin(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const { PULUMI_BACKEND_URL: _, PULUMI_CONFIG_PASSPHRASE: __, ...inherited } = process.env;
    const child = spawn(command, args, {
      cwd: clone,
      env: { ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running.add(child);
    return child;
  }

  /** Waits until the update holds its lock and makes keys. */
  async function atWork(child: ChildProcess): Promise<void> {
    let seen = "";
    child.stdout?.on("data", (text: Buffer) => {
      seen += text;
    });
    while (!/PrivateKey key\d .*creat/.test(seen)) {
      assert.equal(child.exitCode, null, "the update ended before it could be disturbed");
      await sleep(20);
    }
  }

  /** Fails unless the rendered files are those of the state's objects, with the keys that the state has. */
  async function assertRenderedAsKnown(): Promise<void> {
    const show = ["pulumi", "stack", "export", "--stack", "dev", "--show-secrets"];
    const child = begin("node", ["toolchain/run.mjs", ...show]);
    let text = "";
    for await (const chunk of child.stdout ?? []) text += chunk;
    const { resources: all, pending_operations } = JSON.parse(text).deployment;
    assert.deepEqual(pending_operations ?? [], []);
    type Known = {
      urn: string;
      inputs: { metadata: { name: string } };
      outputs: { privateKeyPem: string };
    };
    const objects = (all as Known[]).filter(({ urn }) => urn.includes("kubernetes:core"));
    const folder = path.join(clone, "rendered/1-manifest");
    const files = fs.readdirSync(folder).sort();
    const named = objects
      .map(({ inputs }) => `v1-secret-default-${inputs.metadata.name}.yaml`)
      .sort();
    assert.deepEqual(files, named);
    const keysKnown = (all as Known[]).flatMap(({ outputs }) => outputs?.privateKeyPem ?? []);
    const keysKnownTexts = keysKnown.map((key) =>
      typeof key === "string" ? key : JSON.parse((key as { plaintext: string }).plaintext),
    );
    for (const file of files) {
      const { stringData, data } = parse(fs.readFileSync(path.join(folder, file), "utf8"));
      const key = stringData?.key ?? Buffer.from(data.key, "base64").toString();
      assert.ok(keysKnownTexts.includes(key), `${file} holds a key that the state does not know`);
    }
  }

  function stacks(): string[] {
    const folder = path.dirname(stateFile());
    if (!fs.existsSync(folder)) return [];
    return fs.readdirSync(folder).flatMap((name) => /^(.*)\.json$/.exec(name)?.[1] ?? []);
  }

  function assertComplete(): void {
    const { latest } = JSON.parse(fs.readFileSync(stateFile(), "utf8")).checkpoint;
    assert.equal(latest.resources.length, resources + 1, "all resources and their provider");
    assert.deepEqual(latest.pending_operations ?? [], []);
    assert.deepEqual(stackLocks(path.join(clone, ".pulumi/state")), []);
    assert.equal(gitStatus(), "");
  }

  function stateFile(stack = "dev"): string {
    return path.join(clone, `.pulumi/state/.pulumi/stacks/kubelet-trust/${stack}.json`);
  }

  function gitStatus(): string {
    return execFileSync("git", ["status", "--porcelain"], { cwd: clone, encoding: "utf8" });
  }
});

/** `npm start` where its preview is not at issue. */
const up = ["toolchain/run.mjs", "up", "--skip-preview"];

/** How many keys the program makes. */
const keys = 5;

/** Has it make keys that take some seconds. */
const slow = { SLOW: "1" };

/** The stack itself and its keys. */
const resources = keys + 1;

/** Keys, each in a rendered Secret; their names vary from run to run. */
const renderingProgram = `
  import * as k8s from "@pulumi/kubernetes";
  import * as tls from "@pulumi/tls";
  const variant = process.env.VARIANT ?? "steady";
  const provider = new k8s.Provider("kubernetes", { renderYamlToDirectory: "rendered" });
  for (let i = 0; i < 4; i++) {
    // One object stays and gets another key; the others come and go.
    // Without a namespace the plugin deletes the file of a Secret that it has just replaced, killed or not.
    const name = i === 0 ? "always" : variant + "-" + i;
    const ecdsaCurve = i === 0 && variant.length % 2 ? "P384" : "P256";
    const key = new tls.PrivateKey(name, { algorithm: "ECDSA", ecdsaCurve });
    new k8s.core.v1.Secret(name, { metadata: { name, namespace: "default" }, stringData: { key: key.privateKeyPem } }, { provider });
  }`;

/** Two machines' Secrets, rendered apart as with a kubeconfig. Nothing is sent to a cluster: its part is not at issue. */
const machinesProgram = `
  import * as k8s from "@pulumi/kubernetes";
  import * as tls from "@pulumi/tls";
  const provider = new k8s.Provider("machines", { renderYamlToDirectory: "rendered/machines" });
  for (const name of ["cp-0", "w-0"]) {
    const key = new tls.PrivateKey(name, { algorithm: "ECDSA", ecdsaCurve: "P256" });
    new k8s.core.v1.Secret(name, { metadata: { name, namespace: "default" }, stringData: { key: key.privateKeyPem } }, { provider });
  }`;

/** A repository with this one's toolchain and packages, and a small program. */
function makeClone(): string {
  const clone = fs.mkdtempSync(path.join(os.tmpdir(), "clone-"));
  for (const entry of ["toolchain", "package.json", "package-lock.json", ".gitignore"]) {
    fs.cpSync(path.join(repository, entry), path.join(clone, entry), { recursive: true });
  }
  const files = {
    "Pulumi.yaml":
      "name: kubelet-trust\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: index.ts\n",
    "Pulumi.dev.yaml": "# What the stack is made of.\nconfig:\n  kubelet-trust:seen: yes\n",
    "index.ts": `
      import * as tls from "@pulumi/tls";
      const kind = process.env.SLOW ? { algorithm: "RSA", rsaBits: 3072 } : { algorithm: "ECDSA", ecdsaCurve: "P256" };
      for (let i = 0; i < ${keys}; i++) new tls.PrivateKey("key" + i, kind);`,
  };
  for (const [file, content] of Object.entries(files)) {
    fs.writeFileSync(path.join(clone, file), content);
  }
  fs.symlinkSync(path.join(repository, "node_modules"), path.join(clone, "node_modules"));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: clone });
  git("init", "--quiet");
  // A link is not the folder that .gitignore names.
  fs.appendFileSync(path.join(clone, ".git/info/exclude"), "node_modules\n");
  git("add", ".");
  git(
    ...["-c", "user.name=test", "-c", "user.email=test@example.com"],
    ...["commit", "--quiet", "-m", "x"],
  );
  return clone;
}

/** Kills all of a program's session: the engine gives each plugin a process group of its own. */
function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  // Elsewhere than on Linux the program's own process group.
  for (const each of fs.existsSync("/proc/self/stat") ? sessionOf(pid) : [-pid]) {
    try {
      process.kill(each, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}
