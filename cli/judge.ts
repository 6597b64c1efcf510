/**
 * `npm run judge`: the verdict on plain files, by the same function that the policies use. See docs/judge.md.
 */
import { judge } from "../trust/judge/judge.ts";
import { readArguments, UsageError, usage } from "./arguments.ts";
import { readEvidence } from "./evidence.ts";
import { isAccepted, toJson, toText } from "./print.ts";

process.exitCode = main(process.argv.slice(2));

function main(argv: readonly string[]): number {
  try {
    const args = readArguments(argv);
    if (!args) {
      console.log(usage);
      return 0;
    }
    const evidence = readEvidence(args);
    const verdict = judge(evidence.kubelet, evidence.apiserver, args.at ? { at: args.at } : {});
    console.log(args.json ? toJson(verdict, evidence) : toText(verdict, evidence));
    return isAccepted(verdict) ? 0 : 1;
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`judge: ${error.message}`);
      return 2;
    }
    throw error;
  }
}
