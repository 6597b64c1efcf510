import assert from "node:assert/strict";
import { makeNodePool } from "../../plugin/components.ts";

describe("the components of the plugin", () => {
  it("name a bad CA as whoever writes the program does", async () => {
    const pool = { name: "more", nodes: [] };
    const ca = { certPem: "no certificate", privateKeyPem: "no key" };
    const settings = {} as Parameters<typeof makeNodePool>[1]["settings"];
    // It is refused before anything is registered.
    await assert.rejects(makeNodePool("pool", { pool, settings, ca }, {}), {
      message: /^ca\.certPem: expected one PEM certificate, found 0\./,
    });
  });
});
