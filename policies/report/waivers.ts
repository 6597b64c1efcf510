/**
 * Waivers: agreed exceptions with an end. One that has ended rejects again, and says that it has; one that holds is
 * told each time, so that nobody forgets it.
 */

import { noReason, reasonIn } from "../../trust/words/skip.ts";
import type { Waiver } from "../config.ts";
import { describe, type Resource } from "../stack/resource.ts";
import type { Finding } from "./finding.ts";

/** Longest time, in days, for which something may be waived from today. */
const longestWaiver = 180;

const day = 86_400_000;

/** What is left of findings, and what is told of the waivers themselves. */
export type Waived = {
  readonly findings: readonly Finding[];
  /** Advice, one for each waiver: what it leaves out, why, and until when. */
  readonly notes: readonly Finding[];
};

/**
 * Takes the findings away that a waiver covers, and marks those whose waiver has ended.
 *
 * @param waivers those in which {@link waiverProblems} finds nothing
 * @param root where a waiver is told that covers nothing
 */
export function applyWaivers(
  findings: readonly Finding[],
  waivers: readonly Waiver[],
  now: Date,
  root: Resource,
): Waived {
  const covered = new Map<Waiver, Finding[]>(waivers.map((waiver) => [waiver, []]));
  const left = findings.flatMap((finding) => {
    const matching = waivers.filter((waiver) => covers(waiver, finding));
    const inForce = matching.find((waiver) => !hasEnded(waiver, now));
    if (inForce) {
      covered.get(inForce)?.push(finding);
      return [];
    }
    const [expired] = matching;
    if (expired === undefined) return [finding];
    covered.get(expired)?.push(finding);
    return [{ ...finding, expiredWaiver: expired }];
  });
  return {
    findings: left,
    notes: [...covered].flatMap(([waiver, own]) => noteOf(waiver, own, now, root)),
  };
}

/** What a person must hear of a waiver; an ended one that covers something is told with the violation. */
function noteOf(
  waiver: Waiver,
  findings: readonly Finding[],
  now: Date,
  root: Resource,
): readonly Finding[] {
  const ended = hasEnded(waiver, now);
  const [first] = findings;
  if (ended && first) return [];
  const resource = first?.resource ?? root;
  return [
    {
      cause: JSON.stringify(waiver),
      subject: `waiver for ${[
        ...(waiver.resource === undefined ? [] : [`resource ${waiver.resource}`]),
        ...(waiver.cluster === undefined ? [] : [`cluster ${waiver.cluster}`]),
      ].join(" of ")}`,
      noun: "waiver",
      what: ended
        ? `ended on ${waiver.until}, and covers nothing.`
        : `until ${waiver.until} it leaves out ${listed(findings)}.`,
      resource,
      clusterName: first?.clusterName,
      sources: [{ where: first ? describe(resource) : "the policy's configuration" }],
      reason: waiver.reason,
      remedies: [first ? "Mend what it covers, and remove it before its last day." : "Remove it."],
      level: "advisory",
    },
  ];
}

function listed(findings: readonly Finding[]): string {
  const texts = [
    ...new Set(findings.map(({ subject, what }) => `${subject}: ${what.replace(/\.$/, "")}`)),
  ].sort();
  const [first = "nothing"] = texts;
  return texts.length > 1 ? `${texts.length} findings, e.g. ${first}` : first;
}

/**
 * What is wrong with a waiver that its schema lets through; nothing is waived by one that has a problem.
 *
 * @param urns the stack's, by which a pattern is known that stands for all of them
 */
export function waiverProblems(
  waiver: Waiver,
  at: string,
  now: Date,
  urns: readonly string[],
): string[] {
  const { until, reason, resource, cluster } = waiver;
  const end = Date.parse(`${until}T00:00:00Z`);
  const isDay = !Number.isNaN(end) && new Date(end).toISOString().startsWith(until);
  return [
    ...(isDay ? [] : [`${at}.until: ${JSON.stringify(until)} is no day. Write YYYY-MM-DD.`]),
    ...(isDay && end - now.getTime() > longestWaiver * day
      ? [
          `${at}.until: ${until} is more than ${longestWaiver} days away. Write an earlier day, and look again then.`,
        ]
      : []),
    ...(reasonIn(reason) === undefined
      ? [`${at}.reason says nothing: ${noReason(reason)}. Say in words why it is waived.`]
      : []),
    ...(resource === undefined && cluster === undefined
      ? [`${at} names neither a resource nor a cluster. Name one; "*" stands for any text.`]
      : []),
    ...(coversEverything(waiver, urns)
      ? [`${at} covers everything, or everything of one type. Name a resource or a cluster.`]
      : []),
  ];
}

/** A name that no resource and no cluster has. */
const nothing = "\0";

/** Whether a waiver fits whatever there is, or whatever there is of a type: then it names nothing. */
function coversEverything({ resource, cluster }: Waiver, urns: readonly string[]): boolean {
  if (resource === undefined && cluster === undefined) return false;
  const nameless = new Set(urns.map((urn) => urn.slice(0, urn.lastIndexOf("::") + 2) + nothing));
  return (
    (resource === undefined || [nothing, ...nameless].some((name) => matches(resource, name))) &&
    (cluster === undefined || matches(cluster, nothing))
  );
}

/** The last day still counts. */
function hasEnded({ until }: Waiver, now: Date): boolean {
  return now.getTime() >= Date.parse(`${until}T00:00:00Z`) + day;
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
