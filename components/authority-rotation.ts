import * as pulumi from "@pulumi/pulumi";
import { type AuthorityProfile, CertificateAuthority } from "./certificate-authority.ts";
import { joinPems } from "./pki/certificates.ts";
import type { Adoption, ExistingAuthority } from "./pki/existing-authority.ts";
import { type Issuance, type IssuingAuthority, trustOf } from "./pki/issuance.ts";
import type { CaRotation, FilesOfPhase } from "./plan/rotation.ts";

/** The CAs of one profile over a rotation: the one in use, and the next one while there is a rotation. */
export type Authorities = {
  readonly current: CertificateAuthority;
  readonly next: CertificateAuthority | undefined;
};

/** What {@link createAuthorities} makes CAs from. */
export type AuthoritiesArgs = Pick<
  ConstructorParameters<typeof CertificateAuthority>[1] & object,
  "keyAlgorithm" | "validityHours"
> & {
  profile: AuthorityProfile;
  /** Of the CA in use; the next one's is one higher. */
  generation: number;
  rotation: CaRotation | undefined;
  /** Default: made. */
  existing?: { current?: ExistingAuthority | undefined; next?: ExistingAuthority | undefined };
  /** What one that is handed in is adopted for; the field is that of the current one. Default: nothing that is known. */
  adoption?: Adoption;
};

/**
 * Makes the CA in use and, in a rotation, the next one beside it. Each generation has a name of its own, which it keeps
 * when the rotation ends, so that ending one makes no CA anew. In phase `retireOld` the old CA is kept in the state,
 * though no machine has it any more: without it there would be no way back.
 */
export function createAuthorities(
  name: string,
  { profile, generation, rotation, existing = {}, adoption, ...made }: AuthoritiesArgs,
  parent: pulumi.Resource,
): Authorities {
  const create = (of: number, handedIn: ExistingAuthority | undefined, field?: string) => {
    const how = adoption && { adoption: { ...adoption, field: field ?? adoption.field } };
    return new CertificateAuthority(
      of === 1 ? `${name}/${profile}` : `${name}/${profile}-${of}`,
      { profile, ...(handedIn === undefined ? made : { existing: handedIn, ...how }) },
      { parent },
    );
  };
  return {
    current: create(generation, existing.current),
    next: rotation && create(generation + 1, existing.next, "caRotation.next"),
  };
}

/** Who issues for the machines of a phase, and whom they trust. */
export function authorityFor(
  { current, next }: Authorities,
  files: FilesOfPhase | undefined = "none",
): IssuingAuthority {
  const [old, coming] = [current.issuing, next?.issuing];
  if (next === undefined || coming === undefined) return old;
  const byPhase: Record<FilesOfPhase, IssuingAuthority> = {
    none: { ...old, identities: [current.identity] },
    trustBoth: {
      ...old,
      trustPem: joined(old, coming),
      identities: [current.identity, next.identity],
    },
    issueNew: {
      ...coming,
      trustPem: joined(coming, old),
      identities: [next.identity, current.identity],
    },
    retireOld: { ...coming, identities: [next.identity] },
  };
  return byPhase[files];
}

/** The CA that issues for machines with a phase's files. */
export function issuingOf(
  { current, next }: Authorities,
  files: FilesOfPhase | undefined = "none",
): CertificateAuthority {
  return files === "issueNew" || files === "retireOld" ? (next ?? current) : current;
}

/** The same for the machines that have the files of another phase, by name. */
export function authoritiesBehind(
  authorities: Authorities,
  rotation: CaRotation | undefined,
): Issuance["behind"] {
  const behind = Object.entries(rotation?.behind ?? {});
  return behind.length === 0
    ? undefined
    : Object.fromEntries(
        behind.map(([machine, files]) => [machine, authorityFor(authorities, files)]),
      );
}

/** The CA that issues stands first in what is trusted. */
function joined(first: IssuingAuthority, second: IssuingAuthority): pulumi.Output<string> {
  return pulumi.all([trustOf(first), trustOf(second)]).apply(joinPems);
}
