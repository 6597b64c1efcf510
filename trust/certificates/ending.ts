/** When a certificate is near its end. */
import type { CertificateFacts } from "../words/facts.ts";

/** Milliseconds. */
export const day = 86_400_000;

/** The end of a certificate that is near, or over. */
export type Ending = {
  readonly end: Date;
  /** Milliseconds until then; not positive once it is over. */
  readonly left: number;
};

/**
 * The end, where it is near: within the window, or within a third of the lifetime where that is less, since a certificate
 * that lives for days is not late when it is young. `undefined` where it is not near, or not known.
 *
 * @param windowDays default 30
 */
export function endingOf(
  { notBefore, notAfter }: Pick<CertificateFacts, "notBefore" | "notAfter">,
  now: Date,
  windowDays = 30,
): Ending | undefined {
  if (!notAfter.known) return undefined;
  const end = notAfter.value;
  const left = end.getTime() - now.getTime();
  const lifetime = notBefore.known ? end.getTime() - notBefore.value.getTime() : Number.MAX_VALUE;
  return left > Math.min(windowDays * day, lifetime / 3) ? undefined : { end, left };
}
