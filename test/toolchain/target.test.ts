import assert from "node:assert/strict";
import * as path from "node:path";
import { repository } from "../../toolchain/paths.mjs";
import { readTarget } from "../../toolchain/target.mjs";

describe("where a stack's files go", () => {
  const rendered = path.join(repository, "rendered");
  const target = (...settings: string[]) =>
    readTarget(
      "none-of-that-name",
      settings.flatMap((setting) => ["--config", setting]),
    );

  it("is a folder unless the settings say otherwise", async () => {
    assert.deepEqual(await target(), { folder: rendered, applied: false });
    assert.deepEqual(await target("renderTo=/elsewhere"), {
      folder: "/elsewhere",
      applied: false,
    });
  });

  it("is a folder for the machines' files where a cluster gets the rest", async () => {
    assert.deepEqual(await target("kubeconfig=some"), { folder: rendered, applied: true });
  });

  it("is the cluster alone when it gets the machines' files too", async () => {
    const all = await target("kubeconfig=some", "machineFiles=cluster");
    assert.deepEqual(all, { folder: undefined, applied: true });
  });
});
