/**
 * Name constraints of CAs, as Go checks them for DNS names and IP addresses.
 * Source: Go crypto/x509/constraints.go (checkChainConstraints).
 */
import { ipBytes } from "../go/ip.ts";
import type { Certificate, IpRange, NameConstraints } from "./x509.ts";

/** The first name in the chain (leaf first) that a CA above it may not sign for; undefined when all may be. */
export function nameConstraintError(chain: readonly Certificate[]): string | undefined {
  for (const [index, certificate] of chain.entries()) {
    for (const { nameConstraints } of chain.slice(index + 1)) {
      const error = nameConstraints && check(certificate, nameConstraints);
      if (error) {
        return error;
      }
    }
  }
  return undefined;
}

function check(certificate: Certificate, constraints: NameConstraints): string | undefined {
  for (const address of certificate.ipAddresses) {
    const bytes = ipBytes(address);
    const inside = (range: IpRange) => bytes !== undefined && contains(range, bytes);
    if (constraints.permittedIp.length > 0 && !constraints.permittedIp.some(inside)) {
      return `IP address "${address}" is not permitted by any constraint`;
    }
    const excluded = constraints.excludedIp.find(inside);
    if (excluded) {
      return `IP address "${address}" is excluded by constraint "${rangeText(excluded)}"`;
    }
  }
  for (const name of certificate.dnsNames) {
    const under = (domain: string) => isUnder(name, domain);
    if (constraints.permittedDns.length > 0 && !constraints.permittedDns.some(under)) {
      return `DNS name "${name}" is not permitted by any constraint`;
    }
    const excluded = constraints.excludedDns.find(
      (domain) => isUnder(name, domain) || wildcardCovers(name, domain),
    );
    if (excluded !== undefined) {
      return `DNS name "${name}" is excluded by constraint "${excluded}"`;
    }
  }
  return undefined;
}

/** A leading period asks for at least one label more; an empty constraint covers every name. */
function isUnder(name: string, domain: string): boolean {
  const [one, other] = [name.toLowerCase(), domain.toLowerCase()];
  return other === "" || one === other || one.endsWith(other.startsWith(".") ? other : `.${other}`);
}

function wildcardCovers(name: string, domain: string): boolean {
  return (
    name.startsWith("*.") &&
    domain.toLowerCase().replace(/^[^.]*/, "") === name.slice(1).toLowerCase()
  );
}

function contains({ address, mask }: IpRange, bytes: Uint8Array): boolean {
  return (
    address.length === bytes.length &&
    bytes.every(
      (byte, index) => (byte & (mask[index] ?? 0)) === ((address[index] ?? 0) & (mask[index] ?? 0)),
    )
  );
}

function rangeText({ address, mask }: IpRange): string {
  const ones = [...mask].reduce(
    (sum, byte) => sum + byte.toString(2).replaceAll("0", "").length,
    0,
  );
  const text =
    address.length === 4
      ? address.join(".")
      : Array.from({ length: 8 }, (_, index) =>
          (((address[index * 2] ?? 0) << 8) | (address[index * 2 + 1] ?? 0)).toString(16),
        ).join(":");
  return `${text}/${ones}`;
}
