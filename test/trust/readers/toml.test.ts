// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders in TOML
import assert from "node:assert/strict";
import { readToml } from "../../../trust/readers/toml.ts";

describe("TOML", () => {
  const read: Readonly<Record<string, readonly [string, object]>> = {
    "tables and dotted keys": [
      '[a.b]\nc.d = 1\n[a."e.f"]\ng = -2.5\n',
      { a: { b: { c: { d: 1 } }, "e.f": { g: -2.5 } } },
    ],
    "texts in every form": [
      `a = "x\\t\\u0041"\nb = 'c:\\d'\ne = """\nf "g" \\\n  h"""\ni = '''\nj'''\n`,
      { a: "x\tA", b: "c:\\d", e: 'f "g" h', i: "j" },
    ],
    "lists over lines, inline tables, comments": [
      "a = [1, # one\n 2,\n] # end\nb = {c = true, d.e = []}\n",
      { a: [1, 2], b: { c: true, d: { e: [] } } },
    ],
    placeholders: ["a = {{ .x }}\nb = [{{ .y }}]\n", { a: "{{ .x }}", b: ["{{ .y }}"] }],
    "placeholders of every kind, in the place of values and names and in texts": [
      [
        "[a.${B}]",
        "c = ${D} # ${E}",
        "d = [ %%X%%, @@Y@@ ]",
        'e = {f = <% g %>, "h-$(i)" = {{ "j" }}}',
        'k = "l=${M}, {{ "n" }}"',
        "o = '''p=${Q}'''",
      ].join("\n"),
      {
        a: {
          "${B}": {
            c: "${D}",
            d: ["%%X%%", "@@Y@@"],
            e: { f: "<% g %>", "h-$(i)": '{{ "j" }}' },
            k: 'l=${M}, {{ "n" }}',
            o: "p=${Q}",
          },
        },
      },
    ],
    "lists of tables, dates and numbers of every form": [
      "[[a]]\nb = 2026-01-01\n[[a]]\nb = 0x1f\n",
      { a: [{ b: "2026-01-01" }, { b: 31 }] },
    ],
  };
  for (const [name, [text, value]] of Object.entries(read)) {
    it(`has ${name}`, () => assert.deepEqual(readToml(text), value));
  }

  it("is not read where it is broken, or says something twice", () => {
    for (const text of [
      "a",
      "a = ",
      "a = 1 b = 2",
      "a = 1\na = 2",
      "a = 1\n[a]\n",
      'a = "x\n',
      "[a\n",
      ...["1{{ .x }}", "-{{ .x }}", "{{ .x }}0", "{{ .x }}.5", "1.{{ .x }}", "0x{{ .x }}"].map(
        (value) => `a = ${value}`,
      ),
      "a = {{ .x }} {{ .y }}",
      "a = {{ .x }} # }}\nb",
      `${"a.".repeat(50_000)}a = 1`,
      `a = ${"[".repeat(50)}`,
    ]) {
      assert.equal(readToml(text), undefined, text);
    }
  });

  it("takes time in proportion to its length", () => {
    const size = 200_000;
    const started = performance.now();
    for (const text of [
      `a = "${"x".repeat(size)}`,
      `a = """${'"x'.repeat(size / 2)}`,
      `a = "${"\\x".repeat(size / 2)}`,
      "a.".repeat(size / 2),
      `a = ${"[".repeat(size)}`,
      "\n".repeat(size),
    ]) {
      readToml(text);
    }
    assert.ok(performance.now() - started < 5_000);
  });
});
