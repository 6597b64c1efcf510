/** The command `judge`, without its process: what is printed where, and the exit code. */
import { shown } from "../trust/words/shown.ts";
import { readArguments, UsageError, usage } from "./arguments.ts";
import { readEvidence } from "./evidence.ts";
import { toJson } from "./json.ts";
import { judgeAll } from "./judgement.ts";
import { toText } from "./print.ts";

/** What a run of the command leaves behind. */
export type Ran = {
  readonly exitCode: 0 | 1 | 2;
  readonly stdout: string;
  readonly stderr: string;
};

/** What a command leaves behind that was called in a wrong way; any other error is thrown again. */
export function misused(command: string, error: unknown): Ran {
  if (!(error instanceof UsageError)) throw error;
  return { exitCode: 2, stdout: "", stderr: shown(`${command}: ${error.message}`) };
}

/** Runs the command; files are looked for from the working directory. */
export function main(argv: readonly string[]): Ran {
  try {
    const args = readArguments(argv);
    if (!args) return { exitCode: 0, stdout: usage, stderr: "" };
    const judgement = judgeAll(readEvidence(args), args.at);
    const stdout = args.json ? toJson(judgement) : toText(judgement);
    return { exitCode: judgement.isAccepted ? 0 : 1, stdout, stderr: "" };
  } catch (error) {
    return misused("judge", error);
  }
}
