import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../toolchain/fail.mjs";

export type Patience = {
  /** Seconds to wait at most. Default 60. */
  readonly seconds?: number;
  /** Milliseconds between two looks. Default 100. */
  readonly every?: number;
};

/**
 * Looks again and again until there is a result.
 *
 * @param what completes the sentence "gave up waiting for ..."
 * @param look returns undefined to be asked again; what it throws is passed on
 * @throws {Failure} when the time is over.
 */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  { seconds = 60, every = 100 }: Patience = {},
): Promise<T> {
  for (const end = Date.now() + seconds * 1000; ; await sleep(every)) {
    const result = await look();
    if (result !== undefined) return result;
    if (Date.now() > end) throw new Failure(`Gave up waiting for ${what} after ${seconds} s.`);
  }
}

/** True once something listens there; for {@link waitFor}. */
export function accepts(host: string, port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (result: true | undefined) => {
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => end(true));
    socket.on("error", () => end(undefined));
    socket.on("timeout", () => end(undefined));
  });
}
