/** Runs the command lines of pages by a shell, as who reads them does. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { type EngineResult, finish, type Project, repository } from "../support/engine.ts";
import { assertShown, type Section } from "./pages.ts";

/** What a line printed, each stream and both, and its exit code. Private keys are blotted out. */
export type Ran = EngineResult & { readonly output: string };

export type Shell = {
  /** Runs one line. */
  run(line: string): Promise<Ran>;
  /** Runs the lines of a section in order; each has to succeed, and to print what the page shows. */
  runAll(section: Section): Promise<Ran[]>;
};

/**
 * A shell in a folder, without a terminal. Undefined variables are unset.
 *
 * @param inside the words of a program that runs the shell elsewhere, as `nsenter` does
 */
export function shellIn(
  folder: string,
  env: NodeJS.ProcessEnv,
  inside: readonly string[] = [],
): Shell {
  const run = async (line: string) => {
    const [program = "", ...args] = [...inside, "bash", "-eo", "pipefail", "-c", line];
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, CI: "true", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const result = await finish(child);
    return { ...result, output: `${result.stdout}\n${result.stderr}` };
  };
  return {
    run,
    runAll: async ({ page, commands }) => {
      const all: Ran[] = [];
      for (const { line, output } of commands) {
        const ran = await run(line);
        assert.equal(ran.code, 0, `${page}: ${line}\n${ran.output}`);
        if (output !== "") assertShown(output, ran.output);
        all.push(ran);
      }
      return all;
    },
  };
}

/** A shell in a test's project, where `npm start` and the like ask the CLI for that project. */
export function shellOf({ folder, env }: Project): Shell {
  const bin = path.join(path.dirname(folder), "bin");
  standInNpm(bin);
  const PATH = `${bin}${path.delimiter}${env.PATH}`;
  return shellIn(folder, { ...env, PATH, PULUMI_SKIP_CONFIRMATIONS: "true" });
}

/** A stand-in for npm, which runs this clone's scripts wherever it is called, without the set-up that they begin with. */
export function standInNpm(bin: string): void {
  const quoted = (file: string) => JSON.stringify(path.join(repository, file));
  const node = JSON.stringify(process.execPath);
  standIn(
    bin,
    "npm",
    `while [ "$1" = run ] || [ "$1" = --silent ] || [ "$1" = -s ]; do shift; done
script=$1; shift
[ "$1" = -- ] && shift
[ "$1" = -C ] && shift 2
case $script in
  start) exec pulumi up --skip-preview "$@" ;;
  preview) exec pulumi preview --policy-pack ${quoted("policies")} "$@" ;;
  pulumi) exec pulumi "$@" ;;
  lab) exec ${node} ${quoted("lab/cli/cli.ts")} "$@" ;;
  *) exec ${node} ${quoted("cli/kubelet-trust.ts")} "$script" "$@" ;;
esac`,
  );
}

/** Puts a program, given as a shell's script, into a folder that is to stand first in PATH. */
export function standIn(folder: string, name: string, script: string): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
