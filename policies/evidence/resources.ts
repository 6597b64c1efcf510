/**
 * Every resource of the stack, as the readers of objects see it. What a pod mounts from other objects of the stack is
 * known here alone.
 */

import { lineFinder } from "../../trust/readers/lines.ts";
import { unread } from "../../trust/readers/origins.ts";
import type { Origin, Piece } from "../../trust/readers/piece.ts";
import { readTogether } from "../../trust/readers/recognise.ts";
import { describe, type Resource, type Stack } from "../stack/resource.ts";
import { withApproverRules } from "./approver-rules.ts";
import type { Reader } from "./evidence.ts";
import { type Entry, entriesOf, everything, kindOf, objectOf, originOf } from "./kubernetes.ts";
import { mountedCertificates, mountedFiles } from "./mounts.ts";
import { toldByObject } from "./sources.ts";

/** Reads all resources that hold plain values. */
export const readResources: Reader = (stack, claimed) => {
  const pieces = new Map<string, readonly Piece[]>();
  const opaque = new Set<string>();
  for (const resource of stack.resources) {
    if (claimed.has(resource.urn) || isOfEngine(resource)) continue;
    const written = objectOf(resource);
    const object = withApproverRules(stack, resource, written);
    const origin = originOf(stack, resource);
    const read = [
      ...readTogether([{ object, origin }]),
      ...(object === written ? [] : [pendingRules(origin, resource)]),
    ];
    pieces.set(
      resource.urn,
      read
        .map((piece) => withMounts(piece, stack, resource, opaque))
        .map(asWritten(resource))
        .map((piece) => toldByObject(piece, resource)),
    );
  }
  return {
    // Certificates and keys that the stack makes and pods mount: what they hold is known, and is no configuration.
    pieces: [...pieces].flatMap(([urn, found]) =>
      opaque.has(urn) ? found.filter(({ kind }) => kind !== "unread") : found,
    ),
  };
};

/** Says that an approver is judged by what its component makes its rules of. */
function pendingRules(origin: Origin, resource: Resource): Piece {
  return { ...unread(origin, `the rules of ${describe(resource)}`, false), pending: true };
}

/** Providers, stacks and components hold no files, and keys and certificates are read elsewhere. */
function isOfEngine({ type, provider }: Resource): boolean {
  const isComponent = provider === "" && !type.startsWith("kubernetes:");
  return isComponent || type.startsWith("pulumi:") || type.startsWith("tls:");
}

/**
 * Says of programs the lines of single flags, where the text right under a key of the object is known, and of a text that
 * is not known why; that is for the stack to say.
 */
function asWritten(resource: Resource): (piece: Piece) => Piece {
  const entries = entriesOf(resource);
  const texts = byKey(entries);
  const unknowns = byKey(entries.filter(({ text }) => !text.known));
  const finders = new Map<string, ReturnType<typeof lineFinder>>();
  return (piece) => {
    const { key } = piece.origin;
    if (piece.kind === "unread") {
      const text = unknowns.get(key ?? everything)?.text;
      return text?.known === false ? { ...piece, missing: text.missing } : piece;
    }
    const text = key === undefined ? undefined : texts.get(key)?.text;
    if (piece.kind !== "program" || key === undefined || !text?.known) return piece;
    const finder = finders.get(key) ?? lineFinder(text.value);
    finders.set(key, finder);
    return { ...piece, commandLine: finder(piece.commandLine) };
  };
}

/** The first entry of each key. */
function byKey(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  return new Map(entries.map((entry) => [entry.key, entry] as const).reverse());
}

/** A pod of the stack sees objects of the stack; a static pod in a file sees its machine. */
function withMounts(piece: Piece, stack: Stack, resource: Resource, opaque: Set<string>): Piece {
  if (piece.kind !== "program" || piece.pod === undefined || !makesPods(resource)) return piece;
  for (const { urn } of mountedCertificates(stack, resource, piece.pod)) opaque.add(urn);
  return { ...piece, files: mountedFiles(stack, resource, piece.pod) };
}

function makesPods(resource: Resource): boolean {
  const kind = kindOf(resource);
  return kind !== undefined && kind !== "ConfigMap" && kind !== "Secret";
}
