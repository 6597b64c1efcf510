/** `kubeadm init`, `join` and `upgrade`: their flags where they stand for a configuration, their `--config` where it is one. */
import type { Part } from "./format.ts";
import { isOwnPhase, kubeadmPieces } from "./kubeadm-pieces.ts";
import { unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { textOf, type Word } from "./word.ts";
import type { JsonObject, YamlDocument } from "./yaml.ts";

type Command = Extract<Part, { kind: "kubeadm" }>;

/** What kubeadm's commands add to the pieces that are there. */
export function kubeadmCommands(
  parts: readonly Part[],
  pieces: readonly Piece[],
): readonly Piece[] {
  const names = new Set(pieces.flatMap(namesOf));
  return parts.flatMap((part) => {
    if (part.kind !== "kubeadm") return [];
    return textOf(part.words[0]) === "upgrade"
      ? readUpgrade(part, pieces)
      : readCommand(part, names);
  });
}

/** Patches that are in sight are said by themselves. */
function readUpgrade({ words, origin }: Command, pieces: readonly Piece[]): readonly Piece[] {
  const folder = flagsOf(words.slice(1)).get("patches")?.replace(/\/+$/, "");
  const isPatch = ({ kind, origin: { path } }: Piece) =>
    kind === "kubelet-configuration" && path?.startsWith(`${folder}/`);
  return folder === undefined || pieces.some(isPatch)
    ? []
    : [unread(origin, `the patches that ${origin.source.where} gives to kubeadm upgrade`, true)];
}

/** By what names a `--config` may call kubeadm's configurations that are there. */
function namesOf({ kind, origin }: Piece): string[] {
  const { path, key, machine } = origin;
  if (kind !== "kubeadm") return [];
  return [...(path === undefined ? [`any ${key}`] : [path, `${machine} ${lastPart(path)}`])];
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function readCommand({ words, origin }: Command, names: ReadonlySet<string>): readonly Piece[] {
  const verb = textOf(words[0]);
  const flags = flagsOf(words.slice(1));
  if (flags.get("dry-run") === "true") return [];
  const config = flags.get("config");
  if (config !== undefined) {
    return isHere(config, origin, names)
      ? []
      : [
          unread(
            origin,
            `kubeadm's configuration${origin.secret ? "" : ` ${config.slice(0, 200)}`}, which ${origin.source.where} gives to kubeadm ${verb}`,
            true,
          ),
        ];
  }
  const phase = phaseOf(words);
  if (phase !== undefined && !isOwnPhase(phase)) return [];
  if (phase !== undefined || hasUnknownFlags(words, verb)) {
    const what = phase === undefined ? "the flags of" : "what is made by";
    return [unread(origin, `${what} kubeadm ${verb} in ${origin.source.where}`, true)];
  }
  const source = origin.source;
  const documents = (verb === "init" ? initDocuments(flags) : joinDocuments(flags)).map(
    (value): YamlDocument => ({ value, source, lineOf: () => source.line }),
  );
  return kubeadmPieces(documents, origin, source);
}

/** `kubeadm init phase control-plane apiserver` does that alone. */
function phaseOf([, phase, ...names]: readonly Word[]): string | undefined {
  if (textOf(phase) !== "phase") return undefined;
  const end = names.findIndex((word) => textOf(word).startsWith("-"));
  return names
    .slice(0, end < 0 ? undefined : end)
    .map(textOf)
    .join("/");
}

/** Whether words that are not known could be flags: neither the value of one, nor where `join` goes. */
function hasUnknownFlags(words: readonly Word[], verb: string): boolean {
  const given = words.slice(1);
  const isJoining = verb === "join" && given.length > 1;
  return given.some((word, index) => {
    const isKnown = word.kind === "text" && (!word.placeholder || word.text.startsWith("-"));
    if (isKnown || (isJoining && index === 0)) return false;
    const [, name] = /^--?([\w-]+)$/.exec(textOf(given[index - 1])) ?? [];
    return name === undefined || switches.has(name);
  });
}

/** A file of the machine, or text from standard input, which is read by itself. */
function isHere(config: string, { machine }: Origin, names: ReadonlySet<string>): boolean {
  if (/^(-|\/dev\/(stdin|fd\/\d+))$/.test(config)) return true;
  const name = lastPart(config);
  return names.has(config) || names.has(`${machine} ${name}`) || names.has(`any ${name}`);
}

/** Flags of kubeadm that take no value. */
const switches = new Set([
  "upload-certs",
  "control-plane",
  "dry-run",
  "skip-token-print",
  "skip-certificate-key-print",
  "discovery-token-unsafe-skip-ca-verification",
]);

function flagsOf(words: readonly Word[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    const [, name, , value] = /^--([\w-]+)(=(.*))?$/s.exec(textOf(word)) ?? [];
    if (name === undefined) continue;
    flags.set(name, value ?? (switches.has(name) ? "true" : textOf(words[index + 1])));
  }
  return flags;
}

const apiVersion = "kubeadm.k8s.io/v1beta4";

function registration(flags: ReadonlyMap<string, string>): JsonObject {
  const name = flags.get("node-name");
  const directory = flags.get("patches");
  const skipPhases = flags.get("skip-phases");
  return {
    ...(name !== undefined && { nodeRegistration: { name } }),
    ...(directory !== undefined && { patches: { directory } }),
    ...(skipPhases !== undefined && { skipPhases: skipPhases.split(",") }),
  };
}

function initDocuments(flags: ReadonlyMap<string, string>): JsonObject[] {
  const cluster: Record<string, string> = {};
  for (const [flag, field] of [
    ["kubernetes-version", "kubernetesVersion"],
    ["cert-dir", "certificatesDir"],
    ["control-plane-endpoint", "controlPlaneEndpoint"],
  ] as const) {
    const value = flags.get(flag);
    if (value !== undefined) cluster[field] = value;
  }
  return [
    { apiVersion, kind: "ClusterConfiguration", ...cluster },
    { apiVersion, kind: "InitConfiguration", ...registration(flags) },
  ];
}

function joinDocuments(flags: ReadonlyMap<string, string>): JsonObject[] {
  return [{ apiVersion, kind: "JoinConfiguration", ...registration(flags) }];
}
