import assert from "node:assert/strict";
import { createTable } from "../../lab/kubernetes/table.ts";

function record(isTTY: boolean) {
  const written: string[] = [];
  const output = { isTTY, write: (text: string) => written.push(text) };
  return { written, table: createTable(output, {}) };
}

describe("the table of a lab", () => {
  it("is one line a change, and once at the end, where there is no terminal", () => {
    const { written, table } = record(false);
    const row = table.row("worker-0 kubelet");
    row.is("starting");
    row.ended("node Ready");
    table.close();
    assert.match(written[0] ?? "", /^\[0\.\d s\] worker-0 kubelet: starting\n$/);
    assert.match(written[1] ?? "", /^\[0\.\d s\] worker-0 kubelet: node Ready\n$/);
    assert.match(
      written.slice(2).join(""),
      /COMPONENT +STATE +SECONDS\nworker-0 kubelet +node Ready +0\.\d\n$/,
    );
    assert.ok(!written.join("").includes("\x1b"));
  });

  it("is redrawn in place on a terminal", () => {
    const { written, table } = record(true);
    const row = table.row("etcd");
    row.is("starting");
    row.ended("running");
    table.close();
    const text = written.join("");
    assert.ok(text.includes("\x1b[2A\x1b[J"), "the two lines of before are erased");
    assert.ok(text.endsWith("\n"));
  });

  it("is cut to the terminal while it is redrawn, and whole at the end", () => {
    const written: string[] = [];
    const write = (text: string) => written.push(text);
    const table = createTable({ isTTY: true, columns: 20, rows: 4, write }, {});
    for (let index = 0; index < 6; index++) table.row(`component-${index}`).ended("a long state");
    const frames = written.filter((text) => !text.startsWith("\x1b"));
    assert.ok(frames.length > 0);
    for (const line of frames.flatMap((text) => text.split("\n")))
      assert.ok(line.length < 20, line);
    for (const frame of frames) assert.ok(frame.split("\n").length <= 4, frame);
    table.close();
    assert.match(written.at(-1) ?? "", /COMPONENT.*\ncomponent-0 +a long state +0/);
  });
});
