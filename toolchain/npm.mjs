// The npm packages of the clone.
import * as fs from "node:fs";
import * as path from "node:path";
import { runChild } from "./child.mjs";
import { Failure } from "./fail.mjs";
import { withLock } from "./lock.mjs";
import { localState, node, repository } from "./paths.mjs";

/**
 * Installs the packages of package-lock.json if they are missing, or are not those.
 * @param {import("./progress.mjs").Progress} progress
 * @throws {Failure} if npm fails
 */
export async function ensurePackages(progress) {
  if (isInstalled(repository)) return;
  await withLock(
    path.join(localState, "locks", "npm"),
    async () => {
      if (isInstalled(repository)) return;
      await progress.step("Installing the npm packages", async () => {
        const { code, output } = await runChild(
          "npm",
          // Scripts of packages would run what package-lock.json holds no digest of; none is needed.
          ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
          { cwd: repository, onLine: () => {} },
        );
        if (code !== 0) throw new Failure(`npm ci failed in ${repository}:\n${output}`);
      });
      if (!fs.existsSync(node)) {
        throw new Failure(
          `npm ci brought no ${path.relative(repository, node)}. The optional packages of package.json bring it on Linux ` +
            "and macOS, on x64 and arm64: unset npm's omit (npm config get omit), and delete node_modules.",
        );
      }
    },
    ({ pid }) => progress.say(`Waiting for process ${pid}, which is installing the npm packages`),
  );
}

/**
 * Whether node_modules holds what package-lock.json says: npm writes down there what it installed,
 * and does so last. Packages for other platforms may be missing.
 * @param {string} folder with package-lock.json and node_modules
 * @returns {boolean}
 */
export function isInstalled(folder) {
  const wanted = readPackages(path.join(folder, "package-lock.json"));
  const installed = readPackages(path.join(folder, "node_modules", ".package-lock.json"));
  if (!wanted) throw new Failure(`${folder} has no readable package-lock.json`);
  if (!installed) return false;
  return Object.entries(wanted).every(([at, { version, optional, link }]) => {
    if (at === "" || link) return true;
    return installed[at] ? installed[at].version === version : optional === true;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean, link?: boolean }> | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}
