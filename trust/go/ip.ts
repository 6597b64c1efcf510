/** IP addresses as Go's net.IP prints and compares them. */
import { isIP } from "node:net";

/** Prints 4 or 16 bytes the way Go does: dotted, or the shortest form of RFC 5952. */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) {
    return [...bytes].join(".");
  }
  if (bytes.length !== 16) {
    throw new RangeError(`x509: cannot parse IP address of length ${bytes.length}`);
  }
  if (bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255) {
    return [...bytes.subarray(12)].join(".");
  }
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  return shortest(groups);
}

function shortest(groups: readonly string[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === "0") {
      length += 1;
    }
    if (length > best.length) {
      best = { start, length };
    }
  }
  if (best.start < 0) {
    return groups.join(":");
  }
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}

/** The bytes of an address, 4 or 16; undefined when the text is none. */
export function ipBytes(text: string): Uint8Array | undefined {
  switch (isIP(text)) {
    case 4:
      return Uint8Array.from(text.split(".").map(Number));
    case 6:
      return text.includes("%") ? undefined : sixteen(text);
    default:
      return undefined;
  }
}

function sixteen(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const plain = dotted
    ? `${dotted[1]}${Array.from(ipBytes(dotted[2] ?? "") ?? [])
        .map((byte) => byte.toString(16).padStart(2, "0"))
        .join("")
        .replace(/^(.{4})/, "$1:")}`
    : text;
  const [head = "", tail] = plain.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array(8 - left.length - right.length).fill("0"), ...right];
  return Uint8Array.from(
    groups.flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 255];
    }),
  );
}

/** Whether an address is one that only its own machine reaches (net.IP.IsLoopback). */
export function isLoopback(text: string): boolean {
  const canonical = sloppyIp(text);
  return canonical === "::1" || (canonical?.startsWith("127.") ?? false);
}

/** Whether an address stands for every address of a machine (net.IP.IsUnspecified). */
export function isUnspecified(text: string): boolean {
  const canonical = sloppyIp(text);
  return canonical === "0.0.0.0" || canonical === "::";
}

/**
 * The address that Kubernetes reads in a text, as Go prints it: like {@link canonicalIp}, but leading zeros in a dotted
 * address count for nothing. Source: k8s.io/utils `net/parse.go` (ParseIPSloppy).
 */
export function sloppyIp(text: string): string | undefined {
  return canonicalIp(
    text.replace(/\d+(\.\d+){3}$/, (dotted) => dotted.replace(/(^|\.)0+(?=\d)/g, "$1")),
  );
}

/** The way Go prints an address; undefined when the text is none. */
export function canonicalIp(text: string): string | undefined {
  const bytes = ipBytes(text);
  return bytes && ipText(bytes);
}
