/** All readers. Another one is added here, and no policy changes. */
import { describe, type Resource, type Stack } from "../stack/resource.ts";
import { readApprovers } from "./approvers.ts";
import { readConfigurations } from "./configurations.ts";
import type { Evidence, Findings, Gap, Reader } from "./evidence.ts";
import { readHostFiles } from "./host-files.ts";
import { readKubeadmConfigurations } from "./kubeadm.ts";
import { membershipOf } from "./kubernetes.ts";
import { readLifetimes } from "./lifetimes.ts";
import { readPrograms } from "./programs.ts";
import { readRbacObjects } from "./rbac.ts";

export type * from "./evidence.ts";

/** In this order: what an earlier one claims, later ones pass over. */
const readers: readonly Reader[] = [
  readHostFiles,
  readKubeadmConfigurations,
  readPrograms,
  readConfigurations,
  readApprovers,
  readRbacObjects,
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
    kubelets: findings.flatMap((found) => found.kubelets ?? []),
    configurations: findings.flatMap((found) => found.configurations ?? []),
    apiServers: findings.flatMap((found) => found.apiServers ?? []),
    signers: findings.flatMap((found) => found.signers ?? []),
    approvers: findings.flatMap((found) => found.approvers ?? []),
    rbac: findings.flatMap((found) => found.rbac ?? []),
    certificates: findings.flatMap((found) => found.certificates ?? []),
    gaps: findings.flatMap((found) => found.gaps ?? []),
  };
}

/** A reader that fails is asked about each resource by itself, so that the one it fails at becomes a gap. */
function readSafely(reader: Reader, stack: Stack, claimed: ReadonlySet<string>): Findings {
  try {
    return reader(stack, claimed);
  } catch {
    const found = stack.resources.map((resource): Findings => {
      try {
        return reader({ ...stack, resources: [resource] }, claimed);
      } catch (error) {
        return { gaps: [brokenGap(stack, resource, error)] };
      }
    });
    return merge(found);
  }
}

function brokenGap(stack: Stack, resource: Resource, error: unknown): Gap {
  const where = describe(resource);
  // The message may quote what was read, which may be secret: the kind of error is enough.
  const kind = error instanceof Error ? error.name : "error";
  return {
    resource,
    membership: membershipOf(stack, resource),
    source: { where },
    missing: `${where}: an error of this policy pack (${kind}) kept it from being read; please report it`,
  };
}
