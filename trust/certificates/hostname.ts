/**
 * Does a certificate speak for a name or an address? Go's VerifyHostname with its complaints word for word.
 * Source: Go crypto/x509/verify.go (VerifyHostname, HostnameError).
 */
import { canonicalIp } from "../go/ip.ts";

/** The names of a certificate, as far as they matter here. */
export type CertificateNames = {
  readonly commonName: string;
  /** False only when the certificate has no SAN extension at all. */
  readonly hasSubjectAltName: boolean;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
};

const maxNames = 100;

/** The complaint about a host name or an IP address; undefined when it matches. */
export function hostnameError(names: CertificateNames, host: string): string | undefined {
  const bare =
    host.length >= 3 && host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  const ip = canonicalIp(bare);
  const matches = ip === undefined ? matchesName(names.dnsNames, host) : matchesIp(names, ip);
  return matches ? undefined : complaint(names, ip === undefined ? host : bare, ip !== undefined);
}

function matchesIp(names: CertificateNames, ip: string): boolean {
  return names.ipAddresses.some((address) => canonicalIp(address) === ip);
}

function matchesName(dnsNames: readonly string[], host: string): boolean {
  const candidate = lowerAscii(host);
  const validCandidate = validHostname(candidate, false);
  return dnsNames.some((pattern) =>
    validCandidate && validHostname(pattern, true)
      ? matchesPattern(pattern, candidate)
      : matchesExactly(pattern, candidate),
  );
}

function complaint(names: CertificateNames, host: string, isIp: boolean): string {
  if (!names.hasSubjectAltName && matchesPattern(names.commonName, host)) {
    return "x509: certificate relies on legacy Common Name field, use SANs instead";
  }
  const valid = isIp ? names.ipAddresses : names.dnsNames;
  if (isIp && valid.length === 0) {
    return `x509: cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
  }
  if (valid.length >= maxNames) {
    return isIp
      ? `x509: certificate is valid for ${valid.length} IP SANs, but none matched ${host}`
      : `x509: certificate is valid for ${valid.length} names, but none matched ${host}`;
  }
  const joined = valid.join(", ");
  return joined === ""
    ? `x509: certificate is not valid for any names, but wanted to match ${host}`
    : `x509: certificate is valid for ${joined}, not ${host}`;
}

function matchesPattern(pattern: string, host: string): boolean {
  const patternParts = lowerAscii(pattern).split(".");
  const hostParts = lowerAscii(host.replace(/\.$/, "")).split(".");
  return (
    pattern !== "" &&
    patternParts.length === hostParts.length &&
    patternParts.every((part, index) => (index === 0 && part === "*") || part === hostParts[index])
  );
}

function matchesExactly(a: string, b: string): boolean {
  return a !== "" && a !== "." && b !== "" && b !== "." && lowerAscii(a) === lowerAscii(b);
}

function validHostname(name: string, isPattern: boolean): boolean {
  const host = isPattern ? name : name.replace(/\.$/, "");
  if (host === "" || host === "*") {
    return false;
  }
  return host
    .split(".")
    .every(
      (part, index) =>
        (isPattern && index === 0 && part === "*") || /^[a-z0-9_A-Z][a-z0-9_A-Z-]*$/.test(part),
    );
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
