/** What two stacks are compared by has nothing in it that chance or the hour decides. */
import { strict as assert } from "node:assert";
import { described } from "./key-material.ts";

describe("a described file", () => {
  for (const fraction of ["", ".7", ".7445799", ".74457995", ".744579951"]) {
    it(`says of a time with the fraction "${fraction}" that it is one, in base64 too`, () => {
      const time = `2026-11-28T18:56:12${fraction}Z`;
      assert.equal(
        described(`expiration: ${time}\nin: ${Buffer.from(time).toString("base64")}\n`),
        "expiration: TIME\nin: base64(TIME)\n",
      );
    });
  }
});
