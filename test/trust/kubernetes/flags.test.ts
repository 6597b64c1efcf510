import assert from "node:assert/strict";
import { parseFlags } from "../../../trust/kubernetes/flags.ts";
import { programTable } from "../../../trust/kubernetes/tables.ts";
import { toWords } from "../../../trust/readers/word.ts";

const many = 300_000;
const parsed = (words: readonly string[]) =>
  parseFlags(toWords(words, { where: "x" }), programTable("kubelet", "1.37.2").flags);

describe("parseFlags", () => {
  it("takes words in their order, each once, however many there are", () => {
    const { positional, names } = parsed([
      "--v",
      "4",
      ...Array(many).fill("a"),
      "--config=/x",
      "b",
    ]);
    assert.deepEqual([positional.length, names], [many + 1, ["v", "config"]]);
    const [first, last] = [positional[0], positional.at(-1)];
    assert.deepEqual(
      [first?.kind === "text" && first.text, last?.kind === "text" && last.text],
      ["a", "b"],
    );
  });

  it("leaves what stands behind `--` in its order, however much it is", () => {
    const { positional, names } = parsed(["--", "--config=/x", ...Array(many).fill("a")]);
    assert.deepEqual([positional.length, names], [many + 1, []]);
    assert.equal(positional[0]?.kind === "text" && positional[0].text, "--config=/x");
  });
});
