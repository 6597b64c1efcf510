import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Clone, makeClone } from "../bench/clone.ts";
import { expectFailure, expectSuccess, finish } from "../support/engine.ts";

/** A program of two keys, the second one depending on the first. */
function program(options: string): string {
  return `import * as tls from "@pulumi/tls";
    const first = new tls.PrivateKey("first", { algorithm: "ED25519" }, { ${options} });
    new tls.PrivateKey("second", { algorithm: "ED25519" }, { dependsOn: first });`;
}

describe("npm run destroy without a terminal", function () {
  this.timeout(120_000);
  let clone: Clone;

  before(() => {
    // Pulumi.yaml wants the key of every stack; these programs do not read it.
    clone = makeClone({ controlPlanes: [] });
  });
  after(() => clone.remove());

  const left = () => {
    const { checkpoint } = JSON.parse(fs.readFileSync(clone.state, "utf8"));
    return (checkpoint.latest.resources ?? [])
      .map(({ urn }: { urn: string }) => urn.slice(urn.lastIndexOf("::") + 2))
      .filter((name: string) => /first|second/.test(name));
  };
  const start = async (options: string) => {
    fs.writeFileSync(path.join(clone.folder, "index.ts"), program(options));
    expectSuccess(await finish(clone.start("up")));
  };
  const destroy = (...args: string[]) => finish(clone.start("destroy", ...args));

  it("deletes nothing where a resource is protected", async () => {
    await start("protect: true");
    const result = expectFailure(await destroy(), /first.* cannot be deleted/s);
    assert.match(result.stdout, /^Previewing destroy /m);
    assert.deepEqual(left(), ["first", "second"]);
  });

  it("previews where options say more", async () => {
    await start("");
    const result = expectSuccess(await destroy("--preview-only"));
    assert.match(result.stdout, /^Previewing destroy /m);
    assert.deepEqual(left(), ["first", "second"]);
  });

  it("goes without a preview where nothing is protected", async () => {
    const result = expectSuccess(await destroy());
    assert.doesNotMatch(result.stdout, /^Previewing /m);
    assert.match(result.stdout, /- 3 deleted/);
    assert.deepEqual(left(), []);
  });
});
