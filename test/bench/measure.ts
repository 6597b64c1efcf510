/** One program as a user runs it: brought up, brought up again, previewed, destroyed. */
import type { ChildProcess } from "node:child_process";
import { expectSuccess, finish, type Project } from "../support/engine.ts";
import { type Clone, type Made, makeClone } from "./clone.ts";
import { benchMachines } from "./machines.ts";
import { watchTree } from "./process-tree.ts";

export const programs = ["components", "bare"] as const;
export type Program = (typeof programs)[number];

export const operations = [
  "npm start",
  "npm start, again",
  "npm run preview",
  "npm run destroy",
] as const;
export type Operation = (typeof operations)[number];

const scripts: Readonly<Record<Operation, Parameters<Clone["start"]>[0]>> = {
  "npm start": "up",
  "npm start, again": "up",
  "npm run preview": "preview",
  "npm run destroy": "destroy",
};

export type Measurement = {
  readonly seconds: number;
  /** Processor time of the CLI, the program, the plugins and the policy pack; undefined if unknown. */
  readonly cpuSeconds: number | undefined;
  /** Bytes that all of them took together at most, shared pages once; undefined if unknown. */
  readonly peak: number | undefined;
};

/** The project's own program with one control plane and a pool of provisioned nodes. */
export function componentsClone(nodes: number): Clone {
  const [controlPlane, ...workers] = benchMachines(nodes + 1);
  return makeClone({
    controlPlanes: [controlPlane],
    nodePools: [{ name: "workers", nodes: workers }],
  });
}

/** A program without components that makes as many resources of each type, with Secrets as long. */
export function bareClone(wanted: Made): Clone {
  // Pulumi.yaml wants the key of every stack; this program does not read it.
  return makeClone({ controlPlanes: [], wanted }, "test/bench/programs/bare/index.ts");
}

/**
 * Does an operation in a clone.
 *
 * @throws when it fails, or when there is something to do where nothing was changed.
 */
export async function operate(clone: Clone, operation: Operation): Promise<Measurement> {
  const { measurement, stdout } = await watch(clone.start(scripts[operation]));
  if (
    /again|preview/.test(operation) &&
    /^ +[-+~]+ *\d+ (to |created|updated|deleted|replaced)/m.test(stdout)
  ) {
    throw new Error(`${operation} found something to do:\n${stdout}`);
  }
  return measurement;
}

/** Runs a command of the CLI and says what it took. Fails when the command does. */
export async function measure(project: Project, command: readonly string[]): Promise<Measurement> {
  return (await watch(project.start([...command, "--stack", "test", "--suppress-outputs"])))
    .measurement;
}

async function watch(child: ChildProcess): Promise<{ measurement: Measurement; stdout: string }> {
  const start = process.hrtime.bigint();
  const taken = watchTree(child.pid ?? 0);
  const result = await finish(child);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const { peak, cpuSeconds } = taken() ?? {};
  const { stdout } = expectSuccess(result);
  return { measurement: { seconds, cpuSeconds, peak }, stdout };
}
