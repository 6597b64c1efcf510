import type { Fact } from "../evidence.ts";
import { newestKnownVersion } from "../vocabulary.ts";

/** A version without its `v`; the newest known one where nobody knows. */
export function versionOf(version: Fact<string>): string {
  return version.known ? version.value.replace(/^v/, "") : newestKnownVersion;
}
