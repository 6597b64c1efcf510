import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { keepingCompiled } from "../../toolchain/environment.mjs";
import { pruneCompiled } from "../../toolchain/prune.mjs";
import { checkLostState, checkState } from "../../toolchain/state.mjs";
import { folderForEach } from "../support/folders.ts";
import { beginOf } from "../support/pem.ts";

describe("a stack's state", () => {
  const folder = folderForEach();
  let file: string;
  const whole = JSON.stringify({ version: 3, checkpoint: { latest: {} } });

  beforeEach(() => {
    file = path.join(folder, "dev.json");
  });

  const refused = () => {
    try {
      checkState(file);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };

  it("passes when it is whole, or is not there", () => {
    assert.equal(refused(), undefined);
    fs.writeFileSync(file, whole);
    assert.equal(refused(), undefined);
  });

  for (const [kind, text, words] of [
    ["empty", "", /dev\.json is empty\. /],
    ["torn", `${whole.slice(0, 20)}${beginOf("PRIVATE KEY")}`, /dev\.json is torn or garbled/],
    ["garbled", "\u0000\u0001secret", /dev\.json is torn or garbled/],
    ["something else", '{"secret":1}', /dev\.json is no state of a stack/],
    ["nothing", '{"checkpoint":null}', /dev\.json is no state of a stack/],
    ["null", "null", /dev\.json is no state of a stack/],
  ] as const) {
    it(`is refused in one line when it is ${kind}, with the way back and nothing of its text`, () => {
      fs.writeFileSync(file, text);
      const alone = refused() ?? "";
      assert.match(alone, words);
      assert.match(alone, /Put a copy of it back; or, to begin afresh/);
      fs.writeFileSync(`${file}.bak`, whole);
      const beside = refused() ?? "";
      assert.ok(beside.includes(`mv ${file}.bak ${file}`), beside);
      for (const line of [alone, beside]) {
        assert.doesNotMatch(line, /secret|PRIVATE|\n/);
      }
    });
  }

  it("is asked for before new CAs are made over what another has rendered", async () => {
    const about = { stack: "dev", file, folder: "rendered", files: 7 };
    await assert.rejects(
      checkLostState(about, undefined),
      /no state .*rendered holds 7 rendered files: new CAs .*move rendered away/,
    );
    await assert.rejects(checkLostState(about, async () => false));
    await checkLostState(about, async (question) => question.endsWith("write over them?"));
    await checkLostState({ ...about, files: 0 }, undefined);
    fs.writeFileSync(file, whole);
    await checkLostState(about, undefined);
  });
});

describe("Node's compile cache", () => {
  const folder = folderForEach();

  it("is halved when it holds too many modules, each version's by itself, the last used kept", () => {
    pruneCompiled(path.join(folder, "missing"));
    for (const [version, modules] of [
      ["v18", 4],
      ["v24", 5],
    ] as const) {
      fs.mkdirSync(path.join(folder, version));
      for (let at = 0; at < modules; at += 1) {
        const file = path.join(folder, version, String(at));
        fs.writeFileSync(file, "compiled");
        // The oldest has been read since.
        fs.utimesSync(file, at === 0 ? 9 : at, at);
      }
    }
    pruneCompiled(folder, 4);
    assert.deepEqual(fs.readdirSync(path.join(folder, "v18")), ["0", "1", "2", "3"]);
    assert.deepEqual(fs.readdirSync(path.join(folder, "v24")), ["0", "4"]);
  });

  it("is the user's own, in a folder that nobody else may write to", () => {
    const env = { XDG_CACHE_HOME: folder };
    const { NODE_COMPILE_CACHE: made = "" } = keepingCompiled(env);
    assert.ok(made.startsWith(folder));
    assert.equal(fs.statSync(made).mode & 0o777, 0o700);
    assert.equal(
      keepingCompiled({ ...env, NODE_COMPILE_CACHE: "mine" }).NODE_COMPILE_CACHE,
      "mine",
    );
    fs.chmodSync(made, 0o770);
    assert.throws(() => keepingCompiled(env), /node-compile-cache may be written by others/);
  });

  it("is none where no folder can be made", () => {
    const file = path.join(folder, "file");
    fs.writeFileSync(file, "");
    assert.deepEqual(keepingCompiled({ XDG_CACHE_HOME: file }), { XDG_CACHE_HOME: file });
  });
});
