import { Failure } from "../../toolchain/fail.mjs";
import { type Carrier, carriers } from "../host/state.ts";

/** What `npm run lab -- up` is told. */
export type UpArguments = {
  /** A stack's name or a path; default: whatever the lab takes when none is given. */
  readonly stack?: string;
  /** Default: `files`. */
  readonly carrier: Carrier;
};

/**
 * Reads `[STACK] [--carrier CARRIER]`.
 *
 * @throws {Failure} in one line that names the word and what could stand there.
 */
export function readUpArguments(words: readonly string[]): UpArguments {
  const stacks: string[] = [];
  let carrier: Carrier = "files";
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    const [flag, inline] = word.split("=", 2);
    if (flag === "--carrier") {
      const value = inline ?? words[++index];
      const known = carriers.find((one) => one === value);
      if (known === undefined) {
        throw new Failure(
          `npm run lab -- up: --carrier ${value === undefined ? "has no value" : `${JSON.stringify(value)} is no carrier`}. Use ${carriers.join(" or ")}.`,
        );
      }
      carrier = known;
    } else if (word.startsWith("-")) {
      throw new Failure(`npm run lab: there is no option ${word}. See npm run lab -- --help.`);
    } else stacks.push(word);
  }
  const [stack, another] = stacks;
  if (another !== undefined) {
    throw new Failure(`npm run lab -- up: ${stack} and ${another} are two stacks. Give one.`);
  }
  return { carrier, ...(stack === undefined ? {} : { stack }) };
}
