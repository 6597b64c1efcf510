import assert from "node:assert/strict";
import { rowsOf } from "./support/hardening-page.ts";

describe("docs/hardening.md", () => {
  it("has something that is looked at in every row that says met, and a reason or a task in the others", () => {
    const rows = rowsOf();
    assert.ok(rows.length > 70, `${rows.length} rows`);
    for (const { controls, state, checks } of rows) {
      assert.ok(["met", "not met", "yours"].includes(state), `${controls}: ${state}`);
      if (state === "met") assert.ok(checks.length > 0, `${controls} names nothing to look at`);
    }
  });

  it("tells every control of the benchmark once", () => {
    const told = rowsOf().flatMap(({ controls }) => controls);
    assert.equal(new Set(told).size, told.length);
    // How many controls each section of the benchmark's version 1.12 has.
    const sections = {
      "1.1": 21,
      "1.2": 30,
      "1.3": 7,
      "1.4": 2,
      "2": 7,
      "3.1": 3,
      "3.2": 2,
      "4.1": 10,
      "4.2": 14,
      "4.3": 1,
    };
    for (const [section, count] of Object.entries(sections)) {
      for (let i = 1; i <= count; i++)
        assert.ok(told.includes(`${section}.${i}`), `${section}.${i}`);
    }
  });

  it("is read into checks that can fail", () => {
    const row = (code: string) => `| 1.2.1 | x | met | \`${code}\` |`;
    const holds = (code: string, args: string[]) => {
      const [check] = rowsOf(row(code))[0]?.checks ?? [];
      assert.ok(check?.kind === "flag", code);
      return check.holds(args);
    };
    assert.equal(holds("etcd --a=b", ["--a=b"]), true);
    assert.equal(holds("etcd --a=b", ["--a=bc"]), false);
    assert.equal(holds("etcd --a=b", ["--a=b", "--a=c"]), false);
    assert.equal(holds("etcd without --a", ["--ab=c"]), true);
    assert.equal(holds("etcd without --a", ["--a"]), false);
    assert.equal(holds("etcd with --a", []), false);
    assert.equal(holds("etcd --a has B", ["--a=A,B"]), true);
    assert.equal(holds("etcd --a has B", ["--a=AB"]), false);
    assert.equal(holds("etcd --a lacks B", ["--a=A"]), true);
    assert.equal(holds("etcd --a lacks B", []), false);
    const [field] = rowsOf(row("kubelet a.b = [1]"))[0]?.checks ?? [];
    assert.ok(
      field?.kind === "field" && field.holds([1]) && !field.holds([2]) && !field.holds(undefined),
    );
    assert.throws(() => rowsOf(row("etcd --a")), /is no check/);
  });
});
