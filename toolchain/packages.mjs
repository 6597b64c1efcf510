// Builds the npm packages: CommonJS that every Node loads by `import` and by `require`, one file for each source file,
// with its types and a source map.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { compile } from "./compile.mjs";
import { policyPack, repository } from "./paths.mjs";
import { makeSchema } from "./schema.mjs";

/** What each package is made of: the sources that others import or run; what these import comes along. */
export const sourcesOf = /** @type {const} */ ({
  "kubelet-trust": [
    "components/index.ts",
    "components/stack-traces.ts",
    "trust/index.ts",
    "cli/kubelet-trust.ts",
    "plugin/serve.ts",
  ],
  "kubelet-trust-policies": ["policies/library.ts"],
});

/** @typedef {keyof typeof sourcesOf} PackageName */

/** Names of the packages. */
export const packageNames = /** @type {PackageName[]} */ (Object.keys(sourcesOf));

/**
 * Builds packages into folders of their names, and says how large they are.
 * @param {Pick<import("./progress.mjs").Progress, "say">} progress
 * @param {string} [output] folder of all, default `dist` in the clone
 * @param {readonly PackageName[]} [names] default both
 * @returns {Promise<void>}
 * @throws {import("./fail.mjs").Failure} if the sources do not compile
 */
export async function buildPackages(
  progress,
  output = path.join(repository, "dist"),
  names = packageNames,
) {
  fs.rmSync(output, { recursive: true, force: true });
  for (const name of names) {
    const folder = path.join(output, name);
    await compile(sourcesOf[name], folder);
    for (const file of fs.readdirSync(path.join(repository, "packages", name))) {
      if (file !== "package.json") {
        fs.copyFileSync(path.join(repository, "packages", name, file), path.join(folder, file));
      }
    }
    fs.copyFileSync(path.join(repository, "LICENSE"), path.join(folder, "LICENSE"));
    fs.writeFileSync(
      path.join(folder, "package.json"),
      `${JSON.stringify(manifest(name), null, 2)}\n`,
    );
    if (name === "kubelet-trust") {
      fs.writeFileSync(path.join(folder, "schema.json"), JSON.stringify(schemaOfPackage()));
    }
    if (name === "kubelet-trust-policies") {
      const about = "PulumiPolicy.yaml";
      fs.copyFileSync(path.join(policyPack, about), path.join(folder, about));
      fs.copyFileSync(path.join(policyPack, "dist", "index.cjs"), path.join(folder, "pack.cjs"));
      // What violations link to.
      const pages = path.join("docs", "policies");
      fs.cpSync(path.join(repository, pages), path.join(folder, pages), { recursive: true });
    }
    progress.say(`${name}: ${size(folder)}`);
  }
}

/**
 * What programs in other languages have of the components.
 * @returns {Record<string, unknown>}
 * @throws {import("./fail.mjs").Failure} when it cannot be told in every language
 */
export function schemaOfPackage() {
  const { name, version, description } = manifest("kubelet-trust");
  return makeSchema(String(name), String(version), String(description));
}

/**
 * The package's own manifest with the version of the project, and with each dependency in the version that it is tested
 * with: what is bundled with the project exactly, the SDKs from that version on, so that a user's project keeps its own.
 * @param {PackageName} name
 * @returns {Record<string, unknown>}
 */
function manifest(name) {
  const read = (/** @type {string} */ file) =>
    JSON.parse(fs.readFileSync(path.join(repository, file), "utf8"));
  const project = read("package.json");
  const own = read(`packages/${name}/package.json`);
  /** @param {object} names @param {string} range */
  const pinned = (names, range) =>
    Object.fromEntries(
      Object.keys(names).map((dependency) => [
        dependency,
        `${range}${project.dependencies[dependency]}`,
      ]),
    );
  return {
    name: own.name,
    version: project.version,
    ...own,
    dependencies: pinned(own.dependencies, ""),
    peerDependencies: pinned(own.peerDependencies, "^"),
  };
}

/**
 * What npm would publish of a folder.
 * @param {string} folder
 * @returns {string} e.g. "400 files, 0.4 MB packed, 2.1 MB unpacked"
 */
function size(folder) {
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  const megabytes = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  return `${packed.entryCount} files, ${megabytes(packed.size)} packed, ${megabytes(packed.unpackedSize)} unpacked`;
}
