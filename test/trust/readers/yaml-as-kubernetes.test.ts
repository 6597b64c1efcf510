import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readYaml } from "../../../trust/readers/yaml.ts";

/*
 * What sigs.k8s.io/yaml v1.6.0 on go.yaml.in/yaml/v2 v2.4.4, which Kubernetes 1.37 reads YAML by, makes of texts:
 * words, numbers, dates, quotes, tags, merges, anchors, documents, tabs, line breaks. yaml-as-kubernetes/main.go
 * records it.
 */

type Answer = { readonly yaml: string; readonly json?: string; readonly error?: string };

const recorded: readonly Answer[] = JSON.parse(
  readFileSync(new URL("yaml-as-kubernetes/recorded.json", import.meta.url), "utf8"),
);

/** Refused here, though Kubernetes reads them: never read as something else, and never passed over. */
const refused = new Set([
  "a: [\n\t1\n]\n",
  "a: {x: 1,\nb: 2}\n",
  "a: {\nb: 2\n}\n",
  "a: [\n1\n]\n",
  'a: "x\ny"\n',
  "{a: 1}\n{b: 2}\n",
  '"a":1\n',
  "a: b\n... x\n",
]);

/** What a reader of one document gets, as JSON; `undefined` where it is refused. */
function read(yaml: string): string | undefined {
  const { first, documents, problems } = readYaml(yaml, { where: "text" });
  if (first) return JSON.stringify(first.value);
  return problems.length > 0 && documents.length === 0 ? undefined : "null";
}

/** JSON in one form: keys in order, numbers as JavaScript has them. */
function sorted(json: string): string {
  return JSON.stringify(JSON.parse(json), (_, value) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

describe(`readYaml on ${recorded.length} texts that Kubernetes was asked about`, () => {
  it("makes the same of each, or refuses it", () => {
    for (const { yaml, json, error } of recorded) {
      const own = read(yaml);
      if (refused.has(yaml) || error !== undefined) {
        assert.equal(own, undefined, `${JSON.stringify(yaml)}: ${error}`);
      } else {
        // The only name of a key that is no text, and no setting has it.
        const expected = sorted(json ?? "").replace('".inf"', '"Infinity"');
        assert.equal(own && sorted(own), expected, JSON.stringify(yaml));
      }
    }
  });

  it("has both kinds of answers", () => {
    assert.ok(recorded.filter(({ error }) => error !== undefined).length > 50);
    assert.ok(recorded.filter(({ json }) => json !== undefined).length > 250);
  });
});
