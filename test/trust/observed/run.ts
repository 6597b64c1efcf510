/** When and of what the observations were made that the verdict is compared with. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Run = {
  /** ISO 8601. */
  readonly at: string;
  /** Without the `v`. */
  readonly kubernetesVersion: string;
};

/** Folder of the observations: KUBELET_TRUST_OBSERVED, default test/observed. */
export const observedFolder =
  process.env.KUBELET_TRUST_OBSERVED ?? join(import.meta.dirname, "..", "..", "observed");

/** The run that a folder tells of; one that tells nothing is of the first observations. */
export const observedRun: Run = readRun(observedFolder);

function readRun(folder: string): Run {
  const file = join(folder, "run.json");
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Run)
    : { at: "2026-11-24T07:56:00Z", kubernetesVersion: "1.37.2" };
}
