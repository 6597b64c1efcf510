import * as pulumi from "@pulumi/pulumi";
import { canonicalIp } from "../../trust/go/ip.ts";
import type { NodeAddressType } from "../../trust/words/vocabulary.ts";
import { isIpv6 } from "./addresses.ts";
import { derive, isLater } from "./inputs.ts";

/** An address of a machine with its type. */
export type NodeAddressArgs = {
  /** `InternalIP`, `ExternalIP`, `InternalDNS` or `ExternalDNS`. */
  readonly type: NodeAddressType;
  /** An IP address, or a DNS name; an Output where a cloud gives it. */
  readonly address: pulumi.Input<string>;
};

/** An address as a user describes it. */
export type AddressArgs = pulumi.Input<string> | NodeAddressArgs;

/** A machine that runs a kubelet, as a user describes it. */
export type MachineArgs = {
  /**
   * Node name: at most 63 lower-case letters, digits, `-` and `.`; the kubelet gets it as
   * `--hostname-override`, so it is the node's `Hostname` address too. Plain: resources and files are named by it, and
   * the name of a resource is nothing that another one could give.
   */
  name: string;
  /**
   * A plain text is an `InternalIP`. kube-apiserver dials these, and certificates are issued for all of them; the
   * `Hostname` is always the machine's name. Each may be an Output, as a cloud gives it. So may the whole list; then a
   * preview does not know of which types they are.
   */
  addresses?: pulumi.Input<readonly (pulumi.Input<string> | NodeAddressArgs)[]>;
  /**
   * PEM of the machine's own `/var/lib/kubelet/pki/kubelet.crt`, for mode `selfSigned` under stance
   * `trustSelfSigned`. Default: none.
   */
  selfSignedCertificate?: pulumi.Input<string>;
};

/** An address of a known type, in Kubernetes' spelling. */
export type MachineAddress = {
  readonly type: NodeAddressType;
  readonly address: string | pulumi.Output<string>;
};

/** A machine with its addresses in full. */
export type Machine = {
  readonly name: string;
  /** In the order given, the `Hostname` last. */
  readonly addresses: readonly MachineAddress[] | pulumi.Output<readonly MachineAddress[]>;
  readonly selfSignedCertificate?: pulumi.Input<string>;
};

/** A control plane: the name of its machine and the address that its programs listen on. */
export type ControlPlaneHost = {
  name: string;
  /** IP address. */
  advertiseAddress: pulumi.Input<string>;
};

/** What a user wrote, in full: short forms expanded, IP addresses in Kubernetes' spelling. */
export function machine({ name, addresses = [], selfSignedCertificate }: MachineArgs): Machine {
  return {
    name,
    addresses: isLater(addresses)
      ? pulumi.output(addresses).apply((given) => inFull(name, given as readonly AddressArgs[]))
      : inFull(name, addresses),
    ...(selfSignedCertificate === undefined ? {} : { selfSignedCertificate }),
  };
}

function inFull(name: string, given: readonly AddressArgs[]): readonly MachineAddress[] {
  const addresses = given
    .map(typed)
    .filter(({ type }) => type !== "Hostname")
    .map(({ type, address }) => ({ type, address: derive(address, inKubernetesSpelling) }));
  return [...addresses, { type: "Hostname", address: name }];
}

/** An address with its type. */
export function typed(entry: AddressArgs): NodeAddressArgs {
  return typeof entry === "object" && entry !== null && !isLater(entry)
    ? entry
    : { type: "InternalIP", address: entry };
}

function inKubernetesSpelling(address: string): string {
  if (typeof address !== "string") {
    throw new pulumi.RunError(
      "addresses: an Output in the list has to be the text of an InternalIP. Give any other as {type: ..., address: ...}, with the Output as its address.",
    );
  }
  return canonicalIp(address) ?? address;
}

/** The machine's IP addresses, for a certificate. */
export function ipAddresses(machine: Machine): string[] | pulumi.Output<string[]> {
  return ofTypes(machine, isIpType, unique);
}

/** The machine's DNS names, its own name first, for a certificate. */
export function dnsNames(machine: Machine): string[] | pulumi.Output<string[]> {
  return ofTypes(
    machine,
    (type) => !isIpType(type),
    (names) => unique([machine.name, ...names]),
  );
}

/** What follows from the addresses of some types: at once where these are plain. */
export function ofTypes<R>(
  { addresses }: Machine,
  wanted: (type: NodeAddressType) => boolean,
  follow: (addresses: string[]) => R,
): R | pulumi.Output<R> {
  const chosen = (list: readonly MachineAddress[]) =>
    list.filter(({ type }) => wanted(type)).map(({ address }) => address);
  return pulumi.Output.isInstance(addresses)
    ? addresses.apply((list) => follow(chosen(list as readonly MachineAddress[]) as string[]))
    : derive(chosen(addresses), (known) => follow([...known]));
}

/** The first `InternalIP`; an empty text where there is none. */
export function firstInternalIp(machine: Machine): string | pulumi.Output<string> {
  return ofTypes(machine, isInternalIp, ([first = ""]) => first);
}

/**
 * `--node-ip`: the first `InternalIP` and, on a dual-stack machine, the first one of the other family.
 * Source: kubernetes `cmd/kubelet/app/options/options.go` (`node-ip`).
 *
 * @returns `undefined` when the machine has no `InternalIP`; an empty text when that is known only later, which is the
 *   flag's default.
 */
export function nodeIp(machine: Machine): string | pulumi.Output<string> | undefined {
  if (knownAddresses(machine, "InternalIP")?.length === 0) return undefined;
  return ofTypes(machine, isInternalIp, ([first = "", ...others]) => {
    const other = others.find((address) => isIpv6(address) !== isIpv6(first));
    return other === undefined ? first : `${first},${other}`;
  });
}

/**
 * The addresses of one type as far as they are plain, for checks: `undefined` in the place of one that is known later,
 * and in the place of the list.
 */
export function knownAddresses(
  { addresses }: Machine,
  type: NodeAddressType,
): readonly (string | undefined)[] | undefined {
  if (pulumi.Output.isInstance(addresses)) return undefined;
  return (addresses as readonly MachineAddress[])
    .filter((one) => one.type === type)
    .map(({ address }) => (typeof address === "string" ? address : undefined));
}

/** The names and IP addresses for a certificate, as far as they are plain. */
export function knownNames({ name, addresses }: Machine): {
  dnsNames: string[];
  ipAddresses: string[];
} {
  const plain = pulumi.Output.isInstance(addresses)
    ? []
    : (addresses as readonly MachineAddress[]).flatMap(({ type, address }) =>
        typeof address === "string" ? [{ type, address }] : [],
      );
  const of = (isIp: boolean) =>
    plain.filter(({ type }) => isIpType(type) === isIp).map(({ address }) => address);
  return { dnsNames: unique([name, ...of(false)]), ipAddresses: unique(of(true)) };
}

function isIpType(type: NodeAddressType): boolean {
  return type.endsWith("IP");
}

function isInternalIp(type: NodeAddressType): boolean {
  return type === "InternalIP";
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
