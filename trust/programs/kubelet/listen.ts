/**
 * What a kubelet's servers complain about as they begin to listen, last of all.
 * Source: kubernetes `pkg/kubelet/server/server.go` (ListenAndServeKubeletServer and ...ReadOnlyServer).
 */
import { canonicalIp, isLoopback, isUnspecified, sloppyIp } from "../../go/ip.ts";
import { quote } from "../../go/texts.ts";
import type { KubeletTable } from "../../kubernetes/tables.ts";
import type { Json } from "../../readers/yaml.ts";
import { type Unknown, unknown } from "../../words/fact.ts";
import type { HostFiles, KubeletServing, NodeFacts } from "../../words/facts.ts";
import type { Refusal, RefusalKind } from "../../words/refusal.ts";
import { refusal } from "../refusal.ts";
import { servedBy } from "./serving-certificate.ts";
import { knownValue, type Settings } from "./settings.ts";

export type ListenInputs = {
  readonly settings: Settings;
  readonly table: KubeletTable;
  readonly serving: KubeletServing;
  readonly node: NodeFacts;
  readonly files: HostFiles;
  readonly reloads: boolean;
  readonly at: Date;
};

/** A server of the kubelet, and the line of `server.go` that complains when it cannot listen. */
type Listener = { readonly port: Json | undefined; readonly line: number };

/** Lines of `server.go` that complain, of the server and of the read-only one, by minor version: its log names them. */
const lines: Readonly<Record<number, readonly [number, number]>> = {
  34: [199, 231],
  35: [201, 235],
  36: [209, 245],
  37: [212, 248],
};

/**
 * The servers that listen at `address`. The read-only one has a switch of its own: `enableServer: false` leaves it on.
 * Source: kubernetes `cmd/kubelet/app/server.go` (startKubelet).
 */
function listenersOf({ settings, table }: Pick<ListenInputs, "settings" | "table">): Listener[] {
  const [line, readOnlyLine] = lines[table.minor] ?? [0, 0];
  const readOnlyPort = knownValue(settings, "readOnlyPort");
  return [
    ...(knownValue(settings, "enableServer") === false
      ? []
      : [{ port: knownValue(settings, "port"), line }]),
    ...(typeof readOnlyPort === "number" && readOnlyPort > 0
      ? [{ port: readOnlyPort, line: readOnlyLine }]
      : []),
  ];
}

/** The first complaint; undefined when nothing that is known keeps a server from listening. */
export function listenRefusal(inputs: ListenInputs): Refusal | undefined {
  const { settings, node } = inputs;
  const address = knownValue(settings, "address");
  const [first, second] = listenersOf(inputs);
  if (first === undefined || typeof address !== "string") {
    return undefined;
  }
  const listen = (error: string, kind: RefusalKind, field: string): Refusal =>
    refusal(
      `server.go:${first.line}] "Failed to listen and serve" err=${quote(error)}`,
      kind,
      { field },
      settings.sourceOf(field),
    );
  const ip = sloppyIp(address);
  if (ip === undefined) {
    return listen("listen tcp: lookup <nil>: no such host", "invalid-value", "address");
  }
  const at = `${ip.includes(":") ? `[${ip}]` : ip}:${first.port}`;
  if (!isUnspecified(ip) && !isLoopback(ip) && lacks(node, ip)) {
    const error = `listen tcp ${at}: bind: cannot assign requested address`;
    return listen(error, "address-elsewhere", "address");
  }
  // Whichever of the two comes second complains; which one that is, is left to chance.
  if (second && second.port === first.port) {
    return listen(`listen tcp ${at}: bind: address already in use`, "port-in-use", "readOnlyPort");
  }
  return pairRefusal(inputs, listen);
}

/**
 * Before 1.36 the server itself read a pair that is not reloaded, also half of one, whose other path is empty.
 * Source: kubernetes v1.35 `pkg/kubelet/kubelet.go` (NewMainKubelet), Go `net/http` (ServeTLS).
 */
function pairRefusal(
  { settings, table, serving, node, files, reloads, at }: ListenInputs,
  listen: (error: string, kind: RefusalKind, field: string) => Refusal,
): Refusal | undefined {
  if (table.minor >= 36 || knownValue(settings, "enableServer") === false) return undefined;
  const served = servedBy({ serving, node, files, reloads, at });
  if (!served.known) return undefined;
  if (served.value.kind === "refuses" && served.value.loaded === "once") {
    return listen(served.value.pairError, served.value.fault, "tlsCertFile");
  }
  return served.value.kind === "none" && served.value.isHalfPair
    ? listen("open : no such file or directory", "half-pair", served.value.setting)
    : undefined;
}

/** What would have to be known to say that nothing stops it; undefined when nothing would. */
export function startDoubt(
  inputs: Pick<ListenInputs, "settings" | "table" | "node">,
): Unknown | undefined {
  const { settings, node } = inputs;
  const address = settings.get("address");
  return node.addresses.known ||
    listenersOf(inputs).length === 0 ||
    !address.known ||
    typeof address.value !== "string" ||
    isUnspecified(address.value) ||
    isLoopback(address.value)
    ? undefined
    : unknown(
        `the node's addresses: the kubelet listens at ${address.value} alone, and does not start where that is another machine's`,
        address.source,
      );
}

/** Whether a machine surely lacks an address: all that it reports are known, and this one is not among them. */
function lacks({ addresses }: NodeFacts, address: string): boolean {
  return addresses.known && !addresses.value.some((one) => canonicalIp(one.address) === address);
}
