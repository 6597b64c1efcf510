/**
 * A failure that the user can act on: its message says what is wrong and what to do, and it is
 * shown without a stack trace.
 */
export class Failure extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "Failure";
  }
}

/**
 * Runs a program's main function: a Failure is printed as its message alone and ends the process
 * with exit code 1; anything else is a defect and is thrown on.
 * @param {() => Promise<number>} main resolves to the exit code
 */
export async function runMain(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/**
 * @param {unknown} error
 * @param {string} code a system error's code, e.g. "ENOENT"
 * @returns {boolean}
 */
export function isCode(error, code) {
  return error instanceof Error && /** @type {NodeJS.ErrnoException} */ (error).code === code;
}
