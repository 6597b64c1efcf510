import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import { localState } from "../../toolchain/paths.mjs";
import { keepingRendered } from "../../toolchain/rendering.mjs";

describe("rendered files", () => {
  let folder: string;
  let state: string;
  const stack = `test-${process.pid}`;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-rendering-"));
    state = path.join(folder, "state.json");
  });
  afterEach(() => {
    fs.rmSync(folder, { recursive: true });
    for (const kept of ["rendered", "last-rendered"]) {
      fs.rmSync(path.join(localState, kept, stack), { recursive: true, force: true });
    }
  });

  const file = (part: string, name: string) => path.join(folder, part, "1-manifest", name);

  /** A run that renders two files and saves the state; without texts it changes nothing. */
  async function run(texts?: Record<string, string>): Promise<string[]> {
    const said: string[] = [];
    const work = async () => {
      for (const [name, text] of Object.entries(texts ?? {})) {
        fs.mkdirSync(path.dirname(name), { recursive: true });
        fs.writeFileSync(name, text, { mode: 0o600 });
        fs.writeFileSync(state, JSON.stringify(texts));
      }
    };
    await keepingRendered(stack, state, folder, work, (line) => said.push(line));
    return said;
  }

  it("are made again by the next run when they were removed or changed, and others are left alone", async () => {
    const [config, secret] = [file("cluster", "a.yaml"), file("machines", "b.yaml")];
    assert.deepEqual(await run({ [config]: "a: 1\n", [secret]: "b: 2\n" }), []);
    fs.rmSync(secret);
    fs.writeFileSync(config, "a: edited\n");
    fs.writeFileSync(file("cluster", "mine.yaml"), "mine\n");
    const [said] = await run();
    assert.match(said ?? "", /^Rendered again: 2 files in .* that were removed or changed$/);
    assert.equal(fs.readFileSync(config, "utf8"), "a: 1\n");
    assert.equal(fs.readFileSync(secret, "utf8"), "b: 2\n");
    assert.equal(fs.statSync(secret).mode & 0o777, 0o600);
    assert.ok(fs.existsSync(file("cluster", "mine.yaml")));
    assert.deepEqual(await run(), []);
  });

  it("are not made again from copies of another state", async () => {
    const config = file("cluster", "a.yaml");
    await run({ [config]: "a: 1\n" });
    fs.writeFileSync(state, "another");
    fs.rmSync(config);
    assert.deepEqual(await run(), []);
    assert.ok(!fs.existsSync(config));
  });

  for (const survivor of ["run.json", "files"]) {
    it(`are as the state has them after a run that was killed when of its copies only ${survivor} was left`, async () => {
      const config = file("cluster", "a.yaml");
      await run({ [config]: "a: 1\n" });
      await assert.rejects(
        killedWhileDropping(survivor, () => run()),
        /killed/,
      );
      await run();
      assert.equal(fs.readFileSync(config, "utf8"), "a: 1\n");
    });
  }

  /** Ends work at its first removal of a folder that is there, of which all but one entry is gone by then. */
  async function killedWhileDropping(survivor: string, work: () => Promise<unknown>) {
    const { rmSync } = fs;
    fs.rmSync = (folder, options) => {
      if (!fs.existsSync(folder)) return;
      for (const name of fs.readdirSync(folder)) {
        if (name !== survivor) rmSync(path.join(String(folder), name), options);
      }
      throw new Error("killed");
    };
    syncBuiltinESMExports();
    try {
      await work();
    } finally {
      fs.rmSync = rmSync;
      syncBuiltinESMExports();
    }
  }
});
