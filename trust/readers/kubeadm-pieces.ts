/** Pieces of kubeadm's documents: its configuration, and what in them is not followed. */
import type { Source } from "../words/fact.ts";
import { kubeadmConfiguration } from "./kubeadm.ts";
import { fieldName, unread } from "./origins.ts";
import type { Origin, Piece, UnreadPiece } from "./piece.ts";
import { asList, asObject, asText, type Json, valueAt, type YamlDocument } from "./yaml.ts";

/** Kinds that are known; the name of another one is not quoted, as the text may be secret. */
const named = /^((Cluster|Init|Join|Kubelet|Reset|Upgrade)Configuration|ClusterStatus)$/;

/** What documents that stand in one text say. */
export function kubeadmPieces(
  documents: readonly YamlDocument[],
  origin: Origin,
  source: Source,
): readonly Piece[] {
  const configuration = kubeadmConfiguration(documents, source);
  const left = [...saidTwice(documents), ...documents.flatMap(notFollowed)];
  return [
    { kind: "kubeadm", origin, configuration },
    ...left.map((missing): UnreadPiece => unread(origin, `${missing} (${source.where})`, true)),
  ];
}

/**
 * kubeadm refuses a text that has a kind twice, and which of them was meant is not known.
 * Source: kubernetes `cmd/kubeadm/app/util/marshal.go` (SplitConfigDocuments).
 */
function saidTwice(documents: readonly YamlDocument[]): string[] {
  const kinds = documents.map(({ value }) => asText(asObject(value)?.kind) ?? "");
  const twice = new Set(kinds.filter((kind, index) => kinds.indexOf(kind) !== index));
  return [...twice].map((kind) =>
    named.test(kind)
      ? `which of several ${kind} documents is meant`
      : "which of several documents of one kind is meant",
  );
}

const group = "kubeadm.k8s.io/";
/** v1beta1 and v1beta2 have the fields that are looked at as v1beta3 has them. */
const versions = /^kubeadm\.k8s\.io\/(v1beta[1-4])?$/;
/** Where a document names a folder of patches that are applied at an upgrade. */
const upgradePatches = ["apply", "node"].map((part) => [part, "patches"] as const);

function notFollowed({ value }: YamlDocument): string[] {
  const { apiVersion, kind, skipPhases } = asObject(value) ?? {};
  const version = asText(apiVersion) ?? "";
  if (!version.startsWith(group)) return [];
  return [
    ...(versions.test(version) && named.test(asText(kind) ?? "")
      ? []
      : ["what kubeadm makes of a document of another kind or apiVersion"]),
    ...skipped(skipPhases),
    ...(kind === "UpgradeConfiguration"
      ? upgradePatches
          .filter((path) => valueAt(value, path) !== undefined)
          .map((path) => `the patches in ${fieldName(path)} of kubeadm's UpgradeConfiguration`)
      : []),
  ];
}

function skipped(phases: Json | undefined): string[] {
  if (phases === undefined || phases === null) return [];
  const names = asList(phases);
  return !Array.isArray(phases) || names.some((name) => isOwnPhase(asText(name) ?? ""))
    ? ["what others make in place of the skipPhases of kubeadm"]
    : [];
}

/**
 * Whether a phase of `kubeadm init` or `join` writes what decides: certificates, static pods, the kubelet's
 * configuration. One whose name is not known could.
 * Source: kubernetes `cmd/kubeadm/app/cmd/phases/init`, `.../join`.
 */
export function isOwnPhase(name: string): boolean {
  return !/^(preflight|show-join-command|mark-control-plane|bootstrap-token|upload-certs|wait-control-plane|kubelet-finalize|addon|etcd|control-plane-join|kubelet-wait-bootstrap|kubeconfig|control-plane\/scheduler|upload-config\/kubeadm)(\/|$)/.test(
    name,
  );
}
