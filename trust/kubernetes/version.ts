import type { Fact } from "../words/fact.ts";
import { newestKnownVersion } from "../words/vocabulary.ts";

/** A version without its `v`; the newest known one where nobody knows. */
export function versionOf(version: Fact<string>): string {
  return version.known ? version.value.replace(/^v/, "") : newestKnownVersion;
}
