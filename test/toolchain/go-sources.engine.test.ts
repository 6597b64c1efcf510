import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { contentKey, ensureCached, hashFolder } from "../../toolchain/cache.mjs";
import { borrowingFlags, compileFlags, goTarget } from "../../toolchain/go.mjs";
import { parts } from "../../toolchain/home.mjs";
import { repository } from "../../toolchain/paths.mjs";

const modules = path.join(repository, "toolchain", "go");
const ours = fs
  .readdirSync(modules)
  .filter((name) => fs.readdirSync(path.join(modules, name)).some((file) => file.endsWith(".go")));

describe("the project's own Go sources", function () {
  this.timeout(900_000); // the first run compiles every dependency

  before(function () {
    if (spawnSync("go", ["version"]).error === undefined) return;
    assert.notEqual(process.env.CI, "true", "Go is not on PATH, and CI=true forbids to skip");
    console.warn("    skipped: Go is not on PATH, so the stand-ins are not built from here either");
    this.skip();
  });

  const env = { ...process.env, CGO_ENABLED: "0" };

  for (const name of ours) {
    const run = (command: string, ...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(command, args, {
        cwd: path.join(modules, name),
        env,
        encoding: "utf8",
      });
      assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}${stderr}`);
      return stdout;
    };

    it(`in ${name} are formatted`, () => {
      assert.equal(run("gofmt", "-l", "."), "", "gofmt would change these files");
    });

    // The lab's own programs are compiled when the lab is asked for them: to vet them here would build all they import.
    const part = parts.find((each) => each.name === name);
    if (part === undefined) continue;

    // To vet them goes through all that they import, which takes minutes: once for the same sources and the same Go.
    it(`in ${name} are vetted`, async () => {
      const moduleDir = path.join(modules, name);
      const go = await goTarget(moduleDir);
      await ensureCached({
        name: `vetted-${name}`,
        key: contentKey([go, hashFolder(moduleDir), part.borrowed]),
        make: async (folder) => {
          // As in the build, so that its cache serves here too.
          run("go", "vet", ...compileFlags, ...(await borrowingFlags(part, env, folder)), "./...");
        },
      });
    });
  }
});
