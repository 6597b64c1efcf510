/** Which Kubernetes versions are known. */
import type { Fact } from "../words/fact.ts";
import { data } from "./data/index.ts";

/** Minor versions that the tables know, ascending, e.g. `[34, 35, 36, 37]`. */
export const knownMinors: readonly number[] = Object.keys(data.versions)
  .map(Number)
  .sort((a, b) => a - b);

/** The patch release that was asked of each of them, ascending, without the `v`. */
export const knownVersions: readonly string[] = knownMinors.map(
  (minor) => data.versions[minor] ?? "",
);

/** The oldest and the newest minor version that the tables know. */
export const oldestMinor = Math.min(...knownMinors);
export const newestMinor = Math.max(...knownMinors);

/** The Kubernetes version that the default stack runs and that the facts were last observed with, without the `v`. */
export const newestKnownVersion = data.versions[newestMinor] ?? "";

/** The oldest Kubernetes version that the components render files for. */
export const oldestSupportedVersion = `1.${oldestMinor}.0`;

/** A version without its `v`; the newest known one where the version is unknown. */
export function versionOf(version: Fact<string>): string {
  return version.known ? version.value.replace(/^v/, "") : newestKnownVersion;
}
