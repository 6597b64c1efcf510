/** One program, deployed once: its preview from nothing, its update, and a preview that has nothing to do. */
import * as path from "node:path";
import { expectSuccess, finish, makeProject, type Project, repository } from "../support/engine.ts";
import { childrenCpuSeconds, watchMemory } from "./process-tree.ts";

export const programs = ["components", "bare"] as const;
export type Program = (typeof programs)[number];

export const operations = ["first preview", "up", "preview"] as const;
export type Operation = (typeof operations)[number];

export type Measurement = {
  readonly seconds: number;
  /** Processor time of the CLI, the program and the plugins; undefined if unknown. */
  readonly cpuSeconds: number | undefined;
  /** Bytes that the CLI, the program and the plugins had resident together at most; undefined if unknown. */
  readonly peak: number | undefined;
};

export type Deployment = {
  readonly measurements: Readonly<Record<Operation, Measurement>>;
  /** Resources of @pulumi/tls and @pulumi/kubernetes in the state, by type token. */
  readonly resources: Readonly<Record<string, number>>;
};

/** The operations' arguments for the CLI. */
const commands: Readonly<Record<Operation, readonly string[]>> = {
  "first preview": ["preview"],
  up: ["up", "--yes", "--skip-preview"],
  preview: ["preview", "--expect-no-changes"],
};

/**
 * Deploys a program into a new stack and removes both again.
 *
 * @throws when an operation fails, or when the preview after the update finds something to do.
 */
export async function deploy(
  program: Program,
  config: Record<string, unknown>,
  onOperation: (operation: Operation) => void,
): Promise<Deployment> {
  const project = await makeProject({
    program: path.join(repository, "test", "bench", "programs", program),
    config,
    // The state is saved once, at the end: saving all of it after each step takes most of the time of an update
    // with a file backend, and would hide what the programs differ in.
    env: { PULUMI_SKIP_CHECKPOINTS: "true" },
  });
  try {
    const measurements: Partial<Record<Operation, Measurement>> = {};
    for (const operation of operations) {
      onOperation(operation);
      measurements[operation] = await measure(project, commands[operation]);
    }
    return {
      measurements: measurements as Record<Operation, Measurement>,
      resources: countByType(await project.exportState()),
    };
  } finally {
    project.remove();
  }
}

/** Runs a command of the CLI and says what it took. Fails when the command does. */
export async function measure(project: Project, command: readonly string[]): Promise<Measurement> {
  const start = process.hrtime.bigint();
  const cpuBefore = childrenCpuSeconds();
  const child = project.start([...command, "--stack", "test", "--suppress-outputs"]);
  const peakOf = watchMemory(child.pid ?? 0);
  const result = await finish(child);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const cpuAfter = childrenCpuSeconds();
  const peak = peakOf();
  expectSuccess(result);
  const cpuSeconds =
    cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore;
  return { seconds, cpuSeconds, peak };
}

function countByType({ resources }: { resources: readonly { type: string }[] }) {
  const counts: Record<string, number> = {};
  for (const { type } of resources) {
    if (/^(tls|kubernetes):/.test(type)) counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}
