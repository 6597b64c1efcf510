// The environment in which Pulumi runs: the toolchain of the chosen world, first on PATH.
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheRoot, requireOwn } from "./cache.mjs";
import { runChild } from "./child.mjs";
import { Failure } from "./fail.mjs";
import { ensureHome, isHomeBuilt } from "./home.mjs";
import { node, npmBin, repository } from "./paths.mjs";
import { createProgress } from "./progress.mjs";
import { pruneCompiled } from "./prune.mjs";
import { versions } from "./versions.mjs";
import { chooseWorld, cliIn, vendorHome } from "./world.mjs";

/**
 * The environment for the Pulumi CLI and everything it starts, without a backend. Gets the
 * toolchain first if this machine does not have it. The npm packages must be there.
 * @param {import("./progress.mjs").Progress} [progress] default: one on stderr
 * @param {NodeJS.ProcessEnv} [env] what to start from, default this process's environment
 * @returns {Promise<NodeJS.ProcessEnv>}
 * @throws {Failure} if the toolchain cannot be had
 */
export async function pulumiEnvironment(progress = createProgress(), env = process.env) {
  const { world, why } = await chooseWorld({ env, built: isHomeBuilt() });
  progress.say(`Pulumi ${versions.pulumi}: ${titles[world]} (${why})`);
  const home = world === "vendor" ? await vendorCli(env, progress) : await ensureHome(progress);
  // The Kubernetes SDK would copy it into the default provider's settings, and so into the state.
  const { KUBECONFIG: _, ...rest } = keepingCompiled(env);
  return {
    // Of 200 nodes' resources the engine alone keeps 380 MiB by Go's own setting, 290 MiB by this one, 240 MiB by 25,
    // which costs a small stack a tenth of its time.
    GOGC: "50",
    ...rest,
    NODE_OPTIONS: sparingly(env.NODE_OPTIONS),
    PULUMI_HOME: home,
    PULUMI_SKIP_UPDATE_CHECK: "1",
    ...(world === "source" ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1" } : {}),
    PATH: [path.dirname(cliIn(home)), npmBin, env.PATH].filter(Boolean).join(path.delimiter),
  };
}

/**
 * Has Node keep what it compiles. Programs, policy packs and this project's own commands load the same hundreds of modules
 * each time: a fifth of a small stack's preview, and half of `npm run judge -- --help`.
 * @param {NodeJS.ProcessEnv} env a cache of the user's own wins
 * @returns {NodeJS.ProcessEnv} the same where no folder can be made
 * @throws {Failure} if others own the folder or may write to it: what is in it is run
 */
export function keepingCompiled(env) {
  if (env.NODE_COMPILE_CACHE) return env;
  const compiled = path.join(cacheRoot(env), "node-compile-cache");
  try {
    fs.mkdirSync(compiled, { recursive: true, mode: 0o700 });
  } catch {
    return env;
  }
  for (const folder of [cacheRoot(env), compiled]) requireOwn(folder);
  pruneCompiled(compiled);
  return { ...env, NODE_COMPILE_CACHE: compiled };
}

/**
 * A program and a policy pack make hundreds of short-lived promises for each resource. Node collects them from a space
 * that it lets grow to three times this size; what outlives it unneeded cost 200 nodes 300 MiB. What of the SDK neither
 * needs is loaded later (load-later.cjs).
 * @param {string} [options] the user's NODE_OPTIONS, which win
 * @returns {string}
 */
function sparingly(options = "") {
  const loadLater = path.join(repository, "toolchain", "load-later.cjs");
  return `--max-semi-space-size=4 --require=${JSON.stringify(loadLater)} ${options}`.trim();
}

const titles = { vendor: "the vendor's downloads", source: "built from source" };

/**
 * Has the vendor's launcher fetch the CLI if the user does not have it.
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./progress.mjs").Progress} progress
 * @returns {Promise<string>} the user's PULUMI_HOME
 */
async function vendorCli(env, progress) {
  const home = vendorHome(env);
  if (fs.existsSync(cliIn(home))) return home;
  const launcher = path.join(repository, "node_modules", "pulumi", "run.js");
  await progress.step(`Downloading the Pulumi CLI ${versions.pulumi}`, async (step) => {
    const fetched = await repeatedly(step, async () => {
      const { code, output } = await runChild(node, [launcher, "version"], {
        env,
        onLine: () => {},
      });
      return code === 0 && fs.existsSync(cliIn(home)) ? undefined : output;
    });
    if (fetched !== undefined) {
      throw new Failure(
        `The vendor's launcher could not fetch the CLI into ${home}:\n${fetched}\n` +
          "Set KUBELET_TRUST_TOOLCHAIN=source to build it instead.",
      );
    }
  });
  return home;
}

/**
 * Tries what a network may spoil three times, with a pause that grows.
 * @param {import("./progress.mjs").Step} step
 * @param {() => Promise<string | undefined>} attempt resolves to what went wrong, undefined for nothing
 * @param {number} [pause] milliseconds before the second attempt, default 2000; twice that before the third
 * @returns {Promise<string | undefined>} what went wrong the last time
 */
export async function repeatedly(step, attempt, pause = 2000) {
  let trouble = await attempt();
  for (const again of [1, 2]) {
    if (trouble === undefined) return undefined;
    step.update(`attempt ${again + 1} of 3`);
    await sleep(pause * again);
    trouble = await attempt();
  }
  return trouble;
}
