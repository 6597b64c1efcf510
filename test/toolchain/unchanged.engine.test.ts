import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Clone, makeClone } from "../bench/clone.ts";
import { expectFailure, expectSuccess, finish } from "../support/engine.ts";

/** A program of two keys, the second one with what is to be tried. */
function program({ options = "", more = "" } = {}): string {
  return `import * as tls from "@pulumi/tls";
    const first = new tls.PrivateKey("first", { algorithm: "ED25519" });
    const second = new tls.PrivateKey("second", { algorithm: "ED25519" }, { ${options} });
    export const key = second.publicKeyPem;
    ${more}`;
}

describe("npm start with nothing to change", function () {
  this.timeout(180_000);
  let clone: Clone;

  before(() => {
    // Pulumi.yaml wants the key of every stack; these programs do not read it.
    clone = makeClone({ controlPlanes: [] });
  });
  after(() => clone.remove());

  const resource = (name: string) =>
    JSON.parse(fs.readFileSync(clone.state, "utf8")).checkpoint.latest.resources.find(
      ({ urn }: { urn: string }) => urn.endsWith(`::${name}`),
    );
  const start = (text: string) => {
    fs.writeFileSync(path.join(clone.folder, "index.ts"), text);
    return finish(clone.start("up"));
  };

  it("updates nothing, and shows the outputs", async () => {
    const first = expectSuccess(await start(program()));
    assert.doesNotMatch(first.stderr, /Nothing to update/);
    const before = fs.statSync(clone.state);
    const second = expectSuccess(await start(program()));
    assert.match(second.stderr, /^Nothing to update: stack dev /m);
    assert.match(second.stdout, /^Previewing update /m);
    assert.doesNotMatch(second.stdout, /^Updating /m);
    assert.match(second.stdout, /^ +key +-----BEGIN PUBLIC KEY/m);
    assert.equal(fs.statSync(clone.state).mtimeMs, before.mtimeMs);
  });

  for (const [what, changed, holds] of [
    ["protect", program({ options: "protect: true" }), () => resource("second").protect === true],
    [
      "deletedWith",
      program({ options: "deletedWith: first" }),
      () => resource("second").deletedWith === resource("first").urn,
    ],
    [
      "dependsOn",
      program({ options: "dependsOn: first" }),
      () => resource("second").dependencies.join() === resource("first").urn,
    ],
    [
      "an output",
      program({ more: 'export const other = "one";' }),
      () => resource("kubelet-trust-dev").outputs.other === "one",
    ],
  ] as const) {
    it(`updates for ${what} alone, which a preview finds unchanged`, async () => {
      const result = expectSuccess(await start(changed));
      assert.match(result.stdout, /^ +3 unchanged$/m);
      assert.doesNotMatch(result.stderr, /Nothing to update/);
      assert.ok(holds(), `${what} is not in the state`);
    });
  }

  it("updates where the state has been changed since", async () => {
    expectSuccess(await start(program({ options: "protect: true" })));
    const { urn } = resource("second");
    expectSuccess(await finish(clone.start("pulumi", "state", "unprotect", urn, "--yes")));
    const result = expectSuccess(await start(program({ options: "protect: true" })));
    assert.doesNotMatch(result.stderr, /Nothing to update/);
    assert.equal(resource("second").protect, true);
  });

  it("updates where a crash has torn what it kept", async () => {
    fs.writeFileSync(path.join(clone.folder, ".pulumi/asked/dev.json"), '{"state":');
    const result = expectSuccess(await start(program()));
    assert.doesNotMatch(result.stderr, /Nothing to update/);
    assert.match(expectSuccess(await start(program())).stderr, /^Nothing to update/m);
  });

  it("fails where the preview does, without an update", async () => {
    const before = fs.readFileSync(clone.state, "utf8");
    const more = 'throw new Error("not now");';
    const result = expectFailure(await start(program({ more })), /not now/);
    assert.doesNotMatch(result.stdout, /^Updating /m);
    assert.equal(fs.readFileSync(clone.state, "utf8"), before);
  });
});
