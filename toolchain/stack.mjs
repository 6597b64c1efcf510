// Operations on the project's stacks: in one process at a time, and again after one was killed.
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { prepareBackend, removeTornAttributes, stackLocks } from "./backend.mjs";
import { runChild } from "./child.mjs";
import { Failure } from "./fail.mjs";
import { withLock } from "./lock.mjs";
import { localState, repository } from "./paths.mjs";
import { isInteractive } from "./progress.mjs";
import { keepingRendered, renderedFiles, settleRendered } from "./rendering.mjs";
import { keepSettings, restoreSettings } from "./settings.mjs";
import { checkLostState, checkState } from "./state.mjs";
import { withTemporaryFolder } from "./temporary.mjs";

/** The project whose stacks these are, as Pulumi.yaml names it. */
const project = "kubelet-trust";

/** The stack that is used when none is named. */
export const defaultStack = "dev";

/**
 * The Pulumi CLI in an environment, with the clone's backend unless the user has named another.
 * @typedef {object} Pulumi
 * @property {(args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<number>} run runs the CLI
 * on this process's terminal, with further variables if need be; gives its exit code
 * @property {(args: readonly string[]) => Promise<string>} ask runs the CLI and gives what it writes
 * to stdout; a failure is thrown
 * @property {(args: readonly string[]) => Promise<string | undefined>} complaint runs the CLI and
 * gives its first error, undefined if it succeeds
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
   * @param {{ onLine?: (line: string) => void, env?: NodeJS.ProcessEnv }} [how]
   */
  const cli = async (args, { env = {}, ...capture } = {}) => {
    const all = { ...options, ...capture, env: { ...options.env, ...env } };
    if (!backend.ownPassphrase) return runChild("pulumi", args, all);
    await keepSettings();
    try {
      return await runChild("pulumi", args, all);
    } finally {
      await restoreSettings();
    }
  };
  /** @param {readonly string[]} args */
  const quietly = (args) => cli([...args, "--non-interactive"], { onLine: () => {} });
  return {
    backend,
    run: (args, env = {}) =>
      withTemporaryFolder(
        async (folder) => (await cli(args, { env: { TMPDIR: folder, ...env } })).code,
      ),
    ask: async (args) => {
      const { code, output, stdout } = await quietly(args);
      if (code !== 0) throw new Failure(`pulumi ${args.join(" ")} failed:\n${output}`);
      return stdout;
    },
    complaint: async (args) => {
      const { code, output } = await quietly(args);
      if (code === 0) return undefined;
      return /^error: (.*)/m.exec(output)?.[1] ?? output;
    },
  };
}

/**
 * What is done on a stack.
 * @typedef {object} Operation
 * @property {string} stack
 * @property {boolean} create whether the stack is made if it is not there
 * @property {string | undefined} folder where it renders files to; undefined if it renders none, or
 * if the operation changes none
 * @property {boolean} applied whether it changes a cluster too: then the state is saved after each step
 */

/**
 * Runs work on a stack of the clone's own backend when nobody else does, and clears what a killed
 * run left: its lock, operations that it had begun, and objects that it had rendered. With a backend
 * of the user's, others may be at work elsewhere, and all of it is left to him and the CLI.
 * @template T
 * @param {Pulumi} pulumi
 * @param {Operation} operation
 * @param {import("./progress.mjs").Progress} progress
 * @param {(env: NodeJS.ProcessEnv, file?: string) => Promise<T>} work is given further variables for the CLI and, in
 * the clone's own backend, the stack's state
 * @returns {Promise<T>}
 * @throws {Failure} if the stack is not there and may not be created
 */
export async function withStack(pulumi, { stack, create, folder, applied }, progress, work) {
  const { folder: state } = pulumi.backend;
  if (state === undefined) {
    await requireStack(pulumi, stack, create, progress);
    return work({});
  }
  return withLock(
    path.join(localState, "locks", "stack"),
    async () => {
      await waitForLocks(state, progress);
      const file = stateFile(state, stack);
      checkState(file);
      if (create && folder !== undefined) {
        settleRendered(nameOf(stack), file);
        const files = renderedFiles(folder).length;
        await checkLostState({ stack, file, folder, files }, confirmed());
      }
      await requireStack(pulumi, stack, create, progress);
      await dropInterrupted(pulumi, stack, progress);
      // Whoever sets the variable himself has resources that must be saved one by one.
      if (folder === undefined || process.env.PULUMI_SKIP_CHECKPOINTS) return work({}, file);
      return keepingRendered(
        nameOf(stack),
        file,
        folder,
        () => work(applied ? {} : { PULUMI_SKIP_CHECKPOINTS: "true" }, file),
        (line) => progress.say(line),
      );
    },
    ({ pid }) =>
      progress.say(`Waiting for process ${pid}, which is at work on this clone's stacks`),
  );
}

/** @returns {((question: string) => Promise<boolean>) | undefined} undefined where nobody can be asked */
function confirmed() {
  if (!isInteractive(process.stdin) || !isInteractive(process.stdout)) return undefined;
  return async (question) => {
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    try {
      return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
    } finally {
      terminal.close();
    }
  };
}

/**
 * @param {Pulumi} pulumi
 * @param {string} stack
 * @param {boolean} create
 * @param {import("./progress.mjs").Progress} progress
 */
async function requireStack(pulumi, stack, create, progress) {
  if (await isThere(pulumi, stack)) return;
  if (!create) {
    const named = stack === defaultStack ? "npm start" : `npm start -- --stack ${stack}`;
    throw new Failure(
      `There is no stack ${stack} (npm run pulumi -- stack ls lists them). \`${named}\` creates it.`,
    );
  }
  progress.say(`Creating stack ${stack}`);
  const complaint = await pulumi.complaint(["stack", "select", "--create", stack]);
  if (complaint !== undefined) throw new Failure(complaint);
}

/**
 * Whether a stack is there: in the clone's own backend a file says so, and the CLI, which takes a moment, need not be asked.
 * @param {Pulumi} pulumi
 * @param {string} stack
 * @returns {Promise<boolean>}
 * @throws {Failure} with the CLI's complaint about anything else
 */
async function isThere(pulumi, stack) {
  const { folder } = pulumi.backend;
  if (folder !== undefined) return fs.existsSync(stateFile(folder, stack));
  const complaint = await pulumi.complaint(["stack", "select", stack]);
  if (complaint !== undefined && !/^no stack named/.test(complaint)) throw new Failure(complaint);
  return complaint === undefined;
}

/**
 * Selects the default stack if none is selected and it exists, so that commands without --stack
 * have one.
 * @param {Pulumi} pulumi
 * @returns {Promise<string | undefined>} the name of the stack that is selected; undefined if there is none
 */
export async function ensureSelectedStack(pulumi) {
  if (pulumi.backend.folder !== undefined) removeTornAttributes(pulumi.backend.folder);
  /** @type {{ name: string, current: boolean }[]} */
  const stacks = JSON.parse(await pulumi.ask(["stack", "ls", "--json"]));
  const selected = process.env.PULUMI_STACK || stacks.find(({ current }) => current)?.name;
  if (selected !== undefined) return selected;
  if (!stacks.some(({ name }) => nameOf(name) === defaultStack)) return undefined;
  await pulumi.ask(["stack", "select", defaultStack]);
  return defaultStack;
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
 * Takes operations out of the state that had begun when the CLI ended: it would warn about them for
 * ever. A refresh would too, but needs a cluster that answers.
 * @param {Pulumi} pulumi
 * @param {string} stack
 * @param {import("./progress.mjs").Progress} progress
 */
async function dropInterrupted(pulumi, stack, progress) {
  const { folder } = pulumi.backend;
  if (!folder || !hasPendingOperations(stateFile(folder, stack))) return;
  progress.say("The last run was interrupted: dropping the operations that it had begun");
  const file = path.join(localState, `interrupted-${nameOf(stack)}.json`);
  try {
    await pulumi.ask(["stack", "export", "--stack", stack, "--file", file]);
    await pulumi.ask(["stack", "import", "--stack", stack, "--file", file]);
  } finally {
    fs.rmSync(file, { force: true });
  }
}

/**
 * @param {string} file the state
 * @returns {boolean}
 */
function hasPendingOperations(file) {
  if (!fs.existsSync(file)) return false;
  const { checkpoint } = JSON.parse(fs.readFileSync(file, "utf8"));
  return (checkpoint?.latest?.pending_operations ?? []).length > 0;
}

/**
 * Refuses a state that cannot be read: the CLI would quote it.
 * @param {import("./backend.mjs").Backend} backend
 * @throws {Failure} in one line, with the way back
 */
export function checkStates({ folder }) {
  const stacks = folder && path.join(folder, ".pulumi", "stacks", project);
  if (!stacks || !fs.existsSync(stacks)) return;
  for (const name of fs.readdirSync(stacks)) {
    if (name.endsWith(".json")) checkState(path.join(stacks, name));
  }
}

/**
 * @param {string} folder the file backend
 * @param {string} stack
 */
function stateFile(folder, stack) {
  return path.join(folder, ".pulumi", "stacks", project, `${nameOf(stack)}.json`);
}

/** @param {string} stack possibly with organization and project before its name */
function nameOf(stack) {
  return stack.slice(stack.lastIndexOf("/") + 1);
}
