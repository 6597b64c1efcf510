/** The words after `npm run lab -- conformance` and `record`. */
import { Failure } from "../../toolchain/fail.mjs";
import { kubernetesVersion, kubernetesVersions } from "../../toolchain/kubernetes/programs.ts";
import { type Length, lengths } from "./plan.ts";

/** E.g. `1.37` of `1.37.2`. */
export function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/** Takes `--kubernetes MINOR` out of words. */
function takeVersion(words: readonly string[]): {
  readonly version: string;
  readonly rest: readonly string[];
} {
  const at = words.findIndex((word) => /^--kubernetes(=|$)/.test(word));
  if (at < 0) return { version: kubernetesVersion, rest: words };
  const [word = "", next] = words.slice(at);
  const hasValue = word.includes("=");
  const minor = hasValue ? word.slice(word.indexOf("=") + 1) : (next ?? "");
  const version = kubernetesVersions.find((one) => minorOf(one) === minor || one === minor);
  if (version === undefined) {
    const known = kubernetesVersions.map(minorOf).join(", ");
    throw new Failure(`--kubernetes is \`${minor}\`, not one of ${known}.`);
  }
  return { version, rest: [...words.slice(0, at), ...words.slice(at + (hasValue ? 1 : 2))] };
}

/**
 * What to do, and with which Kubernetes version.
 *
 * @throws {Failure} naming the word that is not understood.
 */
export function readArguments(words: readonly string[]): {
  readonly what: Length | "document";
  readonly version: string;
} {
  const { version, rest } = takeVersion(words);
  const [word = "long", ...others] = rest;
  const what = [...lengths, "document" as const].find((one) => one === word);
  if (what === undefined || others.length > 0) {
    throw new Failure(
      "Usage: npm run lab -- conformance [short|least|doctor|document] [--kubernetes MINOR, e.g. 1.34]",
    );
  }
  return { what, version };
}
