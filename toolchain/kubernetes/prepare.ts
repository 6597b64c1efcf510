/**
 * Gets what the tests of the lab run, before one of them begins whose time is limited: from empty caches that takes
 * longer than any test may. Where there can be no lab, it is left to the tests to say so, or on CI to fail.
 */
import { Failure, runMain } from "../fail.mjs";
import { createProgress } from "../progress.mjs";
import {
  ensurePackages,
  ensurePrograms,
  kubernetesVersions,
  requireLinuxRoot,
} from "./programs.ts";

await runMain(async () => {
  if (!canHaveLab()) return 0;
  const progress = createProgress();
  await ensurePackages(progress);
  await ensurePrograms(progress);
  const [oldest] = kubernetesVersions;
  await ensurePrograms(progress, oldest);
  return 0;
});

function canHaveLab(): boolean {
  try {
    requireLinuxRoot();
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
