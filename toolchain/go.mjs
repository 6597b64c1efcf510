// Builds programs from Go modules, through whatever module proxy the user's Go is set up for.
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { cacheRoot, contentKey, ensureCached, hashFolder } from "./cache.mjs";
import { runChild } from "./child.mjs";
import { Failure } from "./fail.mjs";
import { createProgress } from "./progress.mjs";

/**
 * What to build from a module folder.
 * @typedef {object} GoBuild
 * @property {string} name what is built, e.g. "pulumi"; names the cached folder
 * @property {string} title for people, e.g. "the Pulumi CLI 3.259.0"
 * @property {string} moduleDir folder with go.mod and go.sum; all its files are part of the key
 * @property {readonly string[]} packages main packages, e.g. ["."]; each gives one binary, named
 * as `go build` names it
 * @property {readonly string[]} [ldflags] for the linker, besides `-s -w`; default none
 * @property {readonly string[]} [tags] build tags; default none
 * @property {Readonly<Record<string, string>>} [env] over the environment; default CGO_ENABLED=0,
 * so that no C compiler is needed
 * @property {Borrowed} [borrowed] files of others that the sources embed; default none
 */

/**
 * Files that lie in a module that go.mod requires and that the sources embed as if they lay in moduleDir: Go embeds
 * nothing from elsewhere. They are laid there for the compiler alone.
 * @typedef {object} Borrowed
 * @property {string} module path of the module; its version is that of go.mod
 * @property {string} folder in the module
 * @property {readonly string[]} files names in that folder
 */

/**
 * How packages are compiled. Go's cache serves who asks for the same: what else compiles them, tests above all, should.
 * No debug information, since the linker strips it (-s -w): to make it takes a ninth of the time.
 */
export const compileFlags = ["-trimpath", "-gcflags=all=-dwarf=false"];

/**
 * The folder with a build's binaries, built now if the cache has none from the same sources,
 * settings and Go version.
 * @param {GoBuild} build
 * @param {import("./progress.mjs").Progress} [progress] default: one on stderr
 * @param {string} [root] the cache, default cacheRoot()
 * @param {(packages: number) => string} [whole] what to say of a build that this is a part of, once so many packages have
 * been compiled; default nothing
 * @returns {Promise<string>} absolute path; treat it as read-only
 * @throws {Failure} if Go is missing or too old, or if the build fails
 */
export async function ensureBuilt(
  build,
  progress = createProgress(),
  root = undefined,
  whole = () => "",
) {
  const { name, title, moduleDir, packages, ldflags = [], tags = [] } = build;
  const goEnv = { ...process.env, ...settingsOf(build) };
  const key = await keyOf(build);
  return ensureCached({
    ...(root === undefined ? {} : { root }),
    name,
    key,
    onWait: ({ pid }) => progress.say(`Waiting for process ${pid}, which is building ${title}`),
    make: (folder) =>
      progress.step(`Building ${title} from source`, async (step) => {
        const args = [
          ...["build", "-v", ...compileFlags, "-buildvcs=false", "-p", String(os.cpus().length)],
          ...(await borrowingFlags(build, goEnv, folder)),
          ...["-tags", tags.join(",")],
          ...["-ldflags", ["-s", "-w", ...ldflags].join(" ")],
          ...["-o", `${folder}${path.sep}`, ...packages],
        ];
        // With -v, Go prints each package as it starts on it, and is silent otherwise.
        let modules = 0;
        let compiled = 0;
        /** @type {string[]} */
        const complaints = [];
        const { code, output } = await runChild("go", args, {
          cwd: moduleDir,
          env: goEnv,
          onLine: (line) => {
            if (line.startsWith("go: downloading ")) modules++;
            else if (/[\s:]/.test(line)) complaints.push(line);
            else compiled++;
            const at =
              compiled > 0 ? `${compiled} packages compiled` : `${modules} modules downloaded`;
            step.update([at, whole(compiled)].filter(Boolean).join(", "));
          },
        });
        fs.rmSync(path.join(folder, overlayFile), { force: true });
        if (code !== 0) {
          // What else it compiled meanwhile would push the reason out of sight.
          const said = complaints.slice(-40).join("\n") || output;
          throw new Failure(`go build of ${title} failed in ${moduleDir}:\n${indent(said)}`);
        }
      }),
  });
}

/**
 * @param {GoBuild} build
 * @returns {Promise<boolean>} whether ensureBuilt would have nothing to do
 * @throws {Failure} if Go is missing or too old
 */
export async function isBuilt(build) {
  return fs.existsSync(path.join(cacheRoot(), `${build.name}-${await keyOf(build)}`));
}

/**
 * @param {GoBuild} build
 * @returns {Promise<string>} what its folder in the cache is called by, after its name
 */
async function keyOf(build) {
  const { moduleDir, packages, ldflags = [], tags = [], borrowed } = build;
  const settings = settingsOf(build);
  const go = await goTarget(moduleDir, { ...process.env, ...settings });
  return contentKey([go, hashFolder(moduleDir), packages, ldflags, tags, settings, borrowed]);
}

/** @param {GoBuild} build */
function settingsOf({ env = {} }) {
  return { CGO_ENABLED: "0", ...env };
}

/**
 * The flags with which the go command finds borrowed files beside the sources.
 * @param {Pick<GoBuild, "moduleDir" | "borrowed">} build
 * @param {NodeJS.ProcessEnv} env
 * @param {string} folder for a file that the go command reads while it runs
 * @returns {Promise<string[]>} none if nothing is borrowed
 * @throws {Failure} if the module cannot be downloaded
 */
export async function borrowingFlags({ moduleDir, borrowed }, env, folder) {
  if (!borrowed) return [];
  const source = path.join(await moduleSource(moduleDir, borrowed.module, env), borrowed.folder);
  const replace = Object.fromEntries(
    borrowed.files.map((file) => [path.join(moduleDir, file), path.join(source, file)]),
  );
  const overlay = path.join(folder, overlayFile);
  fs.writeFileSync(overlay, JSON.stringify({ Replace: replace }));
  return ["-overlay", overlay];
}

const overlayFile = "overlay.json";

/**
 * Where Go keeps the files of a module that go.mod requires, once it has downloaded them.
 * @param {string} moduleDir
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
async function moduleSource(moduleDir, name, env) {
  const command = ["mod", "download", "-json", name];
  try {
    const { stdout } = await promisify(execFile)("go", command, { cwd: moduleDir, env });
    return /** @type {string} */ (JSON.parse(stdout).Dir);
  } catch (error) {
    // What went wrong stands in the output: the go command tells it as JSON.
    const { stdout = "", message = "" } = /** @type {{ stdout?: string, message?: string }} */ (
      error
    );
    throw new Failure(
      `go ${command.join(" ")} failed in ${moduleDir}:\n${indent(stdout || message)}`,
    );
  }
}

/**
 * What Go builds for, once it is sure that the Go the module asks for is there.
 * @param {string} moduleDir
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} what `go env` says of version, target and flags: part of a build's key
 * @throws {Failure} naming the version to install
 */
export async function goTarget(moduleDir, env = process.env) {
  const wanted = /^go (\S+)/m.exec(fs.readFileSync(path.join(moduleDir, "go.mod"), "utf8"))?.[1];
  try {
    const { stdout } = await promisify(execFile)(
      "go",
      ["env", "GOVERSION", "GOOS", "GOARCH", "GOFLAGS"],
      { cwd: moduleDir, env },
    );
    return stdout;
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new Failure(
      `${missing ? "Go was not found on PATH" : `Go does not accept ${moduleDir}`}: ` +
        `building from source needs Go ${wanted} or later. Install it (go.dev, or your ` +
        "distribution's package) and run this again." +
        (missing || !(error instanceof Error) ? "" : `\n${indent(error.message)}`),
    );
  }
}

/** @param {string} text */
function indent(text) {
  return text.replace(/^/gm, "  ");
}
