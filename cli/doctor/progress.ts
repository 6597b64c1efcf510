/** Says on standard error what the doctor is at, when it takes longer than two seconds. */

/** Where progress is printed. */
export type Output = { write: (text: string) => unknown; readonly isTTY?: boolean };

export type Progress = {
  /** Says what is done, e.g. `asked 412 of 1000 nodes`; printed once two seconds have passed. */
  readonly at: (text: string) => void;
  /** Takes the line away. */
  readonly end: () => void;
};

/** Milliseconds before anything is said. */
const quiet = 2000;
/** Milliseconds between two lines where there is no terminal. */
const plainInterval = 5000;

/** A reporter of progress: one live line on a terminal, plain lines elsewhere or with `CI=true`. */
export function startProgress(
  stream: Output = process.stderr,
  isLive = stream.isTTY === true && process.env.CI !== "true",
): Progress {
  const start = Date.now();
  let said = 0;
  let isShown = false;
  return {
    at: (text) => {
      const now = Date.now();
      if (now - start < quiet || now - said < (isLive ? 100 : plainInterval)) return;
      said = now;
      isShown = isLive;
      const seconds = Math.round((now - start) / 1000);
      stream.write(isLive ? `\r\x1b[K${text} (${seconds} s)` : `${text} (${seconds} s)\n`);
    },
    end: () => {
      if (isShown) stream.write("\r\x1b[K");
    },
  };
}
