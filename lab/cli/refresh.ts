/**
 * `npm run lab -- refresh`: what has been rendered since the lab came up.
 */
import * as path from "node:path";
import { Failure } from "../../toolchain/fail.mjs";
import type { Lab } from "../host/identity.ts";
import { isAlive } from "../host/processes.ts";
import { runInside } from "../host/sandbox.ts";
import { readState } from "../host/state.ts";

/**
 * Puts changed files on the machines of a lab that is up, and says of each who picks it up.
 *
 * @returns 1 when a certificate that should have been picked up was not
 * @throws {Failure} when the lab is not up.
 */
export async function refresh(lab: Lab, clone: string): Promise<number> {
  const init = readState(lab)?.init;
  if (init === undefined || !isAlive(init)) {
    throw new Failure(`Lab ${lab.id} is not up: npm run lab -- up`);
  }
  return runInside(init, lab, path.join(import.meta.dirname, "refresh-inside.ts"), [
    lab.stack,
    clone,
  ]);
}
