/**
 * `npm run bench`: what `npm start`, `npm run preview` and `npm run destroy` take, with the components and with a bare
 * program that makes as many resources. Both run in turns, command by command, so that whatever else the machine does, and
 * however its speed drifts, falls on both.
 *
 * `--nodes N` (may be repeated; default 50 and 200) says how many nodes, `--rounds N` (default 3) how many times
 * each program is deployed. The exit code is 1 when a target is missed.
 */
import { Failure, runMain } from "../../toolchain/fail.mjs";
import { createProgress } from "../../toolchain/progress.mjs";
import type { Clone, Made } from "./clone.ts";
import { readFlags } from "./flags.ts";
import {
  bareClone,
  componentsClone,
  type Measurement,
  type Operation,
  operate,
  operations,
  type Program,
  programs,
} from "./measure.ts";
import { printMachine } from "./this-machine.ts";

/** The most that the components may take, in times of what the bare program takes. */
const target = 1.1;

type Taken = Measurement & { readonly program: Program; readonly operation: Operation };

/** The most seconds and bytes that an operation may take on two cores with nothing else running, by number of nodes. */
const limits: Readonly<
  Record<number, Partial<Record<Operation, { readonly seconds: number; readonly peak?: number }>>>
> = {
  200: { "npm start": { seconds: 60, peak: 1.2e9 } },
  1000: { "npm start": { seconds: 240, peak: 4e9 }, "npm start, again": { seconds: 150 } },
};

await runMain(async () => {
  const { nodes, rounds } = readFlags([50, 200]);
  printMachine();
  let met = true;
  for (const count of nodes) met = (await benchmark(count, rounds)) && met;
  return met ? 0 : 1;
});

/** @returns whether every ratio is within the target. */
async function benchmark(nodes: number, rounds: number): Promise<boolean> {
  const progress = createProgress();
  const taken: Taken[] = [];
  let wanted: Made | undefined;
  for (let round = 1; round <= rounds; round++) {
    const title = `${nodes} nodes, round ${round} of ${rounds}`;
    const done = await progress.step(title, (step) => takeTurns(nodes, round, wanted, step.update));
    wanted = done.made;
    taken.push(...done.taken);
  }
  const resources = total(wanted?.counts ?? {});
  process.stdout.write(`\n${nodes} nodes: ${resources} resources of tls and kubernetes\n`);
  process.stdout.write(
    row(["", ...programs.flatMap((program) => [program, "", "", ""]), "ratio", ""]) +
      row(["", ...programs.flatMap(() => ["s", "ms/resource", "CPU s", "MiB"]), "s", "CPU s"]),
  );
  const ratios = operations.map((operation) => {
    const bestOf = (program: Program) =>
      best(taken.filter((one) => one.program === program && one.operation === operation));
    const [components, bare] = [bestOf("components"), bestOf("bare")];
    const ratio = components.seconds / bare.seconds;
    const cpuRatio = (components.cpuSeconds ?? Number.NaN) / (bare.cpuSeconds ?? Number.NaN);
    process.stdout.write(
      row([
        operation,
        ...figures(components, resources),
        ...figures(bare, resources),
        ratio.toFixed(2),
        Number.isNaN(cpuRatio) ? "?" : cpuRatio.toFixed(2),
      ]),
    );
    return { ratio, missed: missedLimits(nodes, operation, components) };
  });
  const worst = Math.max(...ratios.map(({ ratio }) => ratio));
  const missed = ratios.flatMap((one) => one.missed);
  for (const line of missed) process.stdout.write(`${line}\n`);
  process.stdout.write(
    worst <= target
      ? `No ratio of seconds is above ${target}.\n`
      : `A ratio of seconds is ${worst.toFixed(2)}, above the target of ${target}.\n`,
  );
  return worst <= target && missed.length === 0;
}

/**
 * Does all operations with both programs, in turns.
 *
 * @param before what has been made in a round before
 */
async function takeTurns(
  nodes: number,
  round: number,
  before: Made | undefined,
  onOperation: (text: string) => void,
): Promise<{ taken: Taken[]; made: Made | undefined }> {
  const clones = new Map<Program, Clone>();
  const taken: Taken[] = [];
  let made = before;
  try {
    for (const [at, operation] of operations.entries()) {
      // Who goes first has cold caches: the turns change. The bare program makes what the components have made.
      const order = (round + at) % 2 === 1 ? programs : [...programs].reverse();
      for (const program of order) {
        onOperation(`${program}, ${operation}`);
        const clone = clones.get(program) ?? cloneOf(program, nodes, made);
        clones.set(program, clone);
        taken.push({ program, operation, ...(await operate(clone, operation)) });
        if (operation !== "npm start") continue;
        made ??= clone.made();
        requireSame(made, clone.made());
      }
    }
  } finally {
    for (const clone of clones.values()) clone.remove();
  }
  return { taken, made };
}

function cloneOf(program: Program, nodes: number, made: Made | undefined): Clone {
  if (program === "components") return componentsClone(nodes);
  if (made === undefined) throw new Error("the bare program came before what it is to make");
  return bareClone(made);
}

function missedLimits(nodes: number, operation: Operation, measured: Measurement): string[] {
  const limit = limits[nodes]?.[operation];
  if (limit === undefined) return [];
  const { seconds, peak = 0 } = measured;
  return [
    ...(seconds > limit.seconds
      ? [`${operation} took ${seconds.toFixed(1)} s; the target is ${limit.seconds} s.`]
      : []),
    ...(limit.peak !== undefined && peak > limit.peak
      ? [`${operation} took ${(peak / 1e9).toFixed(1)} GB; the target is ${limit.peak / 1e9} GB.`]
      : []),
  ];
}

function requireSame(wanted: Made, got: Made): void {
  const differences = ["tls", "kubernetes"].flatMap((name) => {
    const [expected, actual] = [wanted, got].map(({ counts }) => total(counts, `${name}:`));
    return expected === actual ? [] : [`${expected} resources of ${name} against ${actual}`];
  });
  if (Math.abs(got.secretLength / wanted.secretLength - 1) > 0.02) {
    differences.push(
      `Secrets of ${wanted.secretLength} characters on average against ${got.secretLength}`,
    );
  }
  if (differences.length > 0) {
    throw new Failure(
      `The programs are not comparable: ${differences.join("; ")}. ` +
        "Bring test/bench/programs/bare in line with the components.",
    );
  }
}

function total(counts: Made["counts"], prefix = ""): number {
  return Object.entries(counts)
    .filter(([type]) => type.startsWith(prefix))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** The least times of all rounds, for other work on the machine only ever adds; and the most memory. */
function best(all: readonly Measurement[]): Measurement {
  const least = (of: (measurement: Measurement) => number | undefined) => {
    const known = all.flatMap((measurement) => of(measurement) ?? []);
    return known.length === 0 ? undefined : Math.min(...known);
  };
  const seconds = least((measurement) => measurement.seconds);
  if (seconds === undefined) throw new Error("nothing was measured");
  return {
    seconds,
    cpuSeconds: least((measurement) => measurement.cpuSeconds),
    peak: all.reduce<number | undefined>(
      (most, { peak }) => (peak === undefined ? most : Math.max(most ?? 0, peak)),
      undefined,
    ),
  };
}

function figures({ seconds, cpuSeconds, peak }: Measurement, resources: number): string[] {
  return [
    seconds.toFixed(1),
    ((seconds * 1000) / resources).toFixed(1),
    cpuSeconds === undefined ? "?" : cpuSeconds.toFixed(1),
    peak === undefined ? "?" : (peak / 2 ** 20).toFixed(0),
  ];
}

function row([first = "", ...rest]: readonly string[]): string {
  return `${first.padEnd(18)}${rest.map((cell) => cell.padStart(12)).join("")}\n`.replace(
    / +\n$/,
    "\n",
  );
}
