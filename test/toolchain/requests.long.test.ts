import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { repository } from "../../toolchain/paths.mjs";
import { folderForEach } from "../support/folders.ts";

describe("the digest of what a program asks for", function () {
  this.timeout(60_000);
  const folder = folderForEach();

  /** Serializes requests as the SDK does when it sends them, in a program of its own, and gives the digest that it left. */
  function digestOf(requests: string, ...args: string[]): string | undefined {
    const program = `require("@pulumi/pulumi");
      const { RegisterResourceRequest: Register, RegisterResourceOutputsRequest: Outputs } =
        require("@pulumi/pulumi/proto/resource_pb.js");
      const send = (request, fields) => {
        for (const [name, value] of Object.entries(fields)) request["set" + name](value);
        request.serializeBinary();
      };
      ${requests}`;
    const options = ["--require", path.join(repository, "toolchain/load-later.cjs")];
    const { status, stderr } = spawnSync(
      process.execPath,
      [...options, "--eval", program, "--", ...args],
      {
        cwd: repository,
        env: { ...process.env, NODE_OPTIONS: "", KUBELET_TRUST_REQUESTS: folder },
        encoding: "utf8",
      },
    );
    assert.equal(status, 0, stderr);
    const file = path.join(folder, args.includes("--dry-run") ? "preview" : "update");
    if (!fs.existsSync(file)) return undefined;
    const digest = fs.readFileSync(file, "utf8");
    fs.rmSync(file);
    return digest;
  }

  const one = 'send(new Register(), { Name: "one", Custom: true });';
  const two = 'send(new Register(), { Name: "two", Parent: "one" });';
  const outputs = 'send(new Outputs(), { Urn: "two" });';

  it("is the same for the same requests, in any order, in a preview and in an update", () => {
    const digest = digestOf(one + two + outputs);
    assert.match(digest ?? "", /^[0-9a-f]{64}$/);
    assert.equal(digestOf(outputs + two + one, "--dry-run"), digest);
  });

  it("is another one for another option, for outputs, and for a request more", () => {
    const protectedTwo = 'send(new Register(), { Name: "two", Parent: "one", Protect: true });';
    const otherOutputs = 'send(new Outputs(), { Urn: "one" });';
    const digests = [
      one + two + outputs,
      one + protectedTwo + outputs,
      one + two + otherOutputs,
      one + two + outputs + outputs,
      one + two,
    ].map((requests) => digestOf(requests));
    assert.equal(new Set(digests).size, digests.length);
  });

  it("is not left by a program that asks for nothing, or has others ask for parts of a component", () => {
    assert.equal(digestOf(""), undefined);
    assert.equal(
      digestOf(`${one}send(new Register(), { Name: "chart", Remote: true });`),
      undefined,
    );
  });
});
