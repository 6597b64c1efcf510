import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { repository } from "../../toolchain/paths.mjs";
import { notRun } from "./not-run.ts";
import {
  type Command,
  pagesWithCommands,
  reasonNotRun,
  sectionsOf,
  withoutComment,
} from "./pages.ts";

const pages = pagesWithCommands();
const sections = pages.flatMap(sectionsOf);
const isRun = (page: string) => (command: Command) => reasonNotRun(page, command) === undefined;
const read = (file: string) => fs.readFileSync(path.join(repository, file), "utf8");

/** What tests take, as their sources say it. */
const taken = fs
  .readdirSync(path.join(repository, "test"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .flatMap((file) => [
    ...read(path.join("test", file)).matchAll(
      /\btake\(\s*"([^"]+)",\s*"([^"]+)"(?:,\s*"([^"]+)")?,?\s*\)/g,
    ),
  ])
  .map(([, page = "", heading = "", part = ""]) => ({ page, heading, part }));

/** The help of each command, by what it is called: `npm run judge`. It is the programs' own (test/plugin). */
const help = new Map(
  [...read("docs/reference/commands.md").matchAll(/^## (.+)\n\n```text\n([\s\S]*?)^```/gm)].map(
    ([, command = "", text = ""]) => [command, text],
  ),
);

/**
 * What of a command line this project does not have: scripts, their options, files. What a script hands on is another
 * program's: the CLI's, kubectl's.
 */
function unknownIn(line: string): string[] {
  const [, script = "", words = ""] =
    /^(?:npx )?(kubelet-trust [a-z]+|npm start|npm test|npm run (?:-s |--silent )?[\w:]+)( .*)?$/.exec(
      line,
    ) ?? [];
  const command = script.replace(/-s |--silent /, "").replace("kubelet-trust ", "npm run ");
  if (command === "" || /^npm run (pulumi|lint|typecheck)$/.test(command)) return [];
  const text = help.get(command);
  if (text === undefined) return [command];
  if (text.includes("[options of the CLI]") || /^ (-- )?kubectl /.test(words)) return [];
  const inherited = text.includes("as npm run mocha") ? (help.get("npm run mocha") ?? "") : "";
  const options = (words.match(/(?<= )--[a-z][\w-]*/g) ?? []).filter(
    (option) =>
      !new RegExp(`${option}(?![\\w-])`).test(`${text}${inherited}`) && option !== "--help",
  );
  const files = (words.match(/(?<= )(test|docs|examples|policies)\/[\w/.-]+/g) ?? []).filter(
    (file) => !file.includes("NAME") && !fs.existsSync(path.join(repository, file)),
  );
  return [...options, ...files];
}

describe("the commands of the documentation", () => {
  it("are each taken by exactly one test, or on the list of those that are not run", () => {
    const wrong = sections.flatMap(({ page, heading, commands, shown }) => {
      const takers = taken.filter((one) => one.page === page && one.heading === heading);
      const lines = commands
        .filter(isRun(page))
        .filter(({ line }) => takers.filter(({ part }) => line.includes(part)).length !== 1);
      const isSeen = shown.length === 0 || takers.length > 0;
      return [...lines.map(({ line }) => line), ...(isSeen ? [] : shown)].map(
        (text) => `${page}, ${heading}: ${text}`,
      );
    });
    assert.deepEqual(wrong, []);
    // A section that has gone fails where it is taken.
    assert.ok(taken.length > 20);
  });

  it("that are not run stand on a page, and name what there is", () => {
    const listed = Object.entries(notRun).flatMap(([page, lines]) =>
      Object.keys(lines).map((line) => ({ page, line })),
    );
    const all = sections.flatMap(({ page, commands }) =>
      commands.map(({ line }) => `${page}: ${withoutComment(line)}`),
    );
    assert.deepEqual(
      listed.filter(({ page, line }) => !all.includes(`${page}: ${line}`)),
      [],
    );
    assert.deepEqual(
      listed.flatMap(({ line }) => unknownIn(line)),
      [],
    );
    const left = sections.flatMap(({ page, commands }) =>
      commands.filter((command) => !isRun(page)(command)),
    );
    process.stderr.write(`      ${left.length} of ${all.length} command lines are not run\n`);
  });

  it("in the text and in tables name scripts and options that there are", () => {
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/`((?:npm|npx|kubelet-trust) [^`]+)`/g)].map(([, line = ""]) => ({
        page,
        line,
      })),
    );
    assert.ok(named.length > 100);
    const wrong = named.flatMap(({ page, line }) =>
      unknownIn(line.replaceAll("\\|", "|").replace(/\s+/g, " ")).map(
        (word) => `${page}: ${line}: ${word}`,
      ),
    );
    assert.deepEqual(wrong, []);
  });
});
