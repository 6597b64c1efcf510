import assert from "node:assert/strict";
import { groupBy } from "../../../trust/words/group-by.ts";

describe("groupBy", () => {
  it("keeps keys and items in the order in which they came", () => {
    const groups = groupBy([3, 1, 4, 1, 5, 9], (digit) => digit % 2 === 0);
    assert.deepEqual(
      [...groups],
      [
        [false, [3, 1, 1, 5, 9]],
        [true, [4]],
      ],
    );
    assert.equal(groupBy([], () => 1).size, 0);
  });
});
