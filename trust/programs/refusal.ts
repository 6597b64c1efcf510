/** Makers of refusals, shared by all programs. */
import { aggregateText, commandFailed, quote } from "../go/texts.ts";
import type { Flags } from "../kubernetes/flags.ts";
import type { GatesError } from "../kubernetes/gates.ts";
import { isKnownVersion } from "../kubernetes/tables.ts";
import type { Program } from "../readers/command-line.ts";
import { type Fact, known, type Source, unknown } from "../words/fact.ts";
import type { FileContent } from "../words/facts.ts";
import {
  type Refusal,
  type RefusalKind,
  type RefusalSubject,
  refusalKinds,
  type Start,
  type StopsStart,
} from "../words/refusal.ts";
import { startRemedies } from "./start-remedies.ts";

/** A refusal with its message as it is printed. */
export function refusal(
  message: string,
  kind: RefusalKind,
  subject?: RefusalSubject,
  source?: Source,
): Refusal {
  return { message, kind, ...(subject && { subject }), ...(source && { source }) };
}

/** A refusal that component-base's cli.Run logs. */
export function failed(
  error: string,
  kind: RefusalKind,
  subject?: RefusalSubject,
  source?: Source,
): Refusal {
  return refusal(commandFailed(error), kind, subject, source);
}

/** The refusal of a flag, blamed on where the flag was given. */
export function flagFailed(flags: Flags, flag: string, error: string, kind: RefusalKind): Refusal {
  return failed(error, kind, { flag }, flags.sourceOf(flag));
}

/** The refusal of feature gates, whose words stand in `message`. */
export function gateRefusal(message: string, error: GatesError, source?: Source): Refusal {
  return refusal(message, error.kind, { gate: error.gate }, source);
}

/** Source: k8s.io/cloud-provider `plugins.go` (ErrorForDisabledProvider). */
export function builtInProvider(name: string): string {
  return `cloud provider ${quote(name)} was specified, but built-in cloud providers are disabled. Please set --cloud-provider=external and migrate to an external cloud provider`;
}

const kindOfContent: Readonly<Record<FileContent["kind"], RefusalKind>> = {
  missing: "missing-file",
  unreadable: "unreadable-file",
  directory: "not-a-file",
  text: "malformed-file",
  certificates: "malformed-file",
  privateKey: "malformed-file",
};

/** What kind of refusal a file's content makes, where it cannot be used. */
export function fileRefusalKind(content: FileContent): RefusalKind {
  return content.kind === "text" && content.text === ""
    ? "empty-file"
    : kindOfContent[content.kind];
}

/**
 * Whether a program starts, from its refusals. What a version refuses whose tables are not at hand is unknown: the
 * tables of another do not tell.
 */
export function startOf(
  program: Program,
  version: Fact<string>,
  refusals: readonly Refusal[],
): Fact<Start> {
  const [first, ...others] = refusals.map(
    (one): StopsStart => ({ ...one, remedies: startRemedies(program, one) }),
  );
  if (first === undefined) {
    return known({ starts: true });
  }
  if (refusalKinds[first.kind] && version.known && !isKnownVersion(version.value)) {
    return unknown(
      `what ${program} ${version.value} accepts, which is in none of the tables (a later one says: ${first.message.split("\n")[0]})`,
      first.source,
    );
  }
  return known({ starts: false, ...first, others }, first.source);
}

/** One complaint about options, and the flag that is to blame. */
export type OptionComplaint = {
  readonly flag: string;
  readonly error: string;
  readonly kind: RefusalKind;
};

/** All options are validated at once: their complaints are told together. */
export function optionsFailed(
  flags: Flags,
  complaints: readonly OptionComplaint[],
): Refusal | undefined {
  const [first] = complaints;
  return (
    first &&
    flagFailed(flags, first.flag, aggregateText(complaints.map(({ error }) => error)), first.kind)
  );
}
