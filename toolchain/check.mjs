// Everything that `npm test` checks, in order, with a summary at the end.
import * as os from "node:os";
import * as path from "node:path";
import { runChild } from "./child.mjs";
import { compiler, node, npmBin, repository } from "./paths.mjs";
import { elapsed, isInteractive } from "./progress.mjs";
import { chosenTests, fastTests, needLab, slowTests } from "./tests.mjs";

/**
 * The options of mocha that are passed on, as parseArgs wants them.
 * @satisfies {import("node:util").ParseArgsConfig["options"]}
 */
export const mochaOptions = /** @type {const} */ ({
  grep: { type: "string", short: "g" },
  fgrep: { type: "string", short: "f" },
  invert: { type: "boolean", short: "i" },
  bail: { type: "boolean", short: "b" },
  timeout: { type: "string", short: "t" },
  reporter: { type: "string", short: "R" },
  "dry-run": { type: "boolean" },
  "forbid-only": { type: "boolean" },
  "no-color": { type: "boolean" },
});

const reporter = path.join(repository, "toolchain", "spec-and-times.mjs");

/**
 * What tests start is small and many: the setting of Go that spares memory in a large stack (environment.mjs) takes a
 * tenth of a small one's time (to start the CLI alone takes 0.30 s of processor time with 50, 0.15 s with 400). Node's, with
 * which it collects more often, takes as much: what tests have is Node's own.
 * @param {NodeJS.ProcessEnv} env the user's own setting wins
 * @returns {NodeJS.ProcessEnv}
 */
export function forTests(env) {
  return { GOGC: "400", NODE_OPTIONS: "--max-semi-space-size=16", ...env };
}

/**
 * Runs lint, type check and every test, each even if one before it failed.
 * @param {readonly string[]} args further arguments for mocha
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./progress.mjs").Progress} progress
 * @returns {Promise<number>} 0 if all passed, else 1
 */
export async function checkEverything(args, env, progress) {
  const { isAll, options } = chosenTests(args);
  const tests = isAll
    ? [
        { name: "fast tests", run: () => runAtOnce(fastTests(), options, env, progress) },
        { name: "programs of the lab", run: () => prepareLab(env) },
        {
          name: "engine, lab and long tests",
          run: () => runAtOnce(slowTests(), options, env, progress),
        },
      ]
    : [{ name: "tests", run: () => runChosen(args, env) }];
  const checks = [
    {
      name: "lint",
      run: () => runFile(path.join(npmBin, "biome"), ["check", "--error-on-warnings", "."], env),
    },
    { name: "types", run: () => runFile(compiler, ["--noEmit"], env) },
    ...tests,
  ];
  const results = [];
  for (const { name, run } of checks) {
    progress.say(`\n== ${name}`);
    const start = Date.now();
    const code = await run();
    results.push({ name, code, took: elapsed(Date.now() - start) });
  }
  progress.say("\n== summary");
  for (const { name, code, took } of results) {
    progress.say(`${name}: ${code === 0 ? "passed" : `FAILED (exit code ${code})`}, ${took}`);
  }
  return results.every(({ code }) => code === 0) ? 0 : 1;
}

/**
 * Gets the programs that the lab's tests run.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} 0 if they are there, or there can be no lab on this machine
 */
async function prepareLab(env) {
  const program = path.join(repository, "toolchain", "kubernetes", "prepare.ts");
  const { code } = await runChild(node, [program], { cwd: repository, env });
  return code;
}

/**
 * Runs mocha on the test files and folders among the arguments, or on all, and gets what they need of the lab first.
 * @param {readonly string[]} args for mocha
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} its exit code
 */
export async function runChosen(args, env) {
  const code = needLab(chosenTests(args).files) ? await prepareLab(env) : 0;
  return code === 0 ? runMocha(args, env) : code;
}

/**
 * @param {readonly string[]} args for mocha
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} its exit code
 */
function runMocha(args, env) {
  const { files, options } = chosenTests(args);
  // Mocha takes CI for a terminal with colours.
  const plain = isInteractive(process.stdout) ? [] : ["--no-color"];
  return runFile(path.join(npmBin, "mocha"), [...plain, ...options, ...files], env);
}

/**
 * Runs test files side by side, as many at once as there are processors, at most four: each test of the engine or the
 * lab starts programs of its own. Mocha prints a file when it is done; meanwhile it is said how long it has been.
 * @param {readonly string[]} files
 * @param {readonly string[]} options of mocha
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./progress.mjs").Progress} progress
 * @returns {Promise<number>} mocha's exit code
 */
export function runAtOnce(files, options, env, progress) {
  const jobs = Math.min(os.cpus().length + 1, 4);
  return progress.step(`${files.length} test files, ${jobs} at a time`, () =>
    // Mocha leaves a core to itself unless told otherwise, and does next to nothing with it. The last reporter counts.
    runMocha(["--parallel", `--jobs=${jobs}`, `--reporter=${reporter}`, ...options, ...files], env),
  );
}

/**
 * @param {string} file a program of the npm packages, run by the Node there
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
async function runFile(file, args, env) {
  const { code } = await runChild(node, [file, ...args], {
    cwd: repository,
    env,
  });
  return code;
}
