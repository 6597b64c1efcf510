/** When and of what the observations were made that the verdict is compared with. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyKind } from "../../../lab/x509/issue.ts";

type Run = {
  /** ISO 8601. */
  readonly at: string;
  /** Without the `v`. */
  readonly kubernetesVersion: string;
  /** Of the certificates where a row says nothing else; default RSA-2048, as of the first observations. */
  readonly keys?: KeyKind;
};

/** Folder of the observations: KUBELET_TRUST_OBSERVED, default test/observed. */
export const observedFolder =
  process.env.KUBELET_TRUST_OBSERVED ?? join(import.meta.dirname, "..", "..", "observed");

/** The run that a folder tells of; one that tells nothing is of the first observations. */
export const observedRun: Run = readRun(observedFolder);

/** Keys of the certificates of that run. */
export const observedKeys: KeyKind = observedRun.keys ?? "RSA-2048";

function readRun(folder: string): Run {
  const file = join(folder, "run.json");
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Run)
    : { at: "2026-11-24T07:56:00Z", kubernetesVersion: "1.37.2" };
}
