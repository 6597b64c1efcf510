/** `kubeadm init` and `kubeadm join`: their flags where they stand for a configuration, their `--config` where it is one. */
import type { Part } from "./format.ts";
import { kubeadmConfiguration } from "./kubeadm.ts";
import { unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { textOf, type Word } from "./word.ts";
import type { JsonObject, YamlDocument } from "./yaml.ts";

/** What kubeadm's commands add to the pieces that are there. */
export function kubeadmCommands(
  parts: readonly Part[],
  pieces: readonly Piece[],
): readonly Piece[] {
  const names = new Set(pieces.flatMap(namesOf));
  return parts.flatMap((part) => (part.kind === "kubeadm" ? readCommand(part, names) : []));
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

function readCommand(
  { words, origin }: Extract<Part, { kind: "kubeadm" }>,
  names: ReadonlySet<string>,
): readonly Piece[] {
  const verb = textOf(words[0]) === "init" ? "init" : "join";
  const flags = flagsOf(words.slice(1));
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
  const source = origin.source;
  const documents = (verb === "init" ? initDocuments(flags) : joinDocuments(flags)).map(
    (value): YamlDocument => ({ value, source, lineOf: () => source.line }),
  );
  return [{ kind: "kubeadm", origin, configuration: kubeadmConfiguration(documents, source) }];
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
  return {
    ...(name !== undefined && { nodeRegistration: { name } }),
    ...(directory !== undefined && { patches: { directory } }),
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
