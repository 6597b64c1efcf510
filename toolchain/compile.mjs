// Compiles sources to CommonJS with types and source maps: by TypeScript 7, which needs a third of the time of 6.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { runChild } from "./child.mjs";
import { Failure } from "./fail.mjs";
import { compiler, node, repository } from "./paths.mjs";

/**
 * @param {readonly string[]} sources relative to the clone
 * @param {string} folder
 * @returns {Promise<void>}
 * @throws {Failure} with what the compiler says
 */
export async function compile(sources, folder) {
  const settings = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-compile-"));
  const project = path.join(settings, "tsconfig.json");
  try {
    fs.writeFileSync(project, JSON.stringify(configuration(sources, folder)));
    const { code, output, stdout } = await runChild(node, [compiler, "--project", project], {
      cwd: repository,
      onLine: () => {},
    });
    const said = stdout.split("\n").filter((line) => /error TS\d+:/.test(line));
    const problems = said.filter((line) => !attributes.test(line)).slice(0, 10);
    if (problems.length > 0 || (code !== 0 && said.length === 0)) {
      throw new Failure(`The packages cannot be built:\n${problems.join("\n") || output}`);
    }
  } finally {
    fs.rmSync(settings, { recursive: true, force: true });
  }
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const file = path.join(folder, name);
    if (name.endsWith(".d.ts")) rewrite(file, withJsPaths);
    else if (name.endsWith(".js")) rewrite(file, withImports);
  }
}

/**
 * @param {readonly string[]} sources
 * @param {string} folder
 */
function configuration(sources, folder) {
  return {
    extends: path.join(repository, "tsconfig.json"),
    compilerOptions: {
      module: "CommonJS",
      moduleResolution: "Bundler",
      types: ["node"],
      typeRoots: [path.join(repository, "node_modules/@types")],
      verbatimModuleSyntax: false,
      allowImportingTsExtensions: false,
      rewriteRelativeImportExtensions: true,
      allowJs: false,
      checkJs: false,
      noEmit: false,
      noEmitOnError: false,
      declaration: true,
      sourceMap: true,
      inlineSources: true,
      rootDir: repository,
      outDir: folder,
    },
    include: [],
    files: sources.map((source) => path.join(repository, source)),
  };
}

/** `Import attributes are only supported when ...`: what is compiled to `require` of a JSON file needs none. */
const attributes = /error TS2823:/;

/**
 * @param {string} file
 * @param {(text: string) => string} change
 */
function rewrite(file, change) {
  const text = fs.readFileSync(file, "utf8");
  const changed = change(text);
  if (changed !== text) fs.writeFileSync(file, changed);
}

/**
 * The compiler makes `require` of `import("package")`, which Node before 20.19 refuses where the package is ES modules.
 * @param {string} text
 */
function withImports(text) {
  return text.replace(
    /Promise\.resolve\(\)\.then\(\(\) => (?:__importStar\()?require\(("[^."][^"]*")\)\)?\)/g,
    "import($1)",
  );
}

/**
 * The compiler rewrites paths in JavaScript alone; older compilers want no `.ts` in declarations.
 * @param {string} text
 */
function withJsPaths(text) {
  return text.replace(/((?:from |import\()"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"');
}
