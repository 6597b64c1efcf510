/** The flags of all benchmarks. */
import { parseArgs } from "node:util";
import { refuseUnknown } from "../../toolchain/arguments.mjs";
import { Failure } from "../../toolchain/fail.mjs";

const options = {
  nodes: { type: "string", multiple: true },
  rounds: { type: "string" },
} as const;

/**
 * `--nodes N`, which may be repeated, and `--rounds N`.
 *
 * @throws Failure when another is given, or one is no whole number from 1 to 99,999.
 */
export function readFlags(
  defaultNodes: readonly number[],
  defaultRounds = 3,
): {
  nodes: readonly number[];
  rounds: number;
} {
  const args = process.argv.slice(2);
  const [word] = args.filter(
    (arg, at) => !arg.startsWith("-") && !/^--\w+$/.test(args[at - 1] ?? ""),
  );
  if (word !== undefined) throw new Failure(`npm run bench: there is no ${word} to measure.`);
  refuseUnknown("npm run bench", args, options);
  const { values } = parseArgs({ args, options });
  return {
    nodes: values.nodes?.map((value) => toNumber("nodes", value)) ?? defaultNodes,
    rounds: toNumber("rounds", values.rounds ?? `${defaultRounds}`),
  };
}

function toNumber(flag: string, value: string): number {
  if (!/^[1-9]\d{0,4}$/.test(value)) {
    throw new Failure(`--${flag} is ${JSON.stringify(value)}: give a whole number from 1 on.`);
  }
  return Number(value);
}
