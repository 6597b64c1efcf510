import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { Failure } from "../../toolchain/fail.mjs";
import { ensurePackages } from "../../toolchain/kubernetes/programs.ts";
import { createProgress } from "../../toolchain/progress.mjs";
import { folderForEach } from "../support/folders.ts";

/**
 * A test that installs nothing: in the place of apt-get is a program that writes down what it is asked, and whether
 * the package would be kept from running by then.
 */
describe("a package that a carrier needs", function () {
  this.timeout(10_000);
  const folder = folderForEach();
  let wanted: { name: string; program: string; disabledBy: string };
  beforeEach(() => {
    wanted = {
      name: "some-carrier",
      program: path.join(folder, "some-carrier"),
      disabledBy: path.join(folder, "etc", "some-carrier.disabled"),
    };
  });

  /** @param install what apt-get does when it is asked to install. */
  async function ensure(install: string, env: NodeJS.ProcessEnv): Promise<string> {
    const bin = path.join(folder, "bin");
    fs.mkdirSync(bin, { recursive: true });
    const seen = path.join(folder, "seen");
    const script = `#!/bin/sh
disabled=no; test -e '${wanted.disabledBy}' && disabled=yes
echo "$DEBIAN_FRONTEND disabled=$disabled $*" >> '${seen}'
test "$1" = install || exit 0
${install}
`;
    fs.writeFileSync(path.join(bin, "apt-get"), script, { mode: 0o755 });
    const all = { ...env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
    const { isTTY } = process.stdin;
    // A terminal would be asked.
    process.stdin.isTTY = false;
    try {
      await ensurePackages(createProgress({ stream: { write: () => {} } }), all, [wanted]);
      return fs.existsSync(seen) ? fs.readFileSync(seen, "utf8") : "";
    } catch (error) {
      assert.ok(error instanceof Failure);
      return error.message;
    } finally {
      process.stdin.isTTY = isTTY;
    }
  }

  it("is installed with CI=true, without a question, and kept from running before it is there", async () => {
    const seen = await ensure(`touch '${wanted.program}'`, { CI: "true" });
    const [update, install, ...more] = seen.trimEnd().split("\n");
    assert.equal(update, "noninteractive disabled=yes update -q");
    assert.match(
      install ?? "",
      /^noninteractive disabled=yes install -qy --no-install-recommends .*some-carrier$/,
    );
    assert.deepEqual(more, []);
    assert.ok(fs.existsSync(wanted.disabledBy));
  });

  it("is not installed unasked, says one line with the command", async () => {
    const said = await ensure(`touch '${wanted.program}'`, {});
    assert.match(said, /^The lab needs these packages: apt-get install .*some-carrier$/);
    assert.equal(fs.existsSync(wanted.disabledBy), false);
    assert.equal(fs.existsSync(path.join(folder, "seen")), false);
  });

  it("is told in apt-get's words when it cannot be had, and is free to run where it comes later", async () => {
    const said = await ensure("echo E: no such package >&2; exit 100", { CI: "true" });
    assert.match(said, /^apt-get install .*some-carrier failed:\nE: no such package$/);
    assert.equal(fs.existsSync(wanted.disabledBy), false);
  });

  it("stays kept from running where it came in part, or somebody had decided so before", async () => {
    await ensure(`touch '${wanted.program}'; exit 100`, { CI: "true" });
    assert.ok(fs.existsSync(wanted.disabledBy));
    fs.rmSync(wanted.program);
    await ensure("exit 100", { CI: "true" });
    assert.ok(fs.existsSync(wanted.disabledBy));
  });
});
