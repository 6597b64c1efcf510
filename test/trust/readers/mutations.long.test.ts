/** Whatever becomes of a text that people hand in, readers answer with pieces. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { formats, objectFormats } from "../../../trust/readers/formats.ts";
import type { Origin } from "../../../trust/readers/piece.ts";
import { asObject, readYaml } from "../../../trust/readers/yaml.ts";
import { examples, nameOfExample } from "../../support/format-examples.ts";
import { origin, piecesOf } from "../../support/pieces.ts";

const noise = [
  "{{ .X }}",
  "$" + "{X}",
  "\0",
  "\n",
  "\\",
  "'",
  '"',
  "[",
  "{",
  "---\n",
  "&a",
  "*a",
  ": ",
  "kubelet",
  "<<EOF\n",
  "$(",
  "\uFEFF",
  "[]",
  "null",
  "5",
  "true",
  "!!binary ",
];

/** A text with some places cut, doubled, or filled with noise. */
function mutated(text: string, places: readonly (readonly [number, number, number])[]): string {
  let result = text;
  for (const [at, length, what] of places) {
    const from = Math.floor(at * result.length);
    const cut = result.slice(from, from + Math.floor(length * 20));
    const put = what < noise.length ? (noise[what] ?? "") : what % 2 === 0 ? "" : cut + cut;
    result = result.slice(0, from) + put + result.slice(from + cut.length);
  }
  return result;
}

const unit = fc.double({ min: 0, max: 0.999, noNaN: true });
const places = fc.array(fc.tuple(unit, unit, fc.nat({ max: noise.length + 5 })), {
  minLength: 1,
  maxLength: 6,
});

/** The formats by which a text and the objects in it are read. */
function readersOf(text: string, from: Origin): string[] {
  const format = formats.find((one) => one.recognises(text, from));
  const objects = readYaml(text, from.source).documents.flatMap(({ value }) => {
    const object = asObject(value);
    const own = object && objectFormats.find((one) => one.recognises(object, from));
    return own ? [own.name] : [];
  });
  return format?.name === "YAML or JSON" ? [format.name, ...objects] : [format?.name ?? "none"];
}

describe("examples of formats", () => {
  it("are there for every format in the lists, and are read by it", () => {
    for (const { name } of [...formats, ...objectFormats]) {
      const own = Object.entries(examples).filter(
        ([key]) => key === name || key === `${name}, with user data`,
      );
      assert.ok(own.length > 0, `test/support/format-examples.ts has no example of ${name}`);
      for (const [key, text] of own) {
        const read = readersOf(text, origin(nameOfExample(key)));
        assert.ok(read.includes(name), `${key} is read by ${read.join(", ")}`);
      }
    }
  });
});

describe("readers of mutated texts", function () {
  this.timeout(120_000);

  it("never throw on 10,000 of them, and give known kinds of pieces", () => {
    const seed = Date.now() % 2 ** 31;
    console.log(`      seed ${seed}`);
    const names = Object.keys(examples);
    fc.assert(
      fc.property(fc.constantFrom(...names), places, (name, changes) => {
        const text = mutated(examples[name] ?? "", changes);
        for (const piece of piecesOf({ [nameOfExample(name)]: text })) {
          assert.ok(piece.origin.holder.startsWith("/given/"), piece.kind);
        }
      }),
      { numRuns: 10_000, seed },
    );
  });
});
