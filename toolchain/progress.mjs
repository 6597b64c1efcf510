// Says what is happening and for how long. On a terminal: one live line. Elsewhere, or with
// CI=true: plain lines, a new one every 15 seconds while a step runs.

/**
 * One running step, handed to the work it reports on.
 * @typedef {object} Step
 * @property {(detail: string) => void} update Says what the step is at, e.g. "412 packages".
 */

/**
 * @typedef {object} Progress
 * @property {(line: string) => void} say Prints one line.
 * @property {<T>(title: string, work: (step: Step) => Promise<T>) => Promise<T>} step
 * Runs work and reports on it under the title. A step of under two seconds prints one line.
 * Rejects with what work rejects with, after saying that the step failed.
 */

/**
 * Where progress is printed: a stream, or what a test puts in its place.
 * @typedef {{ write: (text: string) => unknown, isTTY?: boolean, columns?: number }} Output
 */

/** Seconds between two plain lines on the same step. */
const plainInterval = 15;

/**
 * True where a live line and a question to the user make sense: the stream is a terminal, and the
 * environment does not say CI=true.
 * @param {{ isTTY?: boolean }} stream
 * @param {NodeJS.ProcessEnv} [env] default: this process's
 * @returns {boolean}
 */
export function isInteractive(stream, env = process.env) {
  return Boolean(stream.isTTY) && env.CI !== "true";
}

/**
 * @param {number} milliseconds
 * @returns {string} whole seconds, e.g. "7 s" or "2 min 5 s"
 */
export function elapsed(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * A reporter of progress. Steps may run side by side and inside one another.
 * @param {{ stream?: Output, env?: NodeJS.ProcessEnv }} [options]
 * stream: where to print, default stderr, so that the output of what is run stays clean.
 * env: default this process's.
 * @returns {Progress}
 */
export function createProgress({ stream = process.stderr, env = process.env } = {}) {
  const live = isInteractive(stream, env);
  /** @type {Set<{ title: string, detail: string, start: number, said: number }>} */
  const running = new Set();
  /** @type {NodeJS.Timeout | undefined} */
  let ticker;

  const clearLine = () => live && running.size > 0 && stream.write("\r\x1b[K");

  /** @param {string} line */
  const say = (line) => {
    clearLine();
    stream.write(`${line}\n`);
  };

  const tick = () => {
    const now = Date.now();
    if (live) {
      const line = [...running].map((step) => describe(step, now)).join(" | ");
      stream.write(`\r\x1b[K${line.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
      return;
    }
    for (const step of running) {
      if (now - step.said < plainInterval * 1000) continue;
      step.said = now;
      say(`  ${describe(step, now)}`);
    }
  };

  return {
    say,
    step: async (title, work) => {
      const start = Date.now();
      const step = { title, detail: "", start, said: start };
      if (!live) say(`${title} ...`);
      running.add(step);
      ticker ??= setInterval(tick, live ? 250 : 1000);
      let ending = "failed";
      try {
        const result = await work({
          update: (detail) => {
            step.detail = detail;
          },
        });
        ending = "done";
        return result;
      } finally {
        clearLine();
        running.delete(step);
        if (running.size === 0) {
          clearInterval(ticker);
          ticker = undefined;
        }
        say(`${title}: ${ending} (${elapsed(Date.now() - start)})`);
      }
    },
  };
}

/**
 * @param {{ title: string, detail: string, start: number }} step
 * @param {number} now
 */
function describe({ title, detail, start }, now) {
  return `${title}: ${detail ? `${detail}, ` : ""}${elapsed(now - start)}`;
}
