import { Failure } from "../../toolchain/fail.mjs";
import { requireLinuxRoot } from "../../toolchain/kubernetes/programs.ts";

/**
 * Skips a suite, and says why, where real programs cannot run; with `CI=true` that is a failure.
 *
 * For use as `before(needsLab)`.
 */
export function needsLab(this: Mocha.Context): void {
  try {
    requireLinuxRoot();
  } catch (error) {
    if (!(error instanceof Failure) || process.env.CI === "true") throw error;
    process.stderr.write(`    skipped: ${error.message}\n`);
    this.skip();
  }
}
