// Builds programs from Go modules, through whatever module proxy the user's Go is set up for.
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { contentKey, ensureCached, hashFolder } from "./cache.mjs";
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
 */

/**
 * The folder with a build's binaries, built now if the cache has none from the same sources,
 * settings and Go version.
 * @param {GoBuild} build
 * @param {import("./progress.mjs").Progress} [progress] default: one on stderr
 * @param {string} [root] the cache, default cacheRoot()
 * @returns {Promise<string>} absolute path; treat it as read-only
 * @throws {Failure} if Go is missing or too old, or if the build fails
 */
export async function ensureBuilt(build, progress = createProgress(), root = undefined) {
  const { name, title, moduleDir, packages, ldflags = [], tags = [], env = {} } = build;
  const settings = { CGO_ENABLED: "0", ...env };
  const goEnv = { ...process.env, ...settings };
  const go = await goTarget(moduleDir, goEnv);
  const key = contentKey([go, hashFolder(moduleDir), packages, ldflags, tags, settings]);
  return ensureCached({
    ...(root === undefined ? {} : { root }),
    name,
    key,
    onWait: ({ pid }) => progress.say(`Waiting for process ${pid}, which is building ${title}`),
    make: (folder) =>
      progress.step(`Building ${title} from source`, async (step) => {
        const args = [
          ...["build", "-v", "-trimpath", "-buildvcs=false", "-p", String(os.cpus().length)],
          ...["-tags", tags.join(",")],
          ...["-ldflags", ["-s", "-w", ...ldflags].join(" ")],
          ...["-o", `${folder}${path.sep}`, ...packages],
        ];
        // With -v, Go prints each package as it starts on it, and is silent otherwise.
        let modules = 0;
        let compiled = 0;
        const { code, output } = await runChild("go", args, {
          cwd: moduleDir,
          env: goEnv,
          onLine: (line) => {
            if (line.startsWith("go: downloading ")) modules++;
            else compiled++;
            step.update(
              compiled > 0 ? `${compiled} packages compiled` : `${modules} modules downloaded`,
            );
          },
        });
        if (code !== 0) {
          throw new Failure(`go build of ${title} failed in ${moduleDir}:\n${indent(output)}`);
        }
      }),
  });
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
