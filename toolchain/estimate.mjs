// How long a build in several parts will take in all, told while it runs.

/**
 * @typedef {object} Estimate
 * @property {(part: number, packages: number) => void} update says which part is being built, and how many packages of it
 * have been compiled: those that Go's own cache has are not
 * @property {() => number} whole milliseconds that all parts take together, as it looks now
 */

/**
 * @param {readonly { seconds: number, packages: number }[]} parts what each took when it was measured on two cores with
 * empty caches, and how many packages were compiled
 * @param {number} cores of this machine
 * @param {() => number} [now] in milliseconds, default the clock
 * @returns {Estimate}
 */
export function createEstimate(parts, cores, now = Date.now) {
  const start = now();
  let current = 0;
  let share = 0;
  /** Seconds of measured work that have really been done, before the current part. */
  let done = 0;
  return {
    update: (part, packages) => {
      if (part !== current) done += share * (parts[current]?.seconds ?? 0);
      current = part;
      share = Math.min(1, packages / (parts[part]?.packages ?? 1));
    },
    whole: () => {
      const elapsed = now() - start;
      const here = parts[current]?.seconds ?? 0;
      const left = parts
        .slice(current + 1)
        .reduce((sum, { seconds }) => sum + seconds, here * (1 - share));
      const work = done + here * share;
      // Until a fair piece of work is done, its pace says little.
      const pace = work < 20 ? 2000 / Math.min(cores, 8) : elapsed / work;
      return elapsed + left * pace;
    },
  };
}
