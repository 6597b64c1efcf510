// What the npm scripts run: sets up whatever is missing, then does what was asked for.
import * as fs from "node:fs";
import * as path from "node:path";
import { checkEverything, runMocha } from "./check.mjs";
import { runChild } from "./child.mjs";
import { pulumiEnvironment } from "./environment.mjs";
import { Failure, runMain } from "./fail.mjs";
import { ensurePackages } from "./npm.mjs";
import { ensurePack } from "./pack.mjs";
import { node, policyPack, repository } from "./paths.mjs";
import { createProgress, isInteractive } from "./progress.mjs";
import { defaultStack, ensureSelectedStack, openPulumi, withStack } from "./stack.mjs";
import { chosenTests, fastTests, needToolchain } from "./tests.mjs";

const progress = createProgress();

/** @type {Readonly<Record<string, (args: readonly string[]) => Promise<number>>>} */
const commands = {
  up: (args) => operate("up", args),
  preview: (args) => operate("preview", args),
  destroy: (args) => operate("destroy", args),
  pulumi: async (args) => {
    const pulumi = openPulumi(await pulumiEnvironment(progress));
    await ensureSelectedStack(pulumi);
    return pulumi.run(args);
  },
  build: async () => {
    await ensurePack(progress);
    return 0;
  },
  mocha: async (args) => {
    const { files } = chosenTests(args);
    if (!needToolchain(files)) return runMocha(args, process.env);
    await ensurePack(progress);
    return runMocha(args, await pulumiEnvironment(progress));
  },
  fast: (args) => runMocha(["--parallel", ...args, ...fastTests()], process.env),
  bench: async (args) => {
    // `policy` measures the policy pack; without it the components are measured.
    const isPolicy = args[0] === "policy";
    if (isPolicy) await ensurePack(progress);
    const program = path.join(repository, "test", "bench", isPolicy ? "policy.ts" : "main.ts");
    const env = await pulumiEnvironment(progress);
    const flags = isPolicy ? args.slice(1) : args;
    const { code } = await runChild(node, [program, ...flags], { cwd: repository, env });
    return code;
  },
  test: async (args) => {
    await ensurePack(progress);
    return checkEverything(args, await pulumiEnvironment(progress), progress);
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
  await ensurePackages(progress);
  return command(args);
});

/**
 * Runs an operation on the stack, `dev` unless another is named, with the policy pack where
 * policies are asked. Without somebody to confirm it, it goes ahead.
 * @param {"up" | "preview" | "destroy"} operation
 * @param {readonly string[]} args further arguments for the CLI
 * @returns {Promise<number>} the CLI's exit code
 */
async function operate(operation, args) {
  await ensurePack(progress);
  const pulumi = openPulumi(await pulumiEnvironment(progress));
  const stack = namedStack(args) ?? process.env.PULUMI_STACK ?? defaultStack;
  const hasPack = fs.existsSync(path.join(policyPack, "PulumiPolicy.yaml"));
  const confirmed = isInteractive(process.stdin) && isInteractive(process.stdout);
  return withStack(pulumi, stack, progress, () =>
    pulumi.run([
      operation,
      ...["--stack", stack],
      ...(hasPack && operation !== "destroy" ? ["--policy-pack", policyPack] : []),
      ...(confirmed || operation === "preview" ? [] : ["--yes"]),
      ...(confirmed ? [] : ["--non-interactive"]),
      ...args,
    ]),
  );
}

/**
 * @param {readonly string[]} args
 * @returns {string | undefined} the value of --stack or -s
 */
function namedStack(args) {
  const at = args.findIndex((arg) => /^(--stack|-s)(=|$)/.test(arg));
  const arg = args[at];
  if (arg === undefined) return undefined;
  return arg.includes("=") ? arg.slice(arg.indexOf("=") + 1) : args[at + 1];
}
