// What the npm scripts run: sets up whatever is missing, then does what was asked for.
import * as fs from "node:fs";
import * as path from "node:path";
import { isInside, namedFolder, namedStack, refuseUnknown, wantsHelp } from "./arguments.mjs";
import { checkEverything, forTests, mochaOptions, runAtOnce, runChosen } from "./check.mjs";
import { runChild } from "./child.mjs";
import { keepingCompiled, pulumiEnvironment } from "./environment.mjs";
import { Failure, runMain } from "./fail.mjs";
import { ensurePackages } from "./npm.mjs";
import { ensurePack } from "./pack.mjs";
import { node, policyPack, repository } from "./paths.mjs";
import { createProgress, isInteractive } from "./progress.mjs";
import { refuseRefresh } from "./refresh.mjs";
import { checkStates, defaultStack, ensureSelectedStack, openPulumi, withStack } from "./stack.mjs";
import { mayProtect } from "./state.mjs";
import { readTarget } from "./target.mjs";
import { withTemporaryFolder } from "./temporary.mjs";
import { chosenTests, fastTests, needToolchain } from "./tests.mjs";
import { updateIfChanged } from "./unchanged.mjs";

const progress = createProgress();

const options = "[--stack NAME] [options of the CLI]";

/**
 * @typedef {object} Command
 * @property {string} [usage] what `--help` prints; without it the program that is run has help of its own
 * @property {boolean} [plain] whether it takes no arguments at all
 * @property {(args: readonly string[]) => Promise<number>} run
 */

/** @type {Readonly<Record<string, Command>>} */
const commands = {
  up: {
    usage: `usage: npm start -- ${options}
Provisions a stack (default: ${defaultStack}), which it creates if it is not there: pulumi up with the policy pack on.
Asks first on a terminal; goes ahead with CI=true or without one, and then, without options, leaves out an update that
would change nothing.
The CLI's options: npm run pulumi -- up --help`,
    run: (args) => operate("up", "npm start", args),
  },
  preview: {
    usage: `usage: npm run preview -- ${options}
Shows what npm start would change in a stack (default: ${defaultStack}): pulumi preview with the policy pack on.
The CLI's options: npm run pulumi -- preview --help`,
    run: (args) => operate("preview", "npm run preview", args),
  },
  destroy: {
    usage: `usage: npm run destroy -- ${options}
Removes everything that a stack (default: ${defaultStack}) made: pulumi destroy.
Asks first on a terminal; goes ahead with CI=true or without one, and then, without options and where no resource is
protected, without a preview.
The CLI's options: npm run pulumi -- destroy --help`,
    run: (args) => operate("destroy", "npm run destroy", args),
  },
  pulumi: { run: runPulumi },
  build: {
    usage: `usage: npm run build
Builds the policy pack if its sources changed (policies/dist/index.cjs), and both npm packages: dist/.`,
    plain: true,
    run: async () => {
      await ensurePack(progress);
      const { buildPackages } = await import("./packages.mjs");
      await progress.step("Building the npm packages", () => buildPackages(progress));
      return 0;
    },
  },
  mocha: {
    usage: `usage: npm run mocha -- [FILE...] [options of mocha]
Runs some of the tests, or all: ${Object.keys(mochaOptions)
      .map((name) => `--${name}`)
      .join(", ")}`,
    run: async (args) => {
      refuseUnknown("npm run mocha", args, mochaOptions);
      if (!needToolchain(chosenTests(args).files))
        return runChosen(args, keepingCompiled(process.env));
      await ensurePack(progress);
      return runChosen(args, await pulumiEnvironment(progress, forTests(process.env)));
    },
  },
  fast: {
    usage: `usage: npm run test:fast -- [options of mocha]
Runs every test that needs neither Pulumi's engine nor the lab and takes no more than a moment. Options: as npm run mocha.`,
    run: (args) => {
      refuseUnknown("npm run test:fast", args, mochaOptions);
      return runAtOnce(fastTests(), args, keepingCompiled(process.env), progress);
    },
  },
  test: {
    usage: `usage: npm test -- [FILE...] [options of mocha]
Lint, type check and every test, or those of the files; exit code 1 if any failed. Options: as npm run mocha.`,
    run: async (args) => {
      refuseUnknown("npm test", args, mochaOptions);
      await ensurePack(progress);
      const env = await pulumiEnvironment(progress, forTests(process.env));
      return checkEverything(args, env, progress);
    },
  },
  bench: {
    usage: `usage: npm run bench -- [policy|kills|doctor] [--nodes N]... [--rounds N]
Measures npm start, npm run preview and npm run destroy of a cluster of N nodes (default: 50 and 200) against a program
without components; with \`policy\`, the policy pack against an empty one (default: 200 and 1000 nodes).
Each is run --rounds times (default: 3, with \`policy\` 4). Exit code 1 if a target is missed. With \`kills\`, kills npm start at --rounds
moments (default: 20, with --nodes 2) and has it converge. With \`doctor\`, runs kubelet-trust doctor over a simulated
cluster (default: 1000 nodes). See docs/benchmarks.md.`,
    run: async ([first, ...rest]) => {
      if (first === "doctor") return runProgram("test/bench/doctor.ts", rest);
      const other = ["policy", "kills"].find((name) => name === first);
      await ensurePack(progress);
      const program = `test/bench/${other ?? "main"}.ts`;
      const args = other !== undefined || first === undefined ? rest : [first, ...rest];
      return runProgram(program, args, await pulumiEnvironment(progress));
    },
  },
  judge: { run: (args) => runProgram("cli/kubelet-trust.ts", ["judge", ...args]) },
  report: { run: (args) => runProgram("cli/kubelet-trust.ts", ["report", ...args]) },
  doctor: { run: (args) => runProgram("cli/kubelet-trust.ts", ["doctor", ...args]) },
  machine: { run: (args) => runProgram("cli/kubelet-trust.ts", ["machine", ...args]) },
  rollout: { run: (args) => runProgram("cli/kubelet-trust.ts", ["rollout", ...args]) },
  verdicts: {
    usage: "usage: npm run verdicts\nWrites docs/verdicts.md and docs/reading.md anew.",
    plain: true,
    run: () => runProgram("cli/verdicts.ts", []),
  },
  reference: {
    usage:
      "usage: npm run reference\nWrites docs/reference anew: from doc comments, Pulumi.yaml, the policies and every --help.",
    plain: true,
    run: async () => {
      const { writeReference } = await import("./reference.mjs");
      await writeReference();
      return runProgram("policies/reference.ts", []);
    },
  },
  lab: { run: (args) => runProgram("lab/cli/cli.ts", args) },
  facts: {
    usage: `usage: npm run facts -- VERSION
Puts a Kubernetes version, e.g. 1.37.2, into the table of flags, gates and fields. Needs Go, and some minutes.`,
    run: (args) => runProgram("toolchain/facts/run.ts", args),
  },
};

await runMain(async () => {
  const [name = "", ...args] = process.argv.slice(2);
  const command = commands[name];
  if (!command) {
    throw new Failure(
      `Unknown command "${name}": use one of ${Object.keys(commands).join(", ")}, ` +
        "as the scripts in package.json do.",
    );
  }
  if (command.usage !== undefined && wantsHelp(args)) {
    process.stdout.write(`${command.usage}\n`);
    return 0;
  }
  if (command.plain) refuseUnknown(`npm run ${name}`, args);
  await ensurePackages(progress);
  return command.run(args);
});

/**
 * Runs a program of this project on the Node that the packages bring.
 * @param {string} program relative to the clone
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env] default: this process's, which is enough for what needs no toolchain
 * @returns {Promise<number>} its exit code
 */
async function runProgram(program, args, env = keepingCompiled(process.env)) {
  const at = path.join(repository, program);
  const { code } = await runChild(node, [at, ...args], { cwd: repository, env });
  return code;
}

/**
 * Runs the CLI. A command about another project (-C, --cwd) gets the toolchain alone: the stacks, the backend and the
 * passphrase of this clone are none of its business.
 * @param {readonly string[]} args
 * @returns {Promise<number>} the CLI's exit code
 */
async function runPulumi(args) {
  const environment = await pulumiEnvironment(progress);
  const folder = namedFolder(args);
  if (folder !== undefined && !isInside(folder, repository)) {
    return withTemporaryFolder(async (TMPDIR) => {
      const env = { ...environment, TMPDIR };
      return (await runChild("pulumi", args, { cwd: repository, env })).code;
    });
  }
  const pulumi = openPulumi(environment);
  if (folder !== undefined || args.length === 0 || wantsHelp(args)) return pulumi.run(args);
  checkStates(pulumi.backend);
  const stack = namedStack(args) || (await ensureSelectedStack(pulumi));
  if (stack !== undefined) await refuseRefresh(args, stack);
  return pulumi.run(args);
}

/**
 * Runs an operation on the stack, `dev` unless another is named, with the policy pack where
 * policies are asked. Without somebody to confirm it, it goes ahead.
 * @param {"up" | "preview" | "destroy"} operation
 * @param {string} typed the command as the user knows it
 * @param {readonly string[]} args further arguments for the CLI
 * @returns {Promise<number>} the CLI's exit code
 * @throws {Failure} before anything is made, if the arguments or the stack's settings will not do
 */
async function operate(operation, typed, args) {
  if (namedFolder(args) !== undefined) {
    throw new Failure(
      `${typed} is about this project. For another: npm run pulumi -- -C FOLDER ${operation}.`,
    );
  }
  const stack = namedStack(args) || process.env.PULUMI_STACK || defaultStack;
  const target = await readTarget(stack, args);
  await refuseRefresh([operation, ...args], stack);
  await ensurePack(progress);
  const pulumi = openPulumi(await pulumiEnvironment(progress));
  // With --help the CLI looks at its arguments and does nothing.
  const complaint = args.length > 0 && (await pulumi.complaint([operation, ...args, "--help"]));
  if (complaint) throw new Failure(`${typed}: ${complaint}. \`${typed} -- --help\` says more.`);
  const hasPack = fs.existsSync(path.join(policyPack, "PulumiPolicy.yaml"));
  const confirmed = isInteractive(process.stdin) && isInteractive(process.stdout);
  const onlyPreviews = args.includes("--preview-only");
  const folder = operation === "preview" ? undefined : target.folder;
  const { applied } = target;
  return withStack(
    pulumi,
    { stack, create: operation === "up", folder, applied },
    progress,
    (env, file) => {
      /** @param {string} name @param {readonly string[]} [own] @param {NodeJS.ProcessEnv} [more] */
      const run = (name, own = [], more = {}) =>
        pulumi.run(
          [
            name,
            ...["--stack", stack],
            ...(hasPack && name !== "destroy" ? ["--policy-pack", policyPack] : []),
            ...(confirmed || name === "preview" || onlyPreviews ? [] : ["--yes"]),
            ...(confirmed ? [] : ["--non-interactive"]),
            ...own,
            ...args,
          ],
          { ...env, ...more },
        );
      const isPlain = !confirmed && args.length === 0;
      if (!isPlain || file === undefined || operation === "preview") return run(operation);
      if (operation === "destroy") {
        // A protected resource ends a preview, but a destroy only once what depends on it is gone.
        return run(operation, mayProtect(file) ? [] : ["--skip-preview"]);
      }
      return updateIfChanged(file, run, () => {
        progress.say(
          `Nothing to update: stack ${stack} is as its program asks, to the last option`,
        );
        return pulumi.run(["stack", "output", "--stack", stack, "--non-interactive"]);
      });
    },
  );
}
