/**
 * `npm run lab -- conformance [short|least|document] [--kubernetes MINOR]`: the verdict against real programs, case by case.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Failure, runMain } from "../../toolchain/fail.mjs";
import { type CallerPrograms, ensureCallers } from "../../toolchain/kubernetes/callers.ts";
import {
  ensurePackages,
  ensurePrograms,
  kubernetesVersion,
  kubernetesVersions,
  type Programs,
  requireLinuxRoot,
} from "../../toolchain/kubernetes/programs.ts";
import { withLock } from "../../toolchain/lock.mjs";
import { createProgress } from "../../toolchain/progress.mjs";
import { removeLab } from "../host/cleanup.ts";
import { type Lab, labOf, labRoot, processMark } from "../host/identity.ts";
import { startSandbox } from "../host/sandbox.ts";
import { bootId, type LabState, writeState } from "../host/state.ts";
import { minorOf, readArguments } from "./arguments.ts";
import { doctorTable, withDoctorTable } from "./doctor-table.ts";
import { document } from "./document.ts";
import { type Length, planOf } from "./plan.ts";
import { describe, readCases, readLines, type Summary } from "./report.ts";
import type { SeenKubelet } from "./seen.ts";

/** What a run came to, and the kubelets that were seen on the way. */
export type Run = Summary & {
  /** Kubernetes version, without the `v`. */
  readonly version: string;
  readonly seen: readonly SeenKubelet[];
};

const clone = path.join(import.meta.dirname, "..", "..");

/** Runs a matrix in a lab of its own and removes the lab. */
export async function runConformance(
  length: Length,
  results: string,
  write: (line: string) => void,
  version: string = kubernetesVersion,
): Promise<Run> {
  requireLinuxRoot();
  const progress = createProgress();
  await ensurePackages(progress);
  const programs = await ensurePrograms(progress, version);
  const callers = planOf(length, version).hasCallers ? await ensureCallers(progress) : undefined;
  const lab = labOf(`conformance-${length}-${minorOf(version)}`, clone);
  return withLock(
    path.join(labRoot(), ".locks", lab.id),
    () => runAlone(lab, length, { version, programs, callers }, results, write),
    ({ pid }) => progress.say(`Waiting for process ${pid}, which runs the same matrix`),
  );
}

/** What is there before a matrix runs. */
type Ready = {
  readonly version: string;
  readonly programs: Programs;
  readonly callers: CallerPrograms | undefined;
};

async function runAlone(
  lab: Lab,
  length: Length,
  { version, programs, callers }: Ready,
  results: string,
  write: (line: string) => void,
): Promise<Run> {
  await removeLab(lab);
  const kubelets = path.join(lab.folder, "kubelets.jsonl");
  fs.rmSync(results, { force: true });
  const start = Date.now();
  const state: LabState = {
    ...{ id: lab.id, stack: lab.stack, rendered: "", kubernetesVersion: version, programs },
    ...{ carrier: "files", bootId: bootId(), machines: [], processes: [] },
  };
  let seen: readonly SeenKubelet[] = [];
  try {
    writeState(lab, state);
    const init = await startSandbox(lab);
    writeState(lab, { ...state, init });
    const code = await runInside(
      init.pid,
      [
        lab.stack,
        clone,
        results,
        kubelets,
        length,
        JSON.stringify(callers ?? {}),
        processMark(lab),
      ],
      write,
    );
    if (code !== 0) throw new Failure("The matrix did not run to its end.");
    seen = readLines<SeenKubelet>(kubelets);
  } finally {
    await removeLab(lab);
  }
  const cases = readCases(results);
  const agreements = cases.filter(({ agrees }) => agrees).length;
  return { version, cases, agreements, seen, seconds: (Date.now() - start) / 1000 };
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
  const write = (line: string) => process.stdout.write(`${line}\n`);
  await runMain(async () => {
    const { what, version } = readArguments(process.argv.slice(2));
    if (what === "document") return writeDocument();
    const results = resultsOf(version, what);
    const summary = await runConformance(what, results, write, version);
    for (const line of describe(summary)) write(line);
    if (what === "doctor") write(doctorTable(summary.cases));
    write(`Every case: ${results}`);
    return summary.agreements === summary.cases.length && summary.cases.length > 0 ? 0 : 1;
  });
}

/** Where the cases of a version's last run lie; those of the doctor's run by themselves. */
export function resultsOf(version: string, length: Length = "long"): string {
  const kind = length === "doctor" ? "conformance-doctor" : "conformance";
  return path.join(clone, `${kind}-${minorOf(version)}.jsonl`);
}

/** Writes the tables of docs/doctor.md, where the doctor was run on the newest version; false where it was not. */
function writeDoctorTable(): boolean {
  const runs = kubernetesVersions.flatMap((version) => {
    const results = resultsOf(version, "doctor");
    const cases = readCases(results);
    return cases.length === 0 ? [] : [{ version, date: dayOf(results), cases }];
  });
  if (runs.at(-1)?.version !== kubernetesVersion) return false;
  const page = path.join(clone, "docs", "doctor.md");
  fs.writeFileSync(page, withDoctorTable(fs.readFileSync(page, "utf8"), runs));
  return true;
}

/** The day on which results were written. */
function dayOf(results: string): string {
  return fs.statSync(results).mtime.toISOString().slice(0, 10);
}

/** Writes docs/conformance.md from the last long run of each version that has one, and the doctor's table from its last. */
function writeDocument(): number {
  const runs = kubernetesVersions.flatMap((version) => {
    const results = resultsOf(version);
    const cases = readCases(results);
    const { selfSigned, others } = planOf("long", version).serving;
    const seen = new Set(
      cases.filter(({ part }) => part === "serving").map(({ kubelet }) => kubelet),
    );
    if (seen.size < selfSigned.length + others.length) return [];
    return [{ version, date: dayOf(results), cases }];
  });
  const hasDoctor = writeDoctorTable();
  if (runs.at(-1)?.version !== kubernetesVersion) {
    if (hasDoctor) {
      process.stdout.write("docs/conformance.md stays as it is: the last run was no long one.\n");
      return 0;
    }
    throw new Failure("The last conformance run was not a long one: npm run lab -- conformance");
  }
  fs.writeFileSync(path.join(clone, "docs", "conformance.md"), document(runs, kubernetesVersions));
  return 0;
}
