/**
 * `npm run lab -- COMMAND`: see docs/lab.md.
 */
import * as path from "node:path";
import { Failure, runMain } from "../../toolchain/fail.mjs";
import { requireLinuxRoot } from "../../toolchain/kubernetes/programs.ts";
import { labOf } from "../host/identity.ts";
import { type MachineState, readState } from "../host/state.ts";
import { onTerminal } from "../host/terminal.ts";
import { adminKubeconfig } from "../kubernetes/control-plane.ts";
import { kubectlHere } from "../kubernetes/kubectl.ts";
import { down } from "./down.ts";
import { showLogs } from "./logs.ts";
import { refresh } from "./refresh.ts";
import { showStatus } from "./status.ts";
import { up } from "./up.ts";
import { readUpArguments } from "./up-arguments.ts";

const usage = `Usage: npm run lab -- COMMAND

  up [STACK] [--carrier files|cloud-init]
                         boot what STACK rendered (default: dev); a folder can be given as a path. The machines get
                         their files from the lab (files, the default), or from cloud-init and user data alone
  refresh [STACK]        put what has been rendered since on the machines, and say who picks it up
  status [STACK]         what runs, and since when
  logs [MACHINE [PROGRAM]]
                         what the programs print; without names: which logs there are
  kubectl ARGUMENTS      kubectl as the cluster's administrator
  doctor [OPTIONS]       kubelet-trust doctor as the cluster's administrator, from inside the lab's network
  down [STACK]           remove everything of the lab
  conformance [short|least|doctor] [--kubernetes MINOR]
                         check the verdict against real programs, case by case (about 10 minutes); doctor: every symptom
                         of a cluster that runs, and the doctor on each (about 10 minutes)
  conformance document   write docs/conformance.md from the last long run of each version
  rotate [short]         rotate the CAs of a cluster of its own under load, phase by phase (about 10 minutes)
  record FOLDER [short]  the same run, written down in the form of test/observed

logs, kubectl and doctor take the stack from LAB_STACK (default: dev).
`;

const clone = path.join(import.meta.dirname, "..", "..");

// A reader such as `head` may leave before everything is written.
process.stdout.on("error", () => process.exit());

await runMain(async () => {
  const [command = "help", ...rest] = process.argv.slice(2);
  const defaultStack = process.env.LAB_STACK || "dev";
  // What follows kubectl is kubectl's, and so with the doctor.
  const option = [command, ...(command === "kubectl" || command === "doctor" ? [] : rest)].find(
    (word) => word[0] === "-",
  );
  if (command === "help" || option === "--help" || option === "-h") {
    process.stdout.write(usage);
    return 0;
  }
  if (option !== undefined && !takesOptions(command)) {
    throw new Failure(`npm run lab: there is no option ${option}. See npm run lab -- --help.`);
  }
  const asked = command === "up" ? readUpArguments(rest) : { stack: rest[0], carrier: undefined };
  requireLinuxRoot();
  const lab = labOf(stackArgument(asked.stack) ?? defaultStack, clone);
  switch (command) {
    case "up":
      return up(lab, clone, asked.carrier);
    case "down":
      return down(lab);
    case "refresh":
      return refresh(lab, clone);
    case "status":
      return showStatus(lab);
    case "logs":
      return showLogs(labOf(defaultStack, clone), rest[0], rest[1]);
    case "kubectl":
      return kubectlHere(firstMachine(defaultStack), rest);
    case "doctor":
      return doctorHere(firstMachine(defaultStack), rest);
    case "conformance":
      return runProgram("conformance/main.ts", rest);
    case "rotate":
      return runProgram("rotation/main.ts", rest);
    case "record":
      return runProgram("conformance/record.ts", rest);
    default:
      throw new Failure(`There is no command \`${command}\`. See npm run lab -- --help.`);
  }
});

/** @throws {Failure} where the lab is not up */
function firstMachine(stack: string): MachineState {
  const machine = readState(labOf(stack, clone))?.machines[0];
  if (machine === undefined) {
    throw new Failure(`Lab ${stack} is not up: npm run lab -- up ${stack}`);
  }
  return machine;
}

/** These read their own. */
function takesOptions(command: string): boolean {
  return command === "up" || command === "conformance" || command === "record";
}

/** A path becomes absolute, so that the lab of a folder is the same from everywhere. */
function stackArgument(argument: string | undefined): string | undefined {
  if (argument === undefined) return undefined;
  return argument.includes("/") ? path.resolve(argument) : argument;
}

function runProgram(file: string, args: readonly string[]): Promise<number> {
  return onTerminal(process.execPath, [path.join(import.meta.dirname, "..", file), ...args]);
}

/** The doctor is this machine's, and so are its files: only the network is the lab's. */
function doctorHere({ pid }: { readonly pid: number }, args: readonly string[]): Promise<number> {
  const program = path.join(clone, "cli", "kubelet-trust.ts");
  const kubeconfig = `/proc/${pid}/root${adminKubeconfig}`;
  const command = [program, "doctor", "--kubeconfig", kubeconfig, ...args];
  return onTerminal("nsenter", ["-t", String(pid), "-n", "--", process.execPath, ...command]);
}
