/** The kubelets of one place: what each is started with, and the facts that follow. */
import { kubeadmKubeletConfigPath, kubeadmKubeletFlags } from "../kubeadm/defaults.ts";
import { type KubeletInputs, kubeletRefusals } from "../programs/kubelet/facts.ts";
import { toWords } from "../readers/command-line.ts";
import type { KubeletConfigurationDocument } from "../readers/kubelet-configuration.ts";
import type {
  ConfigurationPiece,
  KubeadmPiece,
  NodePiece,
  Origin,
  ProgramPiece,
} from "../readers/piece.ts";
import { asList } from "../readers/yaml.ts";
import { type Fact, known } from "../words/fact.ts";
import type { HostFiles, NodeFacts, ServingRequest } from "../words/facts.ts";
import type { AssembledKubelet, AssembleOptions } from "./assembly.ts";
import type { Assumptions } from "./assumptions.ts";
import {
  besideIt,
  type Configurations,
  dropInsOf,
  elsewhere,
  type ParseConfig,
  sayLeft,
  sayUnused,
  takeMounted,
} from "./configurations.ts";
import { type FilesOf, layered } from "./files.ts";
import { flagList, flagText } from "./flags.ts";
import { filledInByJoin, type KubeletDraft, kubeadmKubelets } from "./kubeadm.ts";
import { nodeOf } from "./nodes.ts";
import { runningKubelets } from "./running.ts";
import { labelsIn, type Machine, type Taint, taintIn, taintOf } from "./scheduling.ts";

/** What says which kubelets a place has. */
export type KubeletPieces = {
  readonly programs: readonly ProgramPiece[];
  readonly configurations: readonly ConfigurationPiece[];
  readonly kubeadm: readonly KubeadmPiece[];
  readonly nodes: readonly NodePiece[];
  /** Whether there may be kubelets that could not be read, or that belong here or elsewhere. */
  readonly hasOthers: boolean;
};

/** What kubelets of a place have in common. */
export type KubeletSurroundings = {
  readonly version: string;
  readonly filesOf: FilesOf;
  readonly parse: ParseConfig;
  readonly options: AssembleOptions;
  readonly assumptions: Assumptions;
};

/** A kubelet that has its configuration, and waits for what its cluster adds. */
export type ReadyKubelet = {
  readonly label: string;
  readonly piece: ProgramPiece;
  readonly version: string;
  readonly node: NodeFacts;
  readonly files: HostFiles | undefined;
  readonly configuration?: KubeletConfigurationDocument;
  readonly dropIns?: readonly KubeletConfigurationDocument[];
  readonly missing?: string;
};

/** The kubelets of a place, each with its configuration. */
export function kubeletsAmong(
  pieces: KubeletPieces,
  surroundings: KubeletSurroundings,
): readonly ReadyKubelet[] {
  const { assumptions } = surroundings;
  const configurations: Configurations = {
    all: pieces.configurations,
    taken: new Set(),
    assumptions,
  };
  const nodes = new Map(pieces.nodes.map((node) => [node.name, node]));
  const ready = (draft: KubeletDraft) => readyKubelet(draft, nodes, configurations, surroundings);
  const found = [
    ...pieces.programs.map(draftOf),
    ...(surroundings.options.running
      ? runningKubelets(pieces.nodes, pieces.kubeadm, configurations)
      : []),
  ].map(ready);
  const kubeadm = kubeadmKubelets(
    pieces.kubeadm,
    found.length > 0 || pieces.hasOthers,
    configurations,
  ).map(ready);
  const machines = new Set(pieces.programs.flatMap(({ origin }) => origin.machine ?? []));
  const alone = pieces.configurations.filter(
    (piece) =>
      piece.role === "whole" &&
      !configurations.taken.has(piece) &&
      !machines.has(piece.origin.machine ?? "") &&
      !isCopied(piece, [...found, ...kubeadm], configurations),
  );
  const standing = alone.map((piece) => ready(standingFor(piece, pieces.kubeadm, assumptions)));
  const used = new Set([...configurations.taken, ...alone]);
  sayLeft(
    pieces.configurations.filter((piece) => !used.has(piece)),
    configurations,
  );
  return [...found, ...kubeadm, ...standing];
}

/** Flags by which a kubelet is another than its configuration says. */
const overrides =
  /^--?(tls|rotate|anonymous|authentication|authorization|client-ca|cert-dir|config-dir|read|port|address|feature|cloud)/;

/**
 * Whether it is what machines have as their configuration: the text that their file was made from, and no kubelet more.
 */
function isCopied(
  copy: ConfigurationPiece,
  kubelets: readonly ReadyKubelet[],
  { taken, assumptions }: Configurations,
): boolean {
  const { document, origin } = copy;
  if (origin.machine !== undefined) return false;
  const text = JSON.stringify(document.value);
  const owner = kubelets.find(
    ({ configuration, dropIns = [], piece }) =>
      configuration !== undefined &&
      configuration !== document &&
      piece.origin.machine !== undefined &&
      dropIns.length === 0 &&
      !piece.commandLine.words.some((word) => word.kind !== "text" || overrides.test(word.text)) &&
      JSON.stringify(configuration.value) === text,
  );
  if (owner === undefined) return false;
  taken.add(copy);
  assumptions.add(
    `${origin.source.where} is what ${owner.label} has as its configuration, and is judged with it.`,
  );
  return true;
}

/** What a person calls the machine; one that is known by what holds its files has no name of its own. */
export function machineName({ machine, holder }: Origin): string | undefined {
  return machine === undefined || holder.startsWith(machine) ? undefined : machine;
}

function draftOf(piece: ProgramPiece): KubeletDraft {
  const label = piece.label ?? machineName(piece.origin) ?? piece.origin.source.where;
  return { piece, label, machines: `that run ${label}` };
}

/** What every node gets that joins; its name had the minor version in it before 1.24. */
const kubeadmConfigMap = /^ConfigMap kube-system\/kubelet-config(?:-1\.\d+)? kubelet$/;

/** Kubelets that are started on a KubeletConfiguration as kubeadm does it, and on nothing else. */
function standingFor(
  piece: ConfigurationPiece,
  kubeadm: readonly KubeadmPiece[],
  assumptions: Assumptions,
): KubeletDraft {
  const { origin } = piece;
  const isKubeadms = kubeadm.length > 0 && kubeadmConfigMap.test(`${origin.object} ${origin.key}`);
  const document = isKubeadms ? filledInByJoin(piece, kubeadm) : piece.document;
  const { where } = origin.source;
  const path = origin.path ?? kubeadmKubeletConfigPath;
  const flags = kubeadmKubeletFlags.map((flag) =>
    flag.startsWith("--config=") ? `--config=${path}` : flag,
  );
  const fills = isKubeadms ? ", and with what kubeadm join fills in" : "";
  assumptions.add(
    `Kubelets are started on ${where} as kubeadm starts them, with no flag that decides${fills}.`,
  );
  const source = document.source;
  return {
    piece: {
      kind: "program",
      origin,
      commandLine: { program: "kubelet", words: toWords(flags, source), source },
    },
    label: where,
    machines: `that use ${where}`,
    configuration: known(document),
  };
}

function readyKubelet(
  draft: KubeletDraft,
  nodes: ReadonlyMap<string, NodePiece>,
  configurations: Configurations,
  { version: clusterVersion, filesOf, parse, options }: KubeletSurroundings,
): ReadyKubelet {
  const { piece, label, machines } = draft;
  const version = options.version ?? piece.version ?? clusterVersion;
  const files = piece.files ?? filesOf(piece.origin);
  const configuration =
    draft.configuration ?? configurationOf(piece, version, files, parse, configurations);
  const dropIns = dropInsOf(piece, version, configurations, files, options.folders);
  const patches = draft.patches ?? known([]);
  const missing = [configuration, dropIns, patches].find((fact) => !fact.known);
  const layers = [
    ...(patches.known ? patches.value : []),
    ...(dropIns.known ? (dropIns.value ?? []) : []),
  ];
  return {
    label,
    piece,
    version,
    files,
    node: nodeOf(piece, version, nodes, options, machines),
    ...(configuration.known && configuration.value && { configuration: configuration.value }),
    ...(layers.length > 0 && { dropIns: layers }),
    ...(missing && !missing.known && { missing: missing.missing }),
  };
}

/** What `--config` names: a text beside it, else in its own files, else among the texts that were found. */
function configurationOf(
  piece: ProgramPiece,
  version: string,
  files: HostFiles | undefined,
  parse: ParseConfig,
  configurations: Configurations,
): Fact<KubeletConfigurationDocument | undefined> {
  const flag = flagText(piece.commandLine, "config", version);
  if (!flag.known) return flag;
  const path = flag.value;
  if (path === undefined) {
    sayUnused(piece, configurations);
    return known(undefined);
  }
  const beside = besideIt(piece, path, configurations);
  if (beside) return beside;
  const file = files?.(path);
  if (file?.known) {
    takeMounted(file.source, configurations);
    return known(parse(path, files));
  }
  return elsewhere(piece, path, configurations);
}

/** The facts of a kubelet, as if it started, and what keeps it from starting. */
export function assembledKubelet(
  ready: ReadyKubelet,
  shared: HostFiles,
  request: (node: NodeFacts) => Fact<ServingRequest>,
  at: Date | undefined,
): AssembledKubelet {
  const { label, piece, version, node, files, configuration, dropIns, missing } = ready;
  const inputs: KubeletInputs = {
    label,
    version: known(version),
    commandLine: piece.commandLine,
    ...(configuration && { configuration }),
    ...(dropIns && { dropIns }),
    ...(missing !== undefined && { missingDropIns: missing }),
    node,
    request: request(node),
    files: layered(files, shared),
    source: piece.commandLine.source,
    ...(at && { at }),
  };
  const { asIfStarted, refusals } = kubeletRefusals(inputs);
  return { label, origin: piece.origin, facts: asIfStarted, refusals };
}

/** What a scheduler sees of a kubelet's node. */
export function schedulableOf(kubelet: ReadyKubelet, nodes: readonly NodePiece[]): Machine {
  const { name } = kubelet.node;
  const labels = nodes.find((node) => name.known && node.name === name.value)?.labels ?? {};
  const flags = flagList(kubelet.piece.commandLine, "node-labels", kubelet.version);
  return {
    name,
    taints: taintsOf(kubelet),
    labels: { ...labelsIn(flags.known ? flags.value : []), ...labels },
    // A Node that was exported has the labels that kubelets set, and all others.
    hasAllLabels: Object.hasOwn(labels, "kubernetes.io/hostname"),
  };
}

/** The taints that a kubelet registers its node with, as far as they are known. */
function taintsOf({ piece, version, configuration, dropIns }: ReadyKubelet): readonly Taint[] {
  const flags = flagList(piece.commandLine, "register-with-taints", version);
  if (flags.known && flags.value.length > 0) return flags.value.map(taintIn);
  const written = [configuration, ...(dropIns ?? [])]
    .map((document) => document?.value.registerWithTaints)
    .filter((taints) => taints !== undefined);
  return asList(written.at(-1)).map(taintOf);
}
