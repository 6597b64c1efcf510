import { Failure } from "../../toolchain/fail.mjs";
import {
  carrierPackages,
  ensurePackages,
  missingPackages,
  requireLinuxRoot,
} from "../../toolchain/kubernetes/programs.ts";
import { createProgress } from "../../toolchain/progress.mjs";

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

/** The distribution's Ignition, which nobody but a test runs. */
export const ignition = "/usr/lib/dracut/modules.d/30ignition/ignition";

const packages = {
  ...carrierPackages,
  ignition: [{ name: "ignition", program: ignition }],
  gh: [{ name: "gh", program: "gh" }],
};

/** Why programs of the distribution cannot be run here, with `CI=true` they are installed; undefined when they can. */
export async function withoutPackages(
  ...names: readonly (keyof typeof packages)[]
): Promise<string | undefined> {
  const wanted = names.flatMap((name) => packages[name]);
  const missing = missingPackages(wanted).map(({ name }) => name);
  if (missing.length === 0) return undefined;
  if (process.env.CI !== "true") {
    return `${missing.join(" and ")} not installed, and CI is not true`;
  }
  await ensurePackages(createProgress(), process.env, wanted);
  return undefined;
}

/** Skips tests, and says why, where such programs are not installed. For use as `before(needsPackages("cloud-init"))`. */
export function needsPackages(...names: readonly (keyof typeof packages)[]) {
  return async function (this: Mocha.Context): Promise<void> {
    const why = await withoutPackages(...names);
    if (why === undefined) return;
    process.stderr.write(`    skipped: ${why}\n`);
    this.skip();
  };
}
