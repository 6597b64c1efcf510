/** Waivers: agreed exceptions with an end. One that has ended rejects again, and says that it has. */
import type { Waiver } from "../config.ts";
import type { Finding } from "./violation.ts";

/** A waiver that once held. */
export type Waived = Pick<Waiver, "reason" | "until">;

/** Takes the findings away that a waiver covers, and marks those whose waiver has ended. */
export function applyWaivers<F extends Finding>(
  policy: string,
  findings: readonly F[],
  waivers: readonly Waiver[],
  now: Date,
): (F & { readonly expiredWaiver?: Waived })[] {
  const own = waivers.filter((waiver) => waiver.policy === undefined || waiver.policy === policy);
  return findings.flatMap((finding) => {
    const matching = own.filter((waiver) => covers(waiver, finding));
    if (matching.some((waiver) => !hasEnded(waiver, now))) return [];
    const [expired] = matching;
    return [expired === undefined ? finding : { ...finding, expiredWaiver: expired }];
  });
}

/** What is wrong with waivers that their schema lets through. */
export function waiverProblems(waivers: readonly Waiver[]): string[] {
  return waivers.flatMap((waiver, index) => {
    const at = `waivers[${index}]`;
    const end = Date.parse(`${waiver.until}T00:00:00Z`);
    const isDay = !Number.isNaN(end) && new Date(end).toISOString().startsWith(waiver.until);
    return [
      ...(isDay
        ? []
        : [`${at}.until: ${JSON.stringify(waiver.until)} is no day. Write YYYY-MM-DD.`]),
      ...(waiver.reason.trim() === "" ? [`${at}.reason is empty. Say why it is waived.`] : []),
      ...(waiver.resource === undefined && waiver.cluster === undefined
        ? [`${at} names neither a resource nor a cluster. Name one; "*" stands for any text.`]
        : []),
    ];
  });
}

/** The last day still counts. */
function hasEnded({ until }: Waiver, now: Date): boolean {
  return now.getTime() >= Date.parse(`${until}T00:00:00Z`) + 86_400_000;
}

function covers({ resource, cluster }: Waiver, finding: Finding): boolean {
  if (resource === undefined && cluster === undefined) return false;
  const names = [finding.resource.urn, finding.resource.name, finding.subject];
  return (
    (resource === undefined || names.some((name) => matches(resource, name))) &&
    (cluster === undefined || matches(cluster, finding.clusterName ?? ""))
  );
}

/** `*` stands for any text; without a regular expression, which patterns could make explode. */
function matches(pattern: string, name: string): boolean {
  const [head = "", ...parts] = pattern.split("*");
  if (parts.length === 0) return pattern === name;
  if (!name.startsWith(head)) return false;
  const tail = parts.pop() ?? "";
  let at = head.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - tail.length >= at && name.endsWith(tail);
}
