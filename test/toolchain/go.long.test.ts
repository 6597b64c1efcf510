import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { Failure } from "../../toolchain/fail.mjs";
import { ensureBuilt } from "../../toolchain/go.mjs";
import { createProgress } from "../../toolchain/progress.mjs";
import { folderForEach } from "../support/folders.ts";

const goModule = path.resolve(import.meta.dirname, "../../toolchain/go.mjs");

describe("toolchain/go", function () {
  this.timeout(120_000);
  const scratch = folderForEach();
  let moduleDir: string;
  let root: string;
  const progress = createProgress({ stream: { write: () => {} } });

  beforeEach(() => {
    moduleDir = path.join(scratch, "hello");
    root = path.join(scratch, "cache");
    fs.mkdirSync(moduleDir);
    fs.writeFileSync(path.join(moduleDir, "go.mod"), "module hello\n\ngo 1.21\n");
    fs.writeFileSync(
      path.join(moduleDir, "main.go"),
      'package main\n\nvar word = "?"\n\nfunc main() { println(word) }\n',
    );
  });

  const build = () => ({
    name: "hello",
    title: "hello",
    moduleDir,
    packages: ["."],
    ldflags: ["-X main.word=hello"],
  });

  it("builds what the module holds, and only when that changes", async () => {
    const first = await ensureBuilt(build(), progress, root);
    assert.equal(run(first), "hello");
    assert.equal(await ensureBuilt(build(), progress, root), first);
    fs.appendFileSync(path.join(moduleDir, "main.go"), "// more\n");
    assert.notEqual(await ensureBuilt(build(), progress, root), first);
  });

  it("says what does not compile, and leaves nothing behind", async () => {
    fs.appendFileSync(path.join(moduleDir, "main.go"), "func broken() { undefinedName() }\n");
    await assert.rejects(
      ensureBuilt(build(), progress, root),
      (error) => error instanceof Failure && /undefined: undefinedName/.test(error.message),
    );
    assert.deepEqual(leftovers(), []);
  });

  it("says in one line what to install when Go is missing", async () => {
    const PATH = process.env.PATH;
    process.env.PATH = scratch;
    try {
      await assert.rejects(
        ensureBuilt(build(), progress, root),
        (error) =>
          error instanceof Failure &&
          /^Go was not found on PATH: .* needs Go 1\.21 or later.*$/.test(error.message),
      );
    } finally {
      process.env.PATH = PATH;
    }
  });

  it("builds once when two processes ask at once", async () => {
    const children = [builder(), builder()];
    const outputs = await Promise.all(children.map(finished));
    const builds = outputs.join("").match(/^Building hello from source \.\.\.$/gm);
    assert.equal(builds?.length, 1);
    assert.deepEqual(leftovers(), []);
  });

  it("converges when killed in the middle and run again", async () => {
    // A build that cannot finish by itself: the go command found first on PATH hangs in it.
    const slow = path.join(scratch, "slow");
    fs.mkdirSync(slow);
    const go = execFileSync("which", ["go"], { encoding: "utf8" }).trim();
    fs.writeFileSync(
      path.join(slow, "go"),
      `#!/bin/sh\nif [ "$1" = build ]; then echo half > "$(echo "$*" | sed 's/.*-o \\([^ ]*\\) .*/\\1/')/hello"; echo started; exec sleep 10; fi\nexec ${go} "$@"\n`,
      { mode: 0o755 },
    );
    const child = builder({ PATH: `${slow}${path.delimiter}${process.env.PATH}` });
    const partials = path.join(root, ".partial");
    while (!fs.existsSync(partials) || !fs.readdirSync(partials, { recursive: true }).some(isHello))
      await new Promise((done) => setTimeout(done, 50));
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(leftovers().length, 1);

    const folder = await ensureBuilt(build(), progress, root);
    assert.equal(run(folder), "hello");
    assert.deepEqual(leftovers(), []);
  });

  const isHello = (name: string | Buffer) => path.basename(String(name)) === "hello";

  function run(folder: string): string {
    return spawnSync(path.join(folder, "hello"), { encoding: "utf8" }).stderr.trim();
  }

  /** Partial results in the cache. */
  function leftovers(): string[] {
    const partials = path.join(root, ".partial");
    return fs.existsSync(partials) ? fs.readdirSync(partials) : [];
  }

  /** Another process that builds the same. */
  function builder(env: NodeJS.ProcessEnv = {}): ChildProcess {
    const program = `
      import { ensureBuilt } from ${JSON.stringify(goModule)};
      await ensureBuilt(${JSON.stringify(build())}, undefined, ${JSON.stringify(root)});`;
    return spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...env },
    });
  }
});

async function finished(child: ChildProcess): Promise<string> {
  let text = "";
  child.stderr?.on("data", (chunk) => {
    text += chunk;
  });
  const [code] = await once(child, "close");
  assert.equal(code, 0, text);
  return text;
}
