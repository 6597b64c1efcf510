import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { withLock } from "../../toolchain/lock.mjs";

const lockModule = path.resolve(import.meta.dirname, "../../toolchain/lock.mjs");

describe("toolchain/lock", () => {
  let folder: string;
  beforeEach(() => {
    folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "lock-")), "lock");
  });
  afterEach(() => fs.rmSync(path.dirname(folder), { recursive: true, force: true }));

  it("lets one process at a time in, however many want to", async () => {
    const log = path.join(path.dirname(folder), "log");
    const body = `
      fs.appendFileSync(${JSON.stringify(log)}, "in\\n");
      await new Promise((done) => setTimeout(done, 20));
      fs.appendFileSync(${JSON.stringify(log)}, "out\\n");`;
    const children = Array.from({ length: 6 }, () => holder(folder, body));
    const exits = await Promise.all(children.map((child) => once(child, "exit")));
    assert.deepEqual(exits.flat(), Array(6).fill([0, null]).flat());
    assert.equal(fs.readFileSync(log, "utf8"), "in\nout\n".repeat(6));
  });

  it("is free at once after its holder was killed", async () => {
    const child = holder(folder, 'process.stdout.write("in"); await new Promise(() => {});');
    await once(child.stdout ?? child, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(await withLock(folder, async () => "mine"), "mine");
  });

  it("is not free while its holder lives, and says for whom it waits", async () => {
    const child = holder(
      folder,
      'process.stdout.write("in"); await new Promise((done) => process.stdin.once("data", done)); process.exit();',
    );
    await once(child.stdout ?? child, "data");
    let waitedFor: number | undefined;
    let isKilled = false;
    const mine = withLock(
      folder,
      async () => isKilled,
      ({ pid }) => {
        waitedFor = pid;
        setTimeout(() => {
          isKilled = child.kill("SIGKILL");
        }, 100);
      },
    );
    assert.equal(await mine, true);
    assert.equal(waitedFor, child.pid);
  });

  it("takes a process id that has been given to another process for gone", async () => {
    fs.mkdirSync(folder, { recursive: true });
    let file = "";
    await withLock(folder, async () => {
      file = path.join(folder, "1");
      const held = JSON.parse(fs.readFileSync(file, "utf8"));
      fs.writeFileSync(path.join(folder, "2"), JSON.stringify({ ...held, start: "another" }));
    });
    assert.equal(await withLock(folder, async () => "mine"), "mine");
  });

  it("judges a holder that it cannot see by its last sign of life", async () => {
    fs.mkdirSync(folder, { recursive: true });
    const foreign = path.join(folder, "1");
    fs.writeFileSync(foreign, JSON.stringify({ realm: "elsewhere", pid: 1, start: "1" }));
    let waited = false;
    const mine = withLock(
      folder,
      async () => "mine",
      () => {
        waited = true;
        fs.utimesSync(foreign, new Date(0), new Date(0));
      },
    );
    assert.equal(await mine, "mine");
    assert.ok(waited);
  });

  it("is released when the work fails", async () => {
    await assert.rejects(
      withLock(folder, async () => {
        throw new Error("broken");
      }),
      /broken/,
    );
    assert.equal(await withLock(folder, async () => "mine"), "mine");
  });
});

/** A process that takes the lock and runs the body in it. */
function holder(folder: string, body: string): ChildProcess {
  const program = `
    import * as fs from "node:fs";
    import { withLock } from ${JSON.stringify(lockModule)};
    await withLock(${JSON.stringify(folder)}, async () => {${body}});`;
  return spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}
