// Mocha's reporter `spec`, and at its end the files that took longest: where a run's minutes go.
import * as path from "node:path";
import mocha from "mocha";
import { repository } from "./paths.mjs";
import { elapsed } from "./progress.mjs";

/** As many files are named, and none that took less than ten seconds. */
const named = 12;
const shortest = 10_000;

export default class SpecAndTimes extends mocha.reporters.Spec {
  /**
   * @param {import("mocha").Runner} runner
   * @param {import("mocha").MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    /** @type {Map<string, number>} milliseconds by file */
    const took = new Map();
    const add = (/** @type {import("mocha").Runnable} */ { file = "", duration = 0 }) =>
      took.set(file, (took.get(file) ?? 0) + duration);
    runner.on("test end", add);
    runner.on("hook end", add);
    runner.once("end", () => {
      const slow = [...took].filter(([, time]) => time >= shortest);
      if (slow.length === 0) return;
      console.log("  Files that took longest, side by side:");
      for (const [file, time] of slow.sort((a, b) => b[1] - a[1]).slice(0, named))
        console.log(`    ${elapsed(time)}  ${path.relative(repository, file)}`);
    });
  }
}
