// Compiles sources to CommonJS with types and source maps, and gives their types to whoever asks.
import * as path from "node:path";
import ts from "typescript";
import { Failure } from "./fail.mjs";
import { repository } from "./paths.mjs";

/**
 * @param {readonly string[]} sources relative to the clone
 * @param {string} folder
 * @throws {Failure} with what the compiler says
 */
export function compile(sources, folder) {
  const program = programOf(sources, folder);
  const problems = ts.getPreEmitDiagnostics(program).filter(({ code }) => code !== attributes);
  if (problems.length > 0) {
    const host = ts.createCompilerHost(program.getCompilerOptions());
    throw new Failure(
      `The packages cannot be built:\n${ts.formatDiagnostics(problems.slice(0, 10), host)}`,
    );
  }
  program.emit(undefined, (file, text, mark) =>
    ts.sys.writeFile(file, file.endsWith(".d.ts") ? withJsPaths(text) : withImports(text), mark),
  );
}

/**
 * @param {readonly string[]} sources relative to the clone
 * @param {string} [folder] where they would be compiled to
 * @returns {ts.Program} with all that they import, not checked yet
 */
export function programOf(sources, folder = path.join(repository, "dist")) {
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...ts.readConfigFile(path.join(repository, "tsconfig.json"), ts.sys.readFile).config
        .compilerOptions,
      module: "CommonJS",
      moduleResolution: "Bundler",
      types: ["node"],
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
    repository,
  );
  return ts.createProgram(
    sources.map((source) => path.join(repository, source)),
    options,
    hostFor(options),
  );
}

/** @type {Map<string, ts.SourceFile | undefined>} */
const parsed = new Map();

/**
 * What is installed is parsed once for all programs, which differ in their folder alone: the types of the Kubernetes SDK
 * take seconds.
 * @param {ts.CompilerOptions} options
 */
function hostFor(options) {
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile;
  host.getSourceFile = (file, ...how) => {
    if (!file.includes("/node_modules/")) return parse(file, ...how);
    if (!parsed.has(file)) parsed.set(file, parse(file, ...how));
    return parsed.get(file);
  };
  return host;
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

/** `Import attributes are only supported when ...`: what is compiled to `require` of a JSON file needs none. */
const attributes = 2823;

/**
 * The compiler rewrites paths in JavaScript alone; older compilers want no `.ts` in declarations.
 * @param {string} text
 */
function withJsPaths(text) {
  return text.replace(/((?:from |import\()"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"');
}
