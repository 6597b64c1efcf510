import { isIP } from "node:net";

/**
 * An IP address as Kubernetes writes it (IPv6 compressed and in lower case), or `undefined` when the text is
 * none. Zones (`fe80::1%eth0`) are refused: no certificate can carry one.
 */
export function canonicalIp(text: string): string | undefined {
  switch (isIP(text)) {
    case 4:
      return text;
    case 6:
      return text.includes("%") ? undefined : formatIp(6, parseIp(text));
    default:
      return undefined;
  }
}

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
  const family = isIP(base);
  const width = family === 4 ? 32 : 128;
  const length = Number(prefix);
  if (family === 0 || base.includes("%") || rest.length > 0) return undefined;
  if (!/^\d{1,3}$/.test(prefix) || length > width) return undefined;
  const hostBits = BigInt(width - length);
  if (BigInt(offset) >= 1n << hostBits) return undefined;
  return formatIp(family, ((parseIp(base) >> hostBits) << hostBits) + BigInt(offset));
}

function parseIp(address: string): bigint {
  const groups = isIP(address) === 4 ? address.split(".").map(Number) : ipv6Groups(address);
  const bits = isIP(address) === 4 ? 8n : 16n;
  return groups.reduce((sum, group) => (sum << bits) + BigInt(group), 0n);
}

/** The eight groups of an IPv6 address, by way of the URL parser, which also takes `::ffff:1.2.3.4`. */
function ipv6Groups(address: string): number[] {
  const compressed = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = compressed.split("::");
  const split = (part: string) => (part === "" ? [] : part.split(":").map((g) => parseInt(g, 16)));
  if (tail === undefined) return split(head);
  const left = split(head);
  const right = split(tail);
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function formatIp(family: number, value: bigint): string {
  if (family === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  }
  const groups = Array.from({ length: 8 }, (_, i) => (value >> BigInt(16 * (7 - i))) & 0xffffn);
  const text = groups.map((group) => group.toString(16)).join(":");
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
