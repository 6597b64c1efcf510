import assert from "node:assert/strict";
import { readYaml } from "../../../trust/readers/yaml.ts";

const source = { where: "test.yaml" };
const values = (text: string) => readYaml(text, source).documents.map(({ value }) => value);

describe("readYaml", () => {
  it("reads the words of YAML 1.1 as Kubernetes does", () => {
    assert.deepEqual(
      values("{a: yes, b: off, y: n, c: 0x10, d: 010, e: ~, f: 'no', g: 12:30, h: 2026-11-24}"),
      [
        {
          a: true,
          b: false,
          true: false,
          c: 16,
          d: 8,
          e: null,
          f: "no",
          g: "12:30",
          h: "2026-11-24",
        },
      ],
    );
  });

  it("lets the last of equal keys win", () => {
    assert.deepEqual(values("a: 1\na: 2\n"), [{ a: 2 }]);
  });

  it("reads several documents, JSON too, and leaves empty ones out", () => {
    assert.deepEqual(values('---\na: 1\n---\n---\n{"b": 2}\n'), [{ a: 1 }, { b: 2 }]);
  });

  it("merges and follows aliases", () => {
    assert.deepEqual(values("p: &p {a: 1}\nq: {<<: *p, b: 2}\n"), [
      { p: { a: 1 }, q: { a: 1, b: 2 } },
    ]);
  });

  it("keeps templates as text instead of reading them as maps", () => {
    assert.deepEqual(values("a: {{ .Values.a }}\nb: [{{ .B }}, c]\n"), [
      { a: "{{ .Values.a }}", b: ["{{ .B }}", "c"] },
    ]);
  });

  it("says the line of a field, and of the nearest one above it", () => {
    const [document] = readYaml("a:\n  b: 1\n", source).documents;
    assert.equal(document?.lineOf(["a", "b"]), 2);
    assert.equal(document?.lineOf(["a", "zzz"]), 2);
  });

  it("refuses aliases nested to explode", () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) =>
        `l${level}: &l${level} [${Array(10)
          .fill(level === 0 ? "x" : `*l${level - 1}`)
          .join(", ")}]`,
    );
    const { documents, problems } = readYaml(levels.join("\n"), source);
    assert.equal(documents.length, 0);
    assert.match(problems[0]?.message ?? "", /alias/i);
  });

  it("refuses what is nested without end, in whatever form", () => {
    for (const open of ["[", "{a: ", "- ", "? "]) {
      const { problems } = readYaml(open.repeat(50_000), source);
      assert.equal(problems.length, 1, open);
    }
  });

  it("refuses broken syntax in go-yaml's words, with the line", () => {
    const { problems } = readYaml("a: 1\nb: c: d\n", source);
    assert.equal(
      problems[0]?.message,
      "yaml: line 2: mapping values are not allowed in this context",
    );
    assert.equal(problems[0]?.source.line, 2);
  });

  it("refuses binary and over-long text", () => {
    assert.match(readYaml("a\0b", source).problems[0]?.message ?? "", /not text/);
    assert.match(readYaml("a".repeat(5 << 20), source).problems[0]?.message ?? "", /longer than/);
  });
});
