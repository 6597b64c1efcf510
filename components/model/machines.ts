import { canonicalIp } from "../../trust/go/ip.ts";
import type { NodeAddress } from "../../trust/words/facts.ts";
import type { NodeAddressType } from "../../trust/words/vocabulary.ts";
import { isIpv6 } from "./addresses.ts";

/** A machine that runs a kubelet, as a user describes it. */
export type MachineArgs = {
  /**
   * Node name: at most 63 lower-case letters, digits, `-` and `.`; the kubelet gets it as
   * `--hostname-override`, so it is the node's `Hostname` address too.
   */
  name: string;
  /**
   * A plain text is an `InternalIP`; the type of any other is `InternalIP`, `ExternalIP`, `InternalDNS` or
   * `ExternalDNS`, and the `Hostname` is always the machine's name. kube-apiserver dials these, and certificates are issued for
   * all of them.
   */
  addresses?: readonly (string | NodeAddress)[];
  /**
   * PEM of the machine's own `/var/lib/kubelet/pki/kubelet.crt`, for mode `selfSigned` under stance
   * `trustSelfSigned`. Default: none.
   */
  selfSignedCertificate?: string;
};

/** A machine with its addresses in full. */
export type Machine = {
  readonly name: string;
  /** In the order given, the `Hostname` last. */
  readonly addresses: readonly NodeAddress[];
  readonly selfSignedCertificate?: string;
};

/** A control plane: the name of its machine and the address that its programs listen on. */
export type ControlPlaneHost = {
  name: string;
  /** IP address. */
  advertiseAddress: string;
};

/** What a user wrote, in full: short forms expanded, IP addresses in Kubernetes' spelling. */
export function machine(args: MachineArgs): Machine {
  const given = (args.addresses ?? []).map(
    (entry): NodeAddress =>
      typeof entry === "string" ? { type: "InternalIP", address: entry } : entry,
  );
  const addresses = given
    .filter(({ type }) => type !== "Hostname")
    .map(({ type, address }) => ({ type, address: canonicalIp(address) ?? address }));
  return {
    name: args.name,
    addresses: [...addresses, { type: "Hostname", address: args.name }],
    ...(args.selfSignedCertificate === undefined
      ? {}
      : { selfSignedCertificate: args.selfSignedCertificate }),
  };
}

/** The machine's IP addresses, for a certificate. */
export function ipAddresses(machine: Machine): string[] {
  return unique(machine.addresses.filter((a) => a.type.endsWith("IP")).map((a) => a.address));
}

/** The machine's DNS names, its own name first, for a certificate. */
export function dnsNames(machine: Machine): string[] {
  const names = machine.addresses.filter((a) => !a.type.endsWith("IP")).map((a) => a.address);
  return unique([machine.name, ...names]);
}

/** The addresses of one type. */
export function addressesOf(machine: Machine, type: NodeAddressType): string[] {
  return machine.addresses.filter((a) => a.type === type).map((a) => a.address);
}

/**
 * `--node-ip`: the first `InternalIP` and, on a dual-stack machine, the first one of the other family.
 * Source: kubernetes `cmd/kubelet/app/options/options.go` (`node-ip`).
 *
 * @returns `undefined` when the machine has no `InternalIP`.
 */
export function nodeIp(machine: Machine): string | undefined {
  const internal = addressesOf(machine, "InternalIP");
  const [first] = internal;
  if (first === undefined) return undefined;
  const other = internal.find((address) => isIpv6(address) !== isIpv6(first));
  return other === undefined ? first : `${first},${other}`;
}

function unique(values: string[]): string[] {
  return [...new Set(values)];
}
