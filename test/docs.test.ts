import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { specs } from "../policies/policies.ts";
import { policiesReference } from "../policies/reference-page.ts";
import { configurationReference } from "../toolchain/reference-configuration.mjs";

const root = path.join(import.meta.dirname, "..");
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");

const pages = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
  { cwd: root, encoding: "utf8" },
)
  .split("\n")
  .filter((file) => file !== "" && fs.existsSync(path.join(root, file)));

/** Relative links of a page, as paths from the root. */
function linksOf(page: string): string[] {
  return [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => path.posix.join(path.posix.dirname(page), target));
}

describe("the documentation", () => {
  for (const page of pages) {
    it(`${page} links to what exists`, () => {
      const missing = linksOf(page).filter((target) => !fs.existsSync(path.join(root, target)));
      assert.deepEqual(missing, []);
    });
  }

  it("has every page in its index", () => {
    const listed = linksOf("docs/README.md");
    const unlisted = pages.filter(
      (page) =>
        page.startsWith("docs/") && page !== "docs/README.md" && !page.startsWith("docs/policies/"),
    );
    assert.deepEqual(
      unlisted.filter((page) => !listed.includes(page)),
      [],
    );
    assert.ok(listed.includes("docs/policies/README.md"));
  });

  for (const { name } of specs) {
    it(`has a page, its rows and a test to copy for ${name}`, () => {
      assert.ok(pages.includes(`docs/policies/${name}.md`));
      assert.ok(read("docs/policies/README.md").includes(`| [${name}](${name}.md) |`));
      assert.ok(read("README.md").includes(`| \`${name}\` |`));
      assert.ok(fs.existsSync(path.join(root, "test", "policies", `${name}.test.ts`)));
    });
  }

  it("names the policies that judge, and no other", () => {
    const [, named = ""] =
      /^The five judging policies are (.+)\.$/m.exec(read("docs/policies/README.md")) ?? [];
    const judging = specs.filter(({ properties }) => "kubernetesVersion" in properties);
    assert.deepEqual(
      [...named.matchAll(/`([\w-]+)`/g)].map(([, name]) => name),
      judging.map(({ name }) => name),
    );
    assert.equal(judging.length, 5);
  });

  it("has the reference that npm run reference writes", () => {
    // The components' and the commands' pages are compared in test/plugin, where the schema is at hand.
    assert.equal(read("docs/reference/configuration.md"), configurationReference());
    assert.equal(read("docs/reference/policies.md"), policiesReference());
  });

  // The changelog names files of its time.
  for (const page of pages.filter((one) => one !== "CHANGELOG.md")) {
    it(`${page} names files that exist`, () => {
      assert.deepEqual(
        filesNamedOn(page).filter((file) => !fs.existsSync(path.join(root, file))),
        [],
      );
    });
  }

  it("is searched for the files that it names", () => {
    assert.ok(filesNamedOn("CONTRIBUTING.md").length > 40);
  });

  for (const page of pages.filter((one) => one.startsWith("docs/zh/"))) {
    it(`${page} keeps step with its English page`, () => {
      const english = page.replace("docs/zh/", "docs/");
      assert.deepEqual(skeletonOf(page), skeletonOf(english));
    });
  }

  it("has the same commands in both READMEs", () => {
    const [english, chinese] = ["README.md", "README.zh.md"].map((page) =>
      [...read(page).matchAll(/^\| (`npm .+?`) \|/gm)].map(([, command]) => command),
    );
    assert.ok((english?.length ?? 0) > 10);
    assert.deepEqual(chinese, english);
  });

  it("names commands of this project that exist", () => {
    const scripts = Object.keys(JSON.parse(read("package.json")).scripts);
    const named = pages.flatMap((page) =>
      shellBlocksOf(page).flatMap((block) =>
        [...block.matchAll(/npm (?:run (?:(?:-s|--silent) )?)?([a-z][\w:-]*)/g)].map(
          ([, script = ""]) => ({
            page,
            script,
          }),
        ),
      ),
    );
    assert.ok(named.length > 20);
    const ofNpm = ["ci", "install", "pack", "publish"];
    assert.deepEqual(
      named.filter(({ script }) => !scripts.includes(script) && !ofNpm.includes(script)),
      [],
    );
  });
});

/** What a translation has in common with its page: levels of headings, blocks, rows of tables, and code, word for word. */
function skeletonOf(page: string) {
  const text = read(page);
  const blocks = [...text.matchAll(/^ *```[\s\S]*?^ *```/gm)].map(([block]) => block);
  const prose = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, "");
  return {
    headings: [...prose.matchAll(/^#+ /gm)].map(([level]) => level),
    blocks,
    rows: [...prose.matchAll(/^\|/gm)].length,
    code: [
      ...new Set(
        [...prose.replaceAll(/\s+/g, " ").matchAll(/`([^`]+)`/g)].map(([, one = ""]) => one),
      ),
    ].sort(),
  };
}

/** The folders, sources and pages of ours that a page names in code; not those that a recipe has yet to make, such as `NAME.ts`. */
function filesNamedOn(page: string): string[] {
  return [...read(page).matchAll(/`((\w+)\/[\w./-]*(?:\/|\.(?:ts|mjs|json|md|yml|yaml)))`/g)]
    .filter(([, , room = ""]) => fs.existsSync(path.join(root, room)))
    .map(([, file = ""]) => file)
    .filter((file) => !path.basename(file).startsWith("NAME"));
}

function shellBlocksOf(page: string): string[] {
  return [...read(page).matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].map(([, block = ""]) => block);
}
