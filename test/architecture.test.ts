import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import {
  circles,
  importsOf,
  readRooms,
  roomCircles,
  wrongImports,
} from "./support/architecture.ts";

const root = path.join(import.meta.dirname, "..");
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");

/** What git tracks or would: a file that was just written counts. */
function sources(): string[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.mjs"],
    { cwd: root, encoding: "utf8" },
  );
  return listed.split("\n").filter((file) => file !== "" && fs.existsSync(path.join(root, file)));
}

describe("the house", () => {
  const rooms = readRooms(read("docs/design.md"));
  const imports = new Map(sources().map((file) => [file, importsOf(file, read(file))]));

  it("imports as the table of docs/design.md allows", () => {
    assert.deepEqual(wrongImports(rooms, imports), []);
  });

  it("has no circle among its files, types included", () => {
    assert.deepEqual(circles(imports), []);
  });

  it("has no circle among its rooms", () => {
    assert.deepEqual(roomCircles(rooms), []);
  });

  it("keeps trust/ away from files, processes and the network", () => {
    const allowed = /^node:(crypto|net|path|zlib)$/;
    const used = sources()
      .filter((file) => file.startsWith("trust/"))
      .flatMap((file) =>
        [...read(file).matchAll(/from "(node:[^"]+)"/g)].map(([, name = ""]) => [file, name]),
      );
    assert.deepEqual(
      used.filter(([, name = ""]) => !allowed.test(name)),
      [],
    );
  });
});

describe("the check of the house", () => {
  const table = [
    "| room | what | may import |",
    "| --- | --- | --- |",
    "| `low/` | words | nothing of ours |",
    "| `low/inner/` | more | `low/` |",
    "| `low/one.ts` | a file by itself | nothing of ours |",
    "| `high/` | all of it | `low/` |",
    "| `test/` | tests | anything |",
    "",
  ].join("\n");
  const rooms = readRooms(table);
  const sound = new Map<string, string[]>([
    ["low/a.ts", ["low/b.ts"]],
    ["low/b.ts", []],
    ["low/inner/a.ts", ["low/a.ts"]],
    ["low/one.ts", []],
    ["high/a.ts", ["low/a.ts", "low/inner/a.ts", "low/one.ts"]],
    ["test/a.ts", ["high/a.ts", "low/a.ts"]],
  ]);
  const planted = (file: string, ...to: string[]) => new Map([...sound, [file, to]]);

  it("passes imports that point down", () => {
    assert.deepEqual(wrongImports(rooms, sound), []);
    assert.deepEqual(circles(sound), []);
    assert.deepEqual(roomCircles(rooms), []);
  });

  it("names an import that points up, out of a folder or out of a file", () => {
    assert.deepEqual(wrongImports(rooms, planted("low/c.ts", "high/a.ts")), [
      "low/c.ts imports high/a.ts, which low/ may not",
    ]);
    assert.deepEqual(wrongImports(rooms, planted("low/one.ts", "low/a.ts")), [
      "low/one.ts imports low/a.ts, which low/one.ts may not",
    ]);
    assert.deepEqual(wrongImports(rooms, planted("low/c.ts", "low/inner/a.ts")), [
      "low/c.ts imports low/inner/a.ts, which low/ may not",
    ]);
  });

  it("names a file without a room and a room without a file", () => {
    assert.deepEqual(wrongImports(rooms, planted("new/a.ts")), [
      "new/a.ts is in no room of the table",
    ]);
    const gone = new Map([...sound].filter(([file]) => file !== "low/one.ts"));
    assert.deepEqual(wrongImports(rooms, gone), ["low/one.ts is in the table and holds no file"]);
  });

  it("names a circle of files, and one of a file with itself", () => {
    assert.deepEqual(circles(planted("low/b.ts", "low/c.ts").set("low/c.ts", ["low/a.ts"])), [
      "low/a.ts > low/b.ts > low/c.ts > low/a.ts",
    ]);
    assert.deepEqual(circles(planted("low/c.ts", "low/c.ts")), ["low/c.ts > low/c.ts"]);
  });

  it("names a circle that the table itself allows", () => {
    const turned = table.replace(
      "| `low/` | words | nothing of ours |",
      "| `low/` | words | `high/` |",
    );
    assert.deepEqual(roomCircles(readRooms(turned)), [
      "low/ > high/ > low/",
      "low/ > high/ > low/inner/ > low/",
    ]);
  });

  it("sees every form of import", () => {
    const text = [
      'import { a } from "./a.ts";',
      'import type { B } from "../b.ts";',
      'export * from "./c.ts";',
      'import "./d.ts";',
      'await import("./e.ts");',
      '/** @typedef {import("./f.mjs").F} F */',
      'import * as fs from "node:fs";',
      'import yaml from "yaml";',
      'import {\n  long,\n} from "./g.ts";',
    ].join("\n");
    assert.deepEqual(importsOf("x/y.ts", text), [
      ...["x/a.ts", "b.ts", "x/c.ts", "x/d.ts", "x/e.ts", "x/f.mjs", "x/g.ts"],
    ]);
  });

  it("refuses a table that says nothing", () => {
    assert.throws(() => readRooms("no table"), /no table of rooms/);
    assert.throws(
      () => readRooms(table.replace("| anything |", "| whatever |")),
      /What may test\/ import/,
    );
  });
});
