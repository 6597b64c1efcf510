/**
 * `npm run lab -- record FOLDER [short]`: what the programs of the newest version answer, in the form of test/observed.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { Failure, runMain } from "../../toolchain/fail.mjs";
import { kubernetesVersion } from "../../toolchain/kubernetes/programs.ts";
import { resultsOf, runConformance } from "./main.ts";
import { usualKeys } from "./pki.ts";
import { recorded } from "./recorded.ts";
import { describe } from "./report.ts";

await runMain(async () => {
  const [folder, length = "long", ...rest] = process.argv.slice(2);
  if (folder === undefined || !["long", "short"].includes(length) || rest.length > 0) {
    throw new Failure("Usage: npm run lab -- record FOLDER [short]");
  }
  const target = path.resolve(folder);
  fs.mkdirSync(target, { recursive: true });
  const write = (line: string) => process.stdout.write(`${line}\n`);
  const at = new Date().toISOString();
  // It is a run like any other: docs/conformance.md can be written from it.
  const cases = resultsOf(kubernetesVersion);
  const run = await runConformance(length === "short" ? "short" : "long", cases, write);
  for (const [name, rows] of Object.entries(recorded(run))) {
    put(target, `${name}.jsonl`, rows);
  }
  put(target, "run.json", [{ at, kubernetesVersion, keys: usualKeys }]);
  for (const line of describe(run)) write(line);
  write(
    `Recorded in ${target}; compare: KUBELET_TRUST_OBSERVED=${target} npm run mocha -- test/trust/observed.test.ts`,
  );
  return 0;
});

/** Writes a file at once or not at all, one value a line. */
function put(folder: string, name: string, rows: readonly object[]): void {
  const draft = path.join(folder, `.${name}.${process.pid}`);
  fs.writeFileSync(draft, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  fs.renameSync(draft, path.join(folder, name));
}
