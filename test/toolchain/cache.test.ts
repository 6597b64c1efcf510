import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { ensureCached, requireOwn } from "../../toolchain/cache.mjs";
import { repeatedly } from "../../toolchain/environment.mjs";
import { folderForEach } from "../support/folders.ts";

describe("toolchain/cache", () => {
  const folder = folderForEach();

  const cached = () =>
    ensureCached({
      name: "program",
      key: "0",
      root: path.join(folder, "root"),
      make: async (at) => fs.writeFileSync(path.join(at, "program"), "", { mode: 0o755 }),
    });

  it("takes a folder again that it made under the widest umask", async () => {
    const before = process.umask(0);
    try {
      assert.equal(await cached(), await cached());
    } finally {
      process.umask(before);
    }
  });

  it("takes neither a folder nor a cache that others may write to", async () => {
    const made = await cached();
    for (const mode of [0o777, 0o775, 0o757]) {
      fs.chmodSync(made, mode);
      await assert.rejects(cached(), /program-0 may be written by others, and .*Delete it/);
    }
    fs.chmodSync(made, 0o755);
    assert.equal(await cached(), made);
    fs.chmodSync(path.dirname(made), 0o777);
    await assert.rejects(cached(), /root may be written by others/);
  });

  it("takes no folder of another user", () => {
    const { getuid } = process;
    try {
      process.getuid = () => 4321;
      assert.throws(() => requireOwn(folder), /belongs to user \d+, not to you \(4321\)/);
    } finally {
      if (getuid) process.getuid = getuid;
    }
    requireOwn(folder);
    requireOwn(path.join(folder, "none"));
  });
});

describe("toolchain/environment", () => {
  const step = { update: () => {} };

  it("tries a download three times, and no more often than needed", async () => {
    for (const [answers, wanted, attempts] of [
      [[undefined], undefined, 1],
      [["reset", undefined], undefined, 2],
      [["reset", "reset", undefined], undefined, 3],
      [["a", "b", "c", undefined], "c", 3],
    ] as const) {
      let made = 0;
      const last = await repeatedly(step, async () => answers[made++], 1);
      assert.equal(last, wanted);
      assert.equal(made, attempts);
    }
  });
});
