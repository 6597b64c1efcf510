/** What ended between the rendering of a stack and its boot. */
import { X509Certificate } from "node:crypto";
import { Failure } from "../../toolchain/fail.mjs";
import { readKubeconfig } from "./api.ts";
import type { Machine, RenderedStack } from "./rendered.ts";

/** How both remedies go on. */
const again = "run `npm start`, which makes what has ended anew, and boot again";

/**
 * Refuses a stack some of whose kubeconfigs have client certificates that ended: its programs, or the lab, would be
 * turned away with 401. `super-admin.conf` is the first, a day after it was made.
 *
 * @throws {Failure} in one line that names the first to end.
 */
export function refuseExpired({ machines, folder }: RenderedStack, now: Date): void {
  const ended = machines
    .flatMap((machine) => clientEnds(machine).map((one) => ({ ...one, machine })))
    .filter(({ end }) => end <= now)
    .sort((a, b) => a.end.getTime() - b.end.getTime());
  const [first] = ended;
  if (first === undefined) return;
  const others = ended.length > 1 ? ` (and ${ended.length - 1} more)` : "";
  throw new Failure(
    `${folder}: the client certificate of ${first.path} for ${first.machine.name}${others} ended on ` +
      `${first.end.toUTCString()}, before this boot: ${again}.`,
  );
}

/** A sentence about bootstrap tokens that ended; undefined when none did. They keep nothing from coming up. */
export function expiredTokens({ manifests }: RenderedStack, now: Date): string | undefined {
  const ended = manifests
    .filter(({ type }) => type === "bootstrap.kubernetes.io/token")
    .map((secret) => new Date(expirationOf(secret)))
    .find((end) => end <= now);
  return (
    ended &&
    `The bootstrap token ended on ${ended.toUTCString()}, and no further node can join with it: ${again}.`
  );
}

function expirationOf({ data, stringData }: Record<string, unknown>): string {
  const plain = (stringData as Record<string, string> | undefined)?.expiration;
  const encoded = (data as Record<string, string> | undefined)?.expiration ?? "";
  return plain ?? Buffer.from(encoded, "base64").toString("utf8");
}

function clientEnds({ files }: Machine): { path: string; end: Date }[] {
  return files
    .filter(({ path }) => /^\/etc\/kubernetes\/[^/]+\.conf$/.test(path))
    .flatMap(({ path, content }) => {
      const end = endOf(content.toString("utf8"));
      return end === undefined ? [] : [{ path, end }];
    });
}

/** A kubeconfig that cannot be read is refused by its program, in words of its own. */
function endOf(text: string): Date | undefined {
  try {
    const { cert } = readKubeconfig(text);
    return cert === undefined ? undefined : new X509Certificate(cert).validToDate;
  } catch {
    return undefined;
  }
}
