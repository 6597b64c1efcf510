import assert from "node:assert/strict";
import { configMap, violationsOf } from "./fake.ts";

describe("private-key-exposure", () => {
  it("reads a megabyte of anything within two seconds", () => {
    const texts = [
      "A".repeat(1e6),
      "\\u00".repeat(250_000),
      "Q".repeat(24).concat("\n").repeat(40_000),
      "ab:".repeat(333_000),
      "ab:".repeat(23).concat("x").repeat(14_000),
      "%25".repeat(333_000),
      "\\\n".repeat(500_000),
      "kty: EC\n".repeat(125_000),
      "{kty: EC".repeat(125_000),
      "-----BEGIN ".repeat(90_000),
      `-----BEGIN ${"A ".repeat(500_000)}`,
    ];
    for (const text of texts) {
      // Its own time: a machine with other work on it takes longer, and shows nothing.
      const start = process.cpuUsage();
      violationsOf([configMap("c", { file: text })]);
      const { user, system } = process.cpuUsage(start);
      const milliseconds = (user + system) / 1000;
      assert.ok(milliseconds < 2000, `${text.slice(0, 20)}: ${milliseconds} ms`);
    }
  });
});
