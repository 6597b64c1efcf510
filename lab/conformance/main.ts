/**
 * `npm run lab -- conformance [short]`: the verdict against real programs, case by case.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Failure, runMain } from "../../toolchain/fail.mjs";
import { createProgress } from "../../toolchain/progress.mjs";
import { removeLab } from "../cleanup.ts";
import { labOf } from "../identity.ts";
import {
  ensurePackages,
  ensurePrograms,
  kubernetesVersion,
  requireLinuxRoot,
} from "../programs.ts";
import { startSandbox } from "../sandbox.ts";
import { bootId, writeState } from "../state.ts";
import { describe, readCases, type Summary } from "./report.ts";

const clone = path.join(import.meta.dirname, "..", "..");

/** Runs a matrix in a lab of its own and removes the lab. */
export async function runConformance(
  length: "short" | "long",
  results: string,
  write: (line: string) => void,
): Promise<Summary> {
  requireLinuxRoot();
  const progress = createProgress();
  await ensurePackages(progress);
  const programs = await ensurePrograms(progress);
  const name = `conformance-${length}`;
  const lab = labOf(name, clone);
  await removeLab(lab);
  fs.rmSync(results, { force: true });
  const start = Date.now();
  const empty = { machines: [], processes: [] };
  const state = {
    id: lab.id,
    stack: name,
    rendered: "",
    kubernetesVersion,
    programs,
    bootId: bootId(),
  };
  try {
    writeState(lab, { ...state, ...empty });
    const init = await startSandbox(lab);
    writeState(lab, { ...state, ...empty, init });
    const code = await runInside(init.pid, [name, clone, results, length], write);
    if (code !== 0) throw new Failure("The matrix did not run to its end.");
  } finally {
    await removeLab(lab);
  }
  const cases = readCases(results);
  const agreements = cases.filter(({ agrees }) => agrees).length;
  return { cases, agreements, seconds: (Date.now() - start) / 1000 };
}

function runInside(
  init: number,
  args: readonly string[],
  write: (line: string) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const program = path.join(import.meta.dirname, "inside.ts");
    const child = spawn(
      "nsenter",
      ["-t", String(init), "-n", "--", process.execPath, program, ...args],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        for (const line of text.split("\n").filter((one) => one !== "")) write(line);
      });
    }
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

if (process.argv[1] === import.meta.filename) {
  await runMain(async () => {
    const [length = "long", ...rest] = process.argv.slice(2);
    if ((length !== "long" && length !== "short") || rest.length > 0) {
      throw new Failure("Usage: npm run lab -- conformance [short]");
    }
    const results = path.join(clone, "conformance.jsonl");
    const write = (line: string) => process.stdout.write(`${line}\n`);
    const summary = await runConformance(length, results, write);
    for (const line of describe(summary)) write(line);
    write(`Every case: ${results}`);
    return summary.agreements === summary.cases.length && summary.cases.length > 0 ? 0 : 1;
  });
}
