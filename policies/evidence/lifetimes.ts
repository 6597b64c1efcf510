/** The certificates that the stack makes, each with its issuer. */
import { describe } from "../stack/resource.ts";
import { certificatesOf } from "./certificates.ts";
import type { FoundCertificate, Reader } from "./evidence.ts";
import { originOf } from "./kubernetes.ts";

/** Reads certificates for their lifetimes. */
export const readLifetimes: Reader = (stack) => {
  const certificates = certificatesOf(stack);
  return {
    certificates: certificates.all.map(({ resource, certificate }): FoundCertificate => {
      const signer = certificate.signedBy.known ? certificate.signedBy.value : undefined;
      const issuer = (signer?.certificateIds ?? [])
        .filter((id) => !certificate.ids.includes(id))
        .map(certificates.byId)
        .find((found) => found !== undefined);
      return {
        resource,
        membership: originOf(stack, resource),
        source: { where: describe(resource) },
        certificate,
        issuer,
      };
    }),
  };
};
