/** All readers of resources. Another one is added here, and no policy changes. */
import type { Piece } from "../../trust/readers/piece.ts";
import { describe, type Resource, type Stack } from "../stack/resource.ts";
import type { Evidence, Findings, Reader } from "./evidence.ts";
import { readHostFiles } from "./host-files.ts";
import { originOf } from "./kubernetes.ts";
import { readLifetimes } from "./lifetimes.ts";
import { readOtherProviders } from "./other-provider.ts";
import { readRegisteredApprovers } from "./registered-approver.ts";
import { readRegisteredCertificates } from "./registered-certificates.ts";
import { readResources } from "./resources.ts";
import { readUnregistered } from "./unregistered.ts";

export type * from "./evidence.ts";

/** In this order: what an earlier one claims, later ones pass over. */
const readers: readonly Reader[] = [
  readUnregistered,
  readHostFiles,
  readRegisteredCertificates,
  readRegisteredApprovers,
  readOtherProviders,
  readResources,
  readLifetimes,
];

/** Everything that the readers find in a stack. */
export function readEvidence(stack: Stack): Evidence {
  const claimed = new Set<string>();
  const findings = readers.map((reader) => {
    const found = readSafely(reader, stack, claimed);
    for (const urn of found.claims ?? []) claimed.add(urn);
    return found;
  });
  return merge(findings);
}

function merge(findings: readonly Findings[]): Evidence {
  return {
    pieces: findings.flatMap((found) => found.pieces ?? []),
    certificates: findings.flatMap((found) => found.certificates ?? []),
  };
}

/** A reader that fails is asked about each resource by itself, so that the one it fails at is said. */
function readSafely(reader: Reader, stack: Stack, claimed: ReadonlySet<string>): Findings {
  try {
    return reader(stack, claimed);
  } catch {
    const found = stack.resources.map((resource): Findings => {
      try {
        return reader({ ...stack, resources: [resource] }, claimed);
      } catch (error) {
        return { pieces: [broken(stack, resource, error)] };
      }
    });
    return merge(found);
  }
}

function broken(stack: Stack, resource: Resource, error: unknown): Piece {
  // The message may quote what was read, which may be secret: the kind of error is enough.
  const kind = error instanceof Error ? error.name : "error";
  return {
    kind: "unread",
    origin: originOf(stack, resource),
    missing: `${describe(resource)}: an error of this policy pack (${kind}) kept it from being read; please report it`,
    deciding: true,
  };
}
