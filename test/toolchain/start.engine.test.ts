import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stackLocks } from "../../toolchain/backend.mjs";
import { expectFailure, expectSuccess, finish, repository } from "../support/engine.ts";

describe("npm start", function () {
  this.timeout(180_000);
  let clone: string;
  const running = new Set<ChildProcess>();

  beforeEach(() => {
    clone = makeClone();
  });
  afterEach(() => {
    for (const child of running) kill(child, "SIGKILL");
    running.clear();
    fs.rmSync(clone, { recursive: true, force: true });
  });

  it("brings the stack up, again and again, and leaves git's view of the clone alone", async () => {
    const first = expectSuccess(await finish(begin("npm", ["start"])));
    assert.match(first.stderr, /^Pulumi 3\.259\.0: .+ \(.+\)$/m);
    assert.match(first.stdout, new RegExp(`\\+ ${resources} created`));
    const second = expectSuccess(await finish(begin("npm", ["start"])));
    assert.match(second.stdout, new RegExp(`${resources} unchanged`));
    assert.equal(gitStatus(), "");
    assert.equal(fs.statSync(path.join(clone, ".pulumi/passphrase")).mode & 0o777, 0o600);
    const checkpoint = fs.readFileSync(stateFile(), "utf8");
    assert.match(checkpoint, /"ciphertext"/);
    assert.doesNotMatch(checkpoint, /PRIVATE KEY/);
  });

  it("passes arguments on to the CLI", async () => {
    expectSuccess(await finish(begin("npm", ["start", "--", "--stack", "other", "--diff"])));
    assert.ok(fs.existsSync(stateFile("other")));
    assert.equal(fs.existsSync(stateFile()), false);
    const selected = await finish(begin("npm", ["run", "--silent", "pulumi", "--", "whoami"]));
    assert.match(expectSuccess(selected).stdout, /\S/);
    expectFailure(await finish(begin("npm", ["start", "--", "--nonsense"])), /unknown flag/);
  });

  for (const after of [1, 3]) {
    it(`converges when everything is killed after ${after} resources`, async () => {
      const child = begin("node", ["toolchain/run.mjs", "up", "--skip-preview"]);
      await resourcesCreated(child, after);
      kill(child, "SIGKILL");
      await once(child, "close");
      const { length: left } = stackLocks(path.join(clone, ".pulumi/state"));
      assert.equal(left, 1, "the killed CLI left its lock");
      // Killed a moment later or earlier it leaves this too.
      fs.writeFileSync(`${stateFile()}.attrs`, "");

      const again = expectSuccess(await finish(begin("node", ["toolchain/run.mjs", "up"])));
      assert.match(again.stderr, /Removing the lock of process \d+, which is gone/);
      assertComplete();
    });
  }

  it("waits for the CLI that outlived a killed npm start", async () => {
    const child = begin("node", ["toolchain/run.mjs", "up", "--skip-preview"]);
    await resourcesCreated(child, 1);
    child.kill("SIGKILL");
    const again = expectSuccess(await finish(begin("node", ["toolchain/run.mjs", "up"])));
    assert.match(again.stderr, /Waiting for pulumi \(process \d+\), which is at work/);
    assertComplete();
  });

  it("ends the CLI in an orderly way when it is asked to end", async () => {
    const child = begin("node", ["toolchain/run.mjs", "up", "--skip-preview"]);
    await resourcesCreated(child, 1);
    child.kill("SIGTERM");
    const { code } = await finish(child);
    assert.notEqual(code, 0);
    assert.deepEqual(stackLocks(path.join(clone, ".pulumi/state")), []);
    expectSuccess(await finish(begin("node", ["toolchain/run.mjs", "up"])));
    assertComplete();
  });

  it("does one after the other when run twice at once", async () => {
    const [one, two] = await Promise.all([
      finish(begin("node", ["toolchain/run.mjs", "up"])),
      finish(begin("node", ["toolchain/run.mjs", "up"])),
    ]);
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
    expectSuccess(await finish(begin("node", ["toolchain/run.mjs", "up"], env)));
    assert.ok(fs.existsSync(path.join(backend, ".pulumi/stacks/kubelet-trust/dev.json")));
    assert.equal(fs.existsSync(path.join(clone, ".pulumi/state")), false);
    assert.equal(fs.existsSync(path.join(clone, ".pulumi/passphrase")), false);
  });

  it("says what to do when the passphrase is lost", async () => {
    expectSuccess(await finish(begin("node", ["toolchain/run.mjs", "up"])));
    fs.rmSync(path.join(clone, ".pulumi/passphrase"));
    const lost = await finish(begin("node", ["toolchain/run.mjs", "up"]));
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

  /** Waits until the update has created some of the keys, and is at work on more. */
  async function resourcesCreated(child: ChildProcess, count: number): Promise<void> {
    while (keysInState() < count) {
      assert.equal(child.exitCode, null, "the update ended before it could be disturbed");
      await sleep(20);
    }
  }

  function keysInState(): number {
    try {
      return fs.readFileSync(stateFile(), "utf8").split('"id":').length - 1;
    } catch {
      return 0;
    }
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

/** How many keys the program makes: enough for an update to last some seconds. */
const keys = 5;

/** The stack itself and its keys. */
const resources = keys + 1;

/** A repository with this one's toolchain and packages, and a small program. */
function makeClone(): string {
  const clone = fs.mkdtempSync(path.join(os.tmpdir(), "clone-"));
  for (const entry of ["toolchain", "package.json", "package-lock.json", ".gitignore"]) {
    fs.cpSync(path.join(repository, entry), path.join(clone, entry), { recursive: true });
  }
  const files = {
    "Pulumi.yaml":
      "name: kubelet-trust\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: index.ts\n",
    "Pulumi.dev.yaml": "# What the stack is made of.\nconfig:\n  kubelet-trust:bits: 4096\n",
    "index.ts": `
      import * as tls from "@pulumi/tls";
      for (let i = 0; i < ${keys}; i++) new tls.PrivateKey("key" + i, { algorithm: "RSA", rsaBits: 4096 });`,
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

/** Signals a whole process group. */
function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid) process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}
