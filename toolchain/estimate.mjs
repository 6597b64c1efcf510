// How long a build in several parts will take in all, told while it runs.

/**
 * How a part went when it was measured on two cores with empty caches: after so many packages, so many seconds. The last
 * pair is its end. One is enough where packages take about the same; linking takes long, and compiles none.
 * @typedef {readonly (readonly [packages: number, seconds: number])[]} Course
 */

/**
 * @typedef {object} Estimate
 * @property {(part: number, packages: number) => void} update says which part is being built, and how many packages of it
 * have been compiled: those that Go's own cache has are not
 * @property {() => number} whole milliseconds that all parts take together, as it looks now
 */

/** Seconds of measured work for which the measured pace is trusted as much as this machine's own. */
const trust = 20;

/**
 * @param {readonly Course[]} parts
 * @param {number} cores of this machine
 * @param {() => number} [now] in milliseconds, default the clock
 * @returns {Estimate}
 */
export function createEstimate(parts, cores, now = Date.now) {
  const start = now();
  let current = 0;
  /** Seconds of measured work that have really been done: in the current part, and before it. */
  let here = 0;
  let before = 0;
  const lengths = parts.map((course) => course.at(-1)?.[1] ?? 0);
  return {
    update: (part, packages) => {
      if (part !== current) before += here;
      current = part;
      here = secondsAt(parts[part] ?? [], packages);
    },
    whole: () => {
      const elapsed = now() - start;
      const left = lengths.slice(current).reduce((sum, seconds) => sum + seconds, -here);
      const usual = trust * (2000 / Math.min(cores, 8));
      const pace = (usual + elapsed) / (trust + before + here);
      return elapsed + left * pace;
    },
  };
}

/**
 * @param {Course} course
 * @param {number} packages
 * @returns {number} seconds
 */
function secondsAt(course, packages) {
  let [from, since] = [0, 0];
  for (const [to, until] of course) {
    if (packages < to) return since + ((until - since) * (packages - from)) / (to - from);
    [from, since] = [to, until];
  }
  return since;
}
