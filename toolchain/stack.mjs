// Operations on the project's stacks: in one process at a time, and again after one was killed.
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { prepareBackend, removeTornAttributes, stackLocks } from "./backend.mjs";
import { runChild } from "./child.mjs";
import { Failure } from "./fail.mjs";
import { withLock } from "./lock.mjs";
import { localState, repository } from "./paths.mjs";
import { keepSettings, restoreSettings } from "./settings.mjs";

/** The stack that is used when none is named. */
export const defaultStack = "dev";

/**
 * The Pulumi CLI in an environment, with the clone's backend unless the user has named another.
 * @typedef {object} Pulumi
 * @property {(args: readonly string[]) => Promise<number>} run runs the CLI on this process's
 * terminal; gives its exit code
 * @property {(args: readonly string[]) => Promise<string>} ask runs the CLI and gives its output;
 * a failure is thrown
 * @property {import("./backend.mjs").Backend} backend
 */

/**
 * @param {NodeJS.ProcessEnv} environment from pulumiEnvironment
 * @returns {Pulumi}
 */
export function openPulumi(environment) {
  const backend = prepareBackend(environment);
  const options = { cwd: repository, env: { ...environment, ...backend.env } };
  /**
   * @param {readonly string[]} args
   * @param {{ onLine?: (line: string) => void }} [capture]
   */
  const cli = async (args, capture = {}) => {
    if (!backend.ownPassphrase) return runChild("pulumi", args, { ...options, ...capture });
    await keepSettings();
    try {
      return await runChild("pulumi", args, { ...options, ...capture });
    } finally {
      await restoreSettings();
    }
  };
  return {
    backend,
    run: async (args) => (await cli(args)).code,
    ask: async (args) => {
      const { code, output } = await cli([...args, "--non-interactive"], { onLine: () => {} });
      if (code !== 0) throw new Failure(`pulumi ${args.join(" ")} failed:\n${output}`);
      return output;
    },
  };
}

/**
 * Runs work on a stack of the clone's own backend when nobody else does, and clears what a killed
 * run left: its lock, and operations that it had begun. With a backend of the user's, others may
 * be at work elsewhere, and both are left to him and the CLI.
 * @template T
 * @param {Pulumi} pulumi
 * @param {string} stack
 * @param {import("./progress.mjs").Progress} progress
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withStack(pulumi, stack, progress, work) {
  const { folder } = pulumi.backend;
  if (folder === undefined) {
    await pulumi.ask(["stack", "select", "--create", stack]);
    return work();
  }
  return withLock(
    path.join(localState, "locks", "stack"),
    async () => {
      await waitForLocks(folder, progress);
      await pulumi.ask(["stack", "select", "--create", stack]);
      await clearInterrupted(pulumi, stack, progress);
      return work();
    },
    ({ pid }) =>
      progress.say(`Waiting for process ${pid}, which is at work on this clone's stacks`),
  );
}

/**
 * Selects the default stack if none is selected, so that commands without --stack have one.
 * @param {Pulumi} pulumi
 */
export async function ensureSelectedStack(pulumi) {
  if (pulumi.backend.folder !== undefined) removeTornAttributes(pulumi.backend.folder);
  const stacks = JSON.parse(await pulumi.ask(["stack", "ls", "--json"]));
  if (!stacks.some((/** @type {{ current: boolean }} */ { current }) => current)) {
    await pulumi.ask(["stack", "select", "--create", defaultStack]);
  }
}

/**
 * Removes locks whose process is gone, and waits for the others: a CLI outlives a killed npm.
 * @param {string} folder
 * @param {import("./progress.mjs").Progress} progress
 */
async function waitForLocks(folder, progress) {
  let waiting = false;
  for (;;) {
    const locks = stackLocks(folder);
    for (const { file, pid } of locks.filter(({ alive }) => !alive)) {
      progress.say(`Removing the lock of process ${pid}, which is gone: ${file}`);
      fs.rmSync(file, { force: true });
    }
    const living = locks.filter(({ alive }) => alive);
    if (living.length === 0) return removeTornAttributes(folder);
    if (!waiting) progress.say(`Waiting for pulumi (process ${living[0]?.pid}), which is at work`);
    waiting = true;
    await sleep(500);
  }
}

/**
 * Has the engine look at what was being created when it was killed: it would warn about it for
 * ever.
 * @param {Pulumi} pulumi
 * @param {string} stack
 * @param {import("./progress.mjs").Progress} progress
 */
async function clearInterrupted(pulumi, stack, progress) {
  const { backend } = pulumi;
  if (!backend.folder || !hasPendingOperations(backend.folder, stack)) return;
  await progress.step("Refreshing the stack, whose last update was interrupted", () =>
    pulumi.ask([
      ...["refresh", "--stack", stack],
      ...["--clear-pending-creates", "--skip-preview", "--yes"],
    ]),
  );
}

/**
 * @param {string} folder
 * @param {string} stack
 */
function hasPendingOperations(folder, stack) {
  const stacks = path.join(folder, ".pulumi", "stacks", "kubelet-trust", `${stack}.json`);
  if (!fs.existsSync(stacks)) return false;
  const { checkpoint } = JSON.parse(fs.readFileSync(stacks, "utf8"));
  return (checkpoint?.latest?.pending_operations ?? []).length > 0;
}
