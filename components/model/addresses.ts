import { isIP } from "node:net";
import { ipBytes, ipText } from "../../trust/go/ip.ts";

/** Whether an address is IPv6; the address is taken to be valid. */
export function isIpv6(address: string): boolean {
  return isIP(address) === 6;
}

/** `host:port`, with brackets around an IPv6 address. */
export function hostPort(host: string, port: number): string {
  return isIpv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The address at an offset of the first CIDR in a comma-separated list, as Kubernetes counts: offset 1 of the
 * service subnet is the API's own, offset 10 the cluster DNS.
 * Source: kubernetes `cmd/kubeadm/app/constants/constants.go` (GetAPIServerVirtualIP, GetDNSIP).
 *
 * @returns `undefined` when the CIDR is malformed or too small.
 */
export function subnetAddress(cidrs: string, offset: number): string | undefined {
  const [base = "", prefix = "", ...rest] = (cidrs.split(",")[0] ?? "").trim().split("/");
  const bytes = ipBytes(base);
  if (bytes === undefined || rest.length > 0 || !/^\d{1,3}$/.test(prefix)) return undefined;
  const width = bytes.length * 8;
  const length = Number(prefix);
  if (length > width) return undefined;
  const hostBits = BigInt(width - length);
  if (BigInt(offset) >= 1n << hostBits) return undefined;
  return ipText(
    toBytes(((toInteger(bytes) >> hostBits) << hostBits) + BigInt(offset), bytes.length),
  );
}

/** A subnet. */
export type Subnet = {
  readonly cidr: string;
  readonly family: 4 | 6;
  /** First and last address, as numbers. */
  readonly first: bigint;
  readonly last: bigint;
};

/** The well-formed subnets of a comma-separated list. */
export function subnetsOf(cidrs: string): Subnet[] {
  return cidrs.split(",").flatMap((part): Subnet[] => {
    const cidr = part.trim();
    const [base = "", prefix = ""] = cidr.split("/");
    const bytes = ipBytes(base);
    if (bytes === undefined || !/^\d{1,3}$/.test(prefix) || subnetAddress(cidr, 0) === undefined) {
      return [];
    }
    const hostBits = BigInt(bytes.length * 8 - Number(prefix));
    const first = (toInteger(bytes) >> hostBits) << hostBits;
    return [
      { cidr, family: bytes.length === 4 ? 4 : 6, first, last: first + (1n << hostBits) - 1n },
    ];
  });
}

/** Whether two subnets have an address in common. */
export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** Whether an address lies in a subnet. */
export function contains(subnet: Subnet, address: string): boolean {
  const bytes = ipBytes(address);
  if (bytes === undefined || familyOf(address) !== subnet.family) return false;
  const value = toInteger(bytes);
  return subnet.first <= value && value <= subnet.last;
}

/** The family of a valid address. */
export function familyOf(address: string): 4 | 6 {
  return isIpv6(address) ? 6 : 4;
}

function toInteger(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n);
}

function toBytes(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) =>
    Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn),
  );
}
