/** How long the doctor waits: for one answer, and for all of them together. */

/** Seconds that a handshake with a kubelet, or one request to kube-apiserver itself, may take. */
const patience = 5;

/**
 * Seconds for what kube-apiserver passes on to a kubelet: it gives up a TLS handshake after 10, and its words for that are
 * worth the wait. Source: client-go `transport/cache.go` (TLSHandshakeTimeout).
 */
export const callPatience = 11;

/** Nothing was answered for as long as an answer may take. */
export class NoAnswer extends Error {}

/** What is waited for no longer. */
export type Wait = {
  /** Aborts when either is up. */
  readonly signal: AbortSignal;
  /** Why it was aborted: {@link NoAnswer}, unless the run's time was up before. */
  readonly why: () => Error;
  /** To be called when the answer is there. */
  readonly end: () => void;
};

/**
 * Waits for one answer, and no longer than the run has.
 *
 * @param until aborts when the run's time is up
 */
export function waitFor(until: AbortSignal, seconds: number = patience): Wait {
  const own = new AbortController();
  const abort = () => own.abort();
  const timer = setTimeout(abort, seconds * 1000);
  until.addEventListener("abort", abort, { once: true });
  if (until.aborted) abort();
  return {
    signal: own.signal,
    why: () =>
      until.aborted ? new Error("the time was up") : new NoAnswer(`no answer within ${seconds} s`),
    end: () => {
      clearTimeout(timer);
      until.removeEventListener("abort", abort);
    },
  };
}

/** Does something with each of many, so many at once; the results are in their order. */
export async function inTurns<T, R>(
  all: readonly T[],
  atOnce: number,
  work: (one: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(all.length);
  let next = 0;
  const worker = async () => {
    while (next < all.length) {
      const index = next++;
      results[index] = await work(all[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
  return results;
}
