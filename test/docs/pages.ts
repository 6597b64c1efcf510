/**
 * The commands of the documentation, for the tests that run them. A test takes a section, as in
 * `take("docs/judge.md", "One side alone")`, and runs what is in it in order; `commands.test.ts` finds these calls and
 * fails on a line that no test takes, or more than one.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { repository } from "../../toolchain/paths.mjs";
import { notRun } from "./not-run.ts";

/** A command line, and what the page shows that it prints; empty where the page shows nothing. */
export type Command = { readonly line: string; readonly output: string };

export type Section = {
  readonly page: string;
  /** The heading above, without its `#`s. */
  readonly heading: string;
  /** Lines of `sh` blocks, whole `bash` blocks, and lines of `console` blocks with their output. */
  readonly commands: readonly Command[];
  /** `text` blocks: outputs of commands in other blocks. */
  readonly shown: readonly string[];
};

/** The pages whose commands are run; their Chinese versions have the same blocks, word for word (test/docs.test.ts). */
export function pagesWithCommands(): string[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    { cwd: repository, encoding: "utf8" },
  );
  return (
    listed
      .split("\n")
      .filter((page) => /^(README|CONTRIBUTING)\.md$|^(docs|packages|examples)\//.test(page))
      // The reference is what programs print, and is held against them where it is generated.
      .filter(
        (page) =>
          !/^docs\/(zh|reference)\//.test(page) && fs.existsSync(path.join(repository, page)),
      )
  );
}

/** The sections of a page that have a block of commands or of output. */
export function sectionsOf(page: string): Section[] {
  const sections: { heading: string; commands: Command[]; shown: string[] }[] = [];
  let heading = "";
  const section = () => {
    const last = sections.at(-1);
    if (last?.heading === heading) return last;
    const next = { heading, commands: [], shown: [] };
    sections.push(next);
    return next;
  };
  const text = fs.readFileSync(path.join(repository, page), "utf8");
  const parts = /^#+ (?<title>.+)$|^(?<indent> *)```(?<kind>\S*)\n(?<body>[\s\S]*?)^ *```$/gm;
  for (const { groups = {} } of text.matchAll(parts)) {
    const { title, indent = "", kind = "", body = "" } = groups;
    if (title !== undefined) {
      heading = title;
      continue;
    }
    const block = body.replaceAll(new RegExp(`^${indent}`, "gm"), "").trimEnd();
    if (kind === "sh") {
      section().commands.push(...block.split("\n").map((line) => ({ line, output: "" })));
    } else if (kind === "bash") {
      section().commands.push({ line: block, output: "" });
    } else if (kind === "console") {
      section().commands.push(...consoleCommands(page, block));
    } else if (kind === "text") {
      section().shown.push(block);
    } else {
      const command = /^(\$|npm|npx|pulumi) .*/m.exec(block)?.[0];
      assert.equal(command, undefined, `${page}: a command in a block of kind "${kind}"`);
    }
  }
  return sections.map((one) => ({ page, ...one }));
}

/** A line without the comment at its end. */
export function withoutComment(line: string): string {
  return line.replace(/\s+# .*$/, "");
}

/** Why no test runs a line of a page; undefined where one does. */
export function reasonNotRun(page: string, { line }: Command): string | undefined {
  return notRun[page]?.[withoutComment(line)];
}

/**
 * What a test is to run of a section: all but the lines that `not-run.ts` names. Call it with literals.
 *
 * @param part text that a line has, comment included; default: every line is taken
 * @throws AssertionError if there is no such section, or nothing in it to run
 */
export function take(page: string, heading: string, part = ""): Section {
  const section = sectionsOf(page).find((one) => one.heading === heading);
  assert.ok(section, `${page} has no section "${heading}" with commands`);
  const commands = section.commands
    .filter((command) => reasonNotRun(page, command) === undefined)
    .filter(({ line }) => line.includes(part));
  assert.ok(commands.length + section.shown.length > 0, `${page}, ${heading}: nothing to run`);
  return { ...section, commands };
}

/**
 * Fails unless an output has what a page shows of it: the same lines in the same order, where `...` stands for any
 * number of lines and, in a line, for any text. Moments, durations, ages, sizes and made-up names are not compared, nor
 * is the width of columns.
 */
export function assertShown(shown: string, output: string): void {
  const parts = shown.split(/^ *\.\.\.$/m).map((part) => linesOf(part).map(patternOf));
  const lines = linesOf(output);
  let from = 0;
  for (const part of parts) {
    const at = lines.findIndex(
      (_, index) =>
        index >= from && part.every((pattern, offset) => pattern.test(lines[index + offset] ?? "")),
    );
    assert.ok(at >= 0, `not shown:\n${part.map(String).join("\n")}\n\nbut:\n${lines.join("\n")}`);
    from = at + part.length;
  }
}

function consoleCommands(page: string, block: string): Command[] {
  const [before, ...commands] = block.split(/^\$ /m);
  assert.equal(before, "", `${page}: a console block begins with its first command`);
  return commands.map((text) => {
    const [line = "", ...output] = text.split("\n");
    return { line, output: output.join("\n").trim() };
  });
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map(stable)
    .filter((line) => line !== "");
}

function stable(line: string): string {
  return line
    .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME")
    .replaceAll(/\bcsr-[a-z0-9]{5}\b/g, "csr-NAME")
    .replaceAll(/\b(\d+[dhms])+\b/g, "AGE")
    .replaceAll(/\b\d+(\.\d+)? (s|MB|samples)\b/g, "NUMBER $2")
    .replaceAll(/\s+\d+\.\d$/g, " NUMBER")
    .replaceAll(/(\w) = (\w)/g, "$1=$2") // what OpenSSL before 3.2 writes into names
    .replaceAll(/\s+/g, " ")
    .trim();
}

function patternOf(line: string): RegExp {
  const texts = line.split(/\.\.\./).map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${texts.join(".*")}$`);
}
