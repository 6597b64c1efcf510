import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { withTemporaryFolder } from "../../toolchain/temporary.mjs";
import { folderForEach } from "../support/folders.ts";

describe("the temporary folder of a run", () => {
  const root = folderForEach();

  it("is nobody else's, and is removed with what is in it, however the run ends", async () => {
    const seen = await withTemporaryFolder(async (folder) => {
      fs.writeFileSync(path.join(folder, "kubeconfig1"), "");
      assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
      return folder;
    }, root);
    assert.equal(path.dirname(seen), root);
    const failing = withTemporaryFolder(async () => Promise.reject(new Error("ended")), root);
    await assert.rejects(failing, /ended/);
    assert.deepEqual(fs.readdirSync(root), []);
  });

  it("of a run that was killed goes a day later, and nothing else does", async () => {
    const names = ["kubelet-trust-run-old", "kubelet-trust-run-new", "other"];
    for (const name of names) {
      fs.mkdirSync(path.join(root, name));
      fs.writeFileSync(path.join(root, name, "kubeconfig1"), "");
      const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 60 * 60;
      if (!name.endsWith("new")) fs.utimesSync(path.join(root, name), twoDaysAgo, twoDaysAgo);
    }
    await withTemporaryFolder(async () => {}, root);
    assert.deepEqual(fs.readdirSync(root).sort(), ["kubelet-trust-run-new", "other"]);
  });
});
