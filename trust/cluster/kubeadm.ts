/**
 * The kubelets that kubeadm starts, and the KubeletConfiguration that it gives them. `kubeadm init` fills in the one
 * beside its documents; `kubeadm join` ignores one and takes the cluster's; without any, there is one all the same.
 * Source: kubernetes `cmd/kubeadm/app/cmd/init.go`, `join.go`, `cmd/kubeadm/app/phases/kubelet/config.go`.
 */
import { kubeadmKubeletConfiguration, kubeadmKubeletFlags } from "../kubeadm/defaults.ts";
import { kubeadmPkiDirectory } from "../kubeadm/pki.ts";
import { toWords } from "../readers/command-line.ts";
import type { KubeadmKubelet } from "../readers/kubeadm.ts";
import {
  type KubeletConfigurationDocument,
  kubeletConfigurationVersion,
} from "../readers/kubelet-configuration.ts";
import type { ConfigurationPiece, KubeadmPiece, Origin, ProgramPiece } from "../readers/piece.ts";
import { type Fact, known, type Source, unknown } from "../words/fact.ts";
import type { Configurations } from "./configurations.ts";

/** A kubelet, and what it is configured with where that is not for its `--config` to say. */
export type KubeletDraft = {
  readonly piece: ProgramPiece;
  readonly label: string;
  /** What its host name and addresses are those of, e.g. `that run X`. */
  readonly machines: string;
  readonly configuration?: Fact<KubeletConfigurationDocument>;
  /** Patches that kubeadm applies, in their order; unknown where it is not known whether it does. */
  readonly patches?: Fact<readonly KubeletConfigurationDocument[]>;
};

/** The kubelets of kubeadm's documents in one place. */
export function kubeadmKubelets(
  pieces: readonly KubeadmPiece[],
  hasOtherKubelets: boolean,
  configurations: Configurations,
): KubeletDraft[] {
  if (pieces.length === 0) return [];
  const written = kubeletConfig(configurations);
  const started = pieces.flatMap((piece) =>
    piece.configuration.kubelets.map((kubelet) =>
      startedBy(piece, kubelet, pieces, written, configurations),
    ),
  );
  const hasKubelets = started.length > 0 || hasOtherKubelets;
  const implied = pieces.filter((piece) => {
    const { apiServer, kubeletConfiguration, kubelets } = piece.configuration;
    if (apiServer === undefined) return false;
    if (kubeletConfiguration) return !kubelets.some(({ by }) => by === "init");
    return !hasKubelets && configurations.all.every(({ role }) => role !== "whole");
  });
  return [...started, ...implied.map((piece) => impliedBy(piece, configurations))];
}

/** What kubeadm has written into its ConfigMap, where somebody gives that. */
export function kubeletConfig({ all }: Configurations): ConfigurationPiece[] {
  return all.filter(
    ({ role, origin }) =>
      role === "whole" && origin.machine === undefined && origin.key === "kubelet",
  );
}

function startedBy(
  piece: KubeadmPiece,
  { commandLine, nodeName, by, patches }: KubeadmKubelet,
  pieces: readonly KubeadmPiece[],
  written: readonly ConfigurationPiece[],
  configurations: Configurations,
): KubeletDraft {
  const { origin, configuration } = piece;
  const { where } = origin.source;
  const version = configuration.kubernetesVersion;
  if (by === "join" && configuration.kubeletConfiguration && !isInit(piece)) {
    configurations.assumptions.add(
      `kubeadm join ignores the KubeletConfiguration beside it in ${where}; the node gets the cluster's.`,
    );
  }
  const own = by === "init" && isInit(piece) ? piece : undefined;
  return {
    piece: {
      kind: "program",
      origin,
      commandLine,
      ...(version !== undefined && { version }),
      hostName:
        nodeName === undefined
          ? unknown(`the host names of the machines that kubeadm ${by} of ${where} runs on`)
          : known(nodeName, origin.source),
    },
    label: nodeName ?? `${where} (kubeadm ${by})`,
    machines: `that kubeadm ${by} of ${where} runs on`,
    configuration: clusterConfiguration(own, pieces, written, configurations),
    patches: patchesOf(origin, patches, configurations),
  };
}

/** Its text is what `kubeadm init` is given: a KubeletConfiguration in it counts. */
function isInit({ configuration }: KubeadmPiece): boolean {
  return (
    configuration.apiServer !== undefined || configuration.kubelets.some(({ by }) => by === "init")
  );
}

/** The configuration of all nodes: what init was given, else its ConfigMap, else kubeadm's own. */
function clusterConfiguration(
  own: KubeadmPiece | undefined,
  pieces: readonly KubeadmPiece[],
  written: readonly ConfigurationPiece[],
  { taken }: Configurations,
): Fact<KubeletConfigurationDocument> {
  if (own?.configuration.kubeletConfiguration) return known(filledIn(own));
  const given = pieces.filter((one) => isInit(one) && one.configuration.kubeletConfiguration);
  const [first, ...others] = [
    ...given.map((one) => filledIn(one)),
    ...(given.length === 0 ? written.map((one) => filledInByJoin(one, pieces)) : []),
  ];
  if (others.length > 0 && first) {
    const names = [first, ...others].map(({ source }) => source.where).sort();
    return unknown(`which of ${names.join(" and ")} is the cluster's KubeletConfiguration`);
  }
  for (const one of given.length === 0 ? written : []) taken.add(one);
  if (first) return known(first);
  const cluster = own ?? pieces.find(isInit);
  return cluster
    ? known(filledIn(cluster))
    : unknown("the cluster's KubeletConfiguration (ConfigMap kube-system/kubelet-config)");
}

function filledIn({ origin, configuration }: KubeadmPiece): KubeletConfigurationDocument {
  return kubeadmKubeletConfiguration(
    configuration.kubeletConfiguration,
    configuration.certificatesDirectory,
    origin.source,
  );
}

/** A node that joins gets the ConfigMap's with kubeadm's defaults where it says nothing (SetInitDynamicDefaults). */
export function filledInByJoin(
  { document, origin }: ConfigurationPiece,
  pieces: readonly KubeadmPiece[],
): KubeletConfigurationDocument {
  const folder = pieces.find(isInit)?.configuration.certificatesDirectory ?? kubeadmPkiDirectory;
  return kubeadmKubeletConfiguration(document, folder, origin.source);
}

function patchesOf(
  origin: Origin,
  folder: string | undefined,
  { all, taken }: Configurations,
): Fact<readonly KubeletConfigurationDocument[]> {
  const patches = all.filter(({ role }) => role === "kubeadm-patch");
  const [some] = patches;
  if (some === undefined) {
    return folder === undefined
      ? known([])
      : unknown(`the patches in ${folder}, which ${origin.source.where} names`);
  }
  const inFolder = patches.filter(
    ({ origin: { path } }) => folder !== undefined && isIn(path, folder),
  );
  const placeless = patches.filter(({ origin: { path } }) => path === undefined);
  if (placeless.length > 0) {
    return unknown(
      `whether kubeadm applies the patch in ${placeless[0]?.origin.source.where} (patches.directory, --patches)`,
    );
  }
  for (const one of inFolder) taken.add(one);
  const names = ({ origin: { path = "" } }: ConfigurationPiece) => path;
  return known(
    [...inFolder]
      .sort((a, b) => (names(a) < names(b) ? -1 : 1))
      .map(({ document }) => ({
        ...document,
        value: {
          apiVersion: kubeletConfigurationVersion,
          kind: "KubeletConfiguration",
          ...document.value,
        },
      })),
  );
}

function isIn(path: string | undefined, folder: string): boolean {
  return path?.slice(0, path.lastIndexOf("/")) === folder.replace(/\/+$/, "");
}

/** The kubelet of a cluster of which its ClusterConfiguration alone is known. */
function impliedBy(piece: KubeadmPiece, configurations: Configurations): KubeletDraft {
  const { origin, configuration } = piece;
  const { where } = origin.source;
  if (configuration.kubeletConfiguration === undefined) {
    configurations.assumptions.add(
      `The kubelets of ${where} have the KubeletConfiguration that kubeadm makes without one being given.`,
    );
  }
  return {
    piece: {
      kind: "program",
      origin,
      commandLine: kubeadmCommandLine(origin.source),
      ...(configuration.kubernetesVersion !== undefined && {
        version: configuration.kubernetesVersion,
      }),
    },
    label: where,
    machines: `that kubeadm of ${where} runs on`,
    configuration: known(filledIn(piece)),
    patches: patchesOf(origin, undefined, configurations),
  };
}

/** What kubeadm starts a kubelet with. */
export function kubeadmCommandLine(source: Source) {
  return { program: "kubelet" as const, words: toWords(kubeadmKubeletFlags, source), source };
}
