/**
 * `npm run bench -- kills`: kills `npm start`, with everything that it started, at random moments of a run that changes
 * every leaf certificate, and has the next one converge: each rendered file is the state's, each object of the state is
 * rendered, no operation is pending, and a further run finds nothing to do.
 *
 * `--rounds N` (default 20) says how many times it is killed, `--nodes N` (default 2) how many nodes the stack has. The
 * exit code is 1 when a run did not converge.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { Failure, runMain } from "../../toolchain/fail.mjs";
import { createProgress } from "../../toolchain/progress.mjs";
import { expectSuccess, finish } from "../support/engine.ts";
import { type Clone, makeClone } from "./clone.ts";
import { readFlags } from "./flags.ts";
import { benchMachines } from "./machines.ts";
import { processTree } from "./process-tree.ts";
import { printMachine } from "./this-machine.ts";

/** After so many kills in a row a run is left to its end. */
const killsInARow = 4;

await runMain(async () => {
  const { nodes, rounds } = readFlags([2], 20);
  printMachine();
  for (const count of nodes) await killAndConverge(count, rounds);
  return 0;
});

async function killAndConverge(nodes: number, rounds: number): Promise<void> {
  const progress = createProgress();
  const settings = (round: number) => settingsOf(nodes, 8760 + round);
  const clone = makeClone(settings(0));
  try {
    const start = Date.now();
    await progress.step("npm start, to its end", async () => runToEnd(clone));
    const length = Date.now() - start;
    const moments: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      clone.configure(settings(round));
      // A run's beginning is always the same: most moments lie in its second half, where the update is.
      const moment =
        length * (round % killsInARow === 0 ? Math.random() : 0.4 + 0.6 * Math.random());
      await progress.step(`kill ${round} of ${rounds}, after ${seconds(moment)} s`, () =>
        killAfter(clone.start("up"), moment),
      );
      moments.push(seconds(moment));
      if (round % killsInARow !== 0 && round !== rounds) continue;
      await progress.step("npm start, to its end", () => converge(clone));
    }
    process.stdout.write(
      `${rounds} kills of npm start (${nodes} nodes, ${seconds(length)} s): after each ${killsInARow} the next run converged. Moments, in seconds: ${moments.join(", ")}\n`,
    );
  } finally {
    clone.remove();
  }
}

function settingsOf(nodes: number, validityHours: number): Record<string, unknown> {
  const [controlPlane, ...workers] = benchMachines(nodes + 1);
  return {
    validityHours,
    controlPlanes: [controlPlane],
    nodePools: [{ name: "workers", nodes: workers }],
  };
}

async function runToEnd(clone: Clone): Promise<string> {
  return expectSuccess(await finish(clone.start("up"))).stdout;
}

/** Kills a process and all that it started, after so many milliseconds. */
async function killAfter(child: ChildProcess, milliseconds: number): Promise<void> {
  const ended = once(child, "close");
  child.stdout?.resume();
  child.stderr?.resume();
  await Promise.race([ended, sleep(milliseconds)]);
  for (const { pid } of child.exitCode === null ? processTree(child.pid ?? 0) : []) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
  await ended;
}

async function converge(clone: Clone): Promise<void> {
  await runToEnd(clone);
  const exported = await finish(clone.start("pulumi", "stack", "export", "--show-secrets"));
  const { deployment } = JSON.parse(expectSuccess(exported).stdout);
  if ((deployment.pending_operations ?? []).length > 0) throw new Failure("operations are pending");
  const known = new Map(
    (deployment.resources as { type: string; inputs?: unknown }[])
      .filter(({ type }) => /^kubernetes:(?!yaml)/.test(type))
      .map(({ inputs }) => described(unwrapped(inputs))),
  );
  const rendered = new Map(renderedObjects(path.join(clone.folder, "rendered")).map(described));
  for (const [name, data] of known) {
    if (!rendered.has(name)) throw new Failure(`${name} is in the state, and not rendered`);
    if (rendered.get(name) !== data)
      throw new Failure(`${name} is rendered other than in the state`);
  }
  for (const name of rendered.keys()) {
    if (!known.has(name)) throw new Failure(`${name} is rendered, and not in the state`);
  }
  const again = await runToEnd(clone);
  if (/^ +[-+~]+ *\d+ (created|updated|deleted|replaced)/m.test(again)) {
    throw new Failure("a further run found something to do");
  }
}

type KubernetesObject = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
};

/** An object's name, and what a Secret or ConfigMap holds. */
function described(object: unknown): [string, string] {
  const { kind, metadata, data = {}, stringData = {} } = object as KubernetesObject;
  const isSecret = kind === "Secret";
  const texts = Object.entries(data).map(([key, value]) => [
    key,
    isSecret ? Buffer.from(value, "base64").toString() : value,
  ]);
  const all = [...texts, ...Object.entries(stringData)].sort(([a = ""], [b = ""]) =>
    a < b ? -1 : 1,
  );
  return [`${kind} ${metadata.namespace ?? ""}/${metadata.name}`, JSON.stringify(all)];
}

function renderedObjects(folder: string): unknown[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => parse(fs.readFileSync(path.join(folder, file), "utf8")));
}

/** A value of the state with its secrets in the clear. */
function unwrapped(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unwrapped);
  const { plaintext } = value as { plaintext?: unknown };
  if (typeof plaintext === "string") return unwrapped(JSON.parse(plaintext));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
