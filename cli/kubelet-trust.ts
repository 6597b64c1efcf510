#!/usr/bin/env node
/** The command `kubelet-trust`, which the npm package brings. In a clone each of its commands is an npm script. */

import { doctor } from "./doctor/main.ts";
import { machine } from "./machine.ts";
import { main as judge, type Ran } from "./main.ts";
import { reportMain as report } from "./report-main.ts";
import { rollout } from "./rollout.ts";

type Command = {
  /** What it does, for the list of commands. */
  readonly does: string;
  /** Prints, and gives the exit code. */
  readonly run: (argv: readonly string[]) => number | Promise<number>;
};

const commands: Readonly<Record<string, Command>> = {
  judge: {
    does: "what kubelets and kube-apiserver would do to each other, from the files that they are started with",
    run: (argv) => printed(judge(argv)),
  },
  report: {
    does: "one Markdown and one HTML page of what is judged, from files, a preview or an analysis",
    run: (argv) => printed(report(argv)),
  },
  doctor: {
    does: "what kubelets and kube-apiserver do to each other in a cluster that runs, and why",
    run: async (argv) => printed(await doctor(argv)),
  },
  machine: {
    does: "the files of one machine, in the form that a carrier takes",
    run: machine,
  },
  rollout: {
    does: "which files of each machine have changed, and what has to be started again for them",
    run: (argv) => printed(rollout(argv)),
  },
};

const usage = `usage: kubelet-trust COMMAND ...
${Object.entries(commands)
  .map(([name, { does }]) => `  ${name.padEnd(9)} ${does}`)
  .join("\n")}
\`kubelet-trust COMMAND --help\` says what a command takes.`;

// The package is CommonJS, which awaits nothing at its top.
void run(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});

function printed({ exitCode, stdout, stderr }: Ran): number {
  if (stdout !== "") console.log(stdout);
  if (stderr !== "") console.error(stderr);
  return exitCode;
}

async function run([name = "", ...argv]: readonly string[]): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return command.run(argv);
  if (name === "--help" || name === "-h") {
    console.log(usage);
    return 0;
  }
  console.error(name === "" ? usage : `${name}: there is no such command.\n${usage}`);
  return 2;
}
