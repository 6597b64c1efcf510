/**
 * `npm run lab -- conformance [short|document]`: the verdict against real programs, case by case.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Failure, runMain } from "../../toolchain/fail.mjs";
import {
  ensurePackages,
  ensurePrograms,
  kubernetesVersion,
  type Programs,
  requireLinuxRoot,
} from "../../toolchain/kubernetes/programs.ts";
import { withLock } from "../../toolchain/lock.mjs";
import { createProgress } from "../../toolchain/progress.mjs";
import { removeLab } from "../host/cleanup.ts";
import { type Lab, labOf, labRoot, processMark } from "../host/identity.ts";
import { startSandbox } from "../host/sandbox.ts";
import { bootId, type LabState, writeState } from "../host/state.ts";
import { document } from "./document.ts";
import { longPlan } from "./plan.ts";
import { describe, readCases, readLines, type Summary } from "./report.ts";
import type { SeenKubelet } from "./seen.ts";

/** What a run came to, and the kubelets that were seen on the way. */
export type Run = Summary & { readonly seen: readonly SeenKubelet[] };

const clone = path.join(import.meta.dirname, "..", "..");

/** Runs a matrix in a lab of its own and removes the lab. */
export async function runConformance(
  length: "short" | "long",
  results: string,
  write: (line: string) => void,
): Promise<Run> {
  requireLinuxRoot();
  const progress = createProgress();
  await ensurePackages(progress);
  const programs = await ensurePrograms(progress);
  const lab = labOf(`conformance-${length}`, clone);
  return withLock(
    path.join(labRoot(), ".locks", lab.id),
    () => runAlone(lab, length, programs, results, write),
    ({ pid }) => progress.say(`Waiting for process ${pid}, which runs the same matrix`),
  );
}

async function runAlone(
  lab: Lab,
  length: "short" | "long",
  programs: Programs,
  results: string,
  write: (line: string) => void,
): Promise<Run> {
  await removeLab(lab);
  const kubelets = path.join(lab.folder, "kubelets.jsonl");
  fs.rmSync(results, { force: true });
  const start = Date.now();
  const state: LabState = {
    ...{ id: lab.id, stack: lab.stack, rendered: "", kubernetesVersion, programs },
    ...{ bootId: bootId(), machines: [], processes: [] },
  };
  let seen: readonly SeenKubelet[] = [];
  try {
    writeState(lab, state);
    const init = await startSandbox(lab);
    writeState(lab, { ...state, init });
    const code = await runInside(
      init.pid,
      [lab.stack, clone, results, kubelets, length, processMark(lab)],
      write,
    );
    if (code !== 0) throw new Failure("The matrix did not run to its end.");
    seen = readLines<SeenKubelet>(kubelets);
  } finally {
    await removeLab(lab);
  }
  const cases = readCases(results);
  const agreements = cases.filter(({ agrees }) => agrees).length;
  return { cases, agreements, seen, seconds: (Date.now() - start) / 1000 };
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
  const results = path.join(clone, "conformance.jsonl");
  const write = (line: string) => process.stdout.write(`${line}\n`);
  await runMain(async () => {
    const [what = "long", ...rest] = process.argv.slice(2);
    if (!["long", "short", "document"].includes(what) || rest.length > 0) {
      throw new Failure("Usage: npm run lab -- conformance [short|document]");
    }
    if (what === "document") return writeDocument(results);
    const summary = await runConformance(what === "short" ? "short" : "long", results, write);
    for (const line of describe(summary)) write(line);
    write(`Every case: ${results}`);
    return summary.agreements === summary.cases.length && summary.cases.length > 0 ? 0 : 1;
  });
}

/** Writes docs/conformance.md from the last long run. */
function writeDocument(results: string): number {
  const cases = readCases(results);
  const planned = longPlan.serving.selfSigned.length + longPlan.serving.others.length;
  const seen = new Set(
    cases.filter(({ part }) => part === "serving").map(({ kubelet }) => kubelet),
  );
  if (seen.size < planned) {
    throw new Failure("The last conformance run was not a long one: npm run lab -- conformance");
  }
  const agreements = cases.filter(({ agrees }) => agrees).length;
  const date = fs.statSync(results).mtime.toISOString().slice(0, 10);
  const page = document({ cases, agreements }, date);
  fs.writeFileSync(path.join(clone, "docs", "conformance.md"), page);
  return 0;
}
