import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createProgress, elapsed } from "../../toolchain/progress.mjs";

describe("toolchain/progress", () => {
  function terminal(isTTY: boolean) {
    let text = "";
    const write = (more: string) => {
      text += more;
    };
    return { stream: { isTTY, columns: 60, write }, text: () => text };
  }

  it("prints plain lines where there is no terminal, and with CI=true", async () => {
    for (const { isTTY, env } of [
      { isTTY: false, env: {} },
      { isTTY: true, env: { CI: "true" } },
    ]) {
      const { stream, text } = terminal(isTTY);
      await createProgress({ stream, env }).step("Building", async () => {});
      assert.equal(text(), "Building ...\nBuilding: done (0 s)\n");
    }
  });

  it("keeps one live line on a terminal, no wider than it", async () => {
    const { stream, text } = terminal(true);
    await createProgress({ stream, env: {} }).step("Building", async ({ update }) => {
      update(`package ${"x".repeat(100)}`);
      await sleep(600);
    });
    const lines = text().split("\r\u001b[K");
    assert.ok(lines.some((line) => line.startsWith("Building: package xxx")));
    assert.ok(lines.every((line) => line.length < 60));
    assert.equal(lines.at(-1), "Building: done (1 s)\n");
  });

  it("says that a step failed, and passes the reason on", async () => {
    const { stream, text } = terminal(false);
    const failing = createProgress({ stream, env: {} }).step("Building", async () => {
      throw new Error("no space");
    });
    await assert.rejects(failing, /no space/);
    assert.match(text(), /Building: failed/);
  });

  it("tells time in seconds, and minutes from one on", () => {
    assert.deepEqual([400, 59_400, 125_000].map(elapsed), ["0 s", "59 s", "2 min 5 s"]);
  });
});
