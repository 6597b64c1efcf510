import { newestKnownVersion, oldestSupportedVersion } from "../../trust/kubernetes/version.ts";

/** Major, minor and patch. */
export type Version = readonly [number, number, number];

/** Reads `1.37.2` or `v1.37.2`; `undefined` when the text is neither. */
function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/** The version without its `v`. */
export function bareVersion(text: string): string {
  return text.replace(/^v/, "");
}

/** Negative when the first is older, positive when it is newer. */
function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/**
 * What is wrong with a Kubernetes version: malformed, too old, or of a minor release that is not in the tables, so that
 * its flags are unknown.
 */
export function versionProblems(text: string, field: string): string[] {
  const version = parseVersion(text);
  if (version === undefined) {
    return [
      `${field}: ${JSON.stringify(text)} is no Kubernetes version. Write major, minor and patch, e.g. ${newestKnownVersion}.`,
    ];
  }
  const oldest = parseVersion(oldestSupportedVersion);
  const newest = parseVersion(newestKnownVersion);
  if (oldest === undefined || newest === undefined) throw new Error("the vocabulary's versions");
  if (compareVersions(version, oldest) < 0) {
    return [
      `${field}: ${text} is older than ${oldestSupportedVersion}, the oldest that files are rendered for. Use ${oldestSupportedVersion} or later.`,
    ];
  }
  if (version[0] !== newest[0] || version[1] > newest[1]) {
    return [
      `${field}: ${text} is newer than ${newest[0]}.${newest[1]}, the newest release whose flags are known. Use a ${newest[0]}.${newest[1]} version.`,
    ];
  }
  return [];
}
