/**
 * Every resource of the stack, as the readers of objects see it. What a pod mounts from other objects of the stack is
 * known here alone.
 */

import { withLines } from "../../trust/readers/lines.ts";
import { unread } from "../../trust/readers/origins.ts";
import type { Origin, Piece } from "../../trust/readers/piece.ts";
import { readTogether } from "../../trust/readers/recognise.ts";
import { describe, type Resource, type Stack } from "../stack/resource.ts";
import { withApproverRules } from "./approver-rules.ts";
import type { Reader } from "./evidence.ts";
import { entriesOf, everything, kindOf, objectOf, originOf } from "./kubernetes.ts";
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
        .map((piece) => withReason(withLinesOf(piece, resource), resource))
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

/** Lines of single flags, where the text right under a key of the object is known. */
function withLinesOf(piece: Piece, resource: Resource): Piece {
  if (piece.kind !== "program" || piece.origin.key === undefined) return piece;
  const entry = entriesOf(resource).find(({ key }) => key === piece.origin.key);
  return entry?.text.known
    ? { ...piece, commandLine: withLines(piece.commandLine, entry.text.value) }
    : piece;
}

/** Why a text is not known is for the stack to say. */
function withReason(piece: Piece, resource: Resource): Piece {
  if (piece.kind !== "unread") return piece;
  const unknownEntry = entriesOf(resource).find(
    ({ key, text }) =>
      !text.known && (key === piece.origin.key || (key === everything && !piece.origin.key)),
  );
  return unknownEntry?.text.known === false
    ? { ...piece, missing: unknownEntry.text.missing }
    : piece;
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
