/** What the files of one side say, whatever kinds of file they are. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { CommandLine, Program } from "../trust/readers/command-line.ts";
import { readShell } from "../trust/readers/command-line.ts";
import { type KubeadmConfiguration, readKubeadm } from "../trust/readers/kubeadm.ts";
import {
  asKubeletConfiguration,
  type KubeletConfigurationDocument,
} from "../trust/readers/kubelet-configuration.ts";
import { readPod } from "../trust/readers/pod.ts";
import { readSystemdUnit } from "../trust/readers/systemd-unit.ts";
import { asObject, asText, readYaml, type YamlDocument } from "../trust/readers/yaml.ts";
import type { Fact } from "../trust/words/fact.ts";
import { known, unknown } from "../trust/words/fact.ts";
import type { FileContent, HostFiles } from "../trust/words/facts.ts";
import { type GivenFile, UsageError } from "./arguments.ts";

/** The files of one side, sorted by what they are. */
export type Side = {
  readonly commandLines: readonly CommandLine[];
  readonly configurations: readonly KubeletConfigurationDocument[];
  readonly dropIns: readonly KubeletConfigurationDocument[];
  readonly kubeadm: readonly KubeadmConfiguration[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly images: readonly string[];
  /** Contents of host paths that were given one by one. */
  readonly contents: ReadonlyMap<string, FileContent>;
  /** PEM files whose host path was not said: a flag of the same base name tells it. */
  readonly loose: ReadonlyMap<string, FileContent>;
  readonly root?: string;
};

type Collected = {
  commandLines: CommandLine[];
  configurations: KubeletConfigurationDocument[];
  dropIns: KubeletConfigurationDocument[];
  kubeadm: KubeadmConfiguration[];
  annotations: Record<string, string>;
  images: string[];
  contents: Map<string, FileContent>;
  loose: Map<string, FileContent>;
  units: { text: string; name: string }[];
};

/**
 * Reads all files of a side.
 *
 * @param program the program that this side is about: other programs of the same files are passed over
 * @throws UsageError when a file cannot be read, or when nobody can tell what it is
 */
export function readSide(
  option: string,
  files: readonly GivenFile[],
  program: Program,
  root: string | undefined,
): Side {
  const side: Collected = {
    commandLines: [],
    configurations: [],
    dropIns: [],
    kubeadm: [],
    annotations: {},
    images: [],
    contents: new Map(),
    loose: new Map(),
    units: [],
  };
  for (const given of files) {
    readGiven(option, given, side);
  }
  readUnits(side);
  return {
    ...side,
    commandLines: side.commandLines.filter((line) => line.program === program),
    ...(root !== undefined && { root: checkedFolder(`${option}-root`, root) }),
  };
}

function checkedFolder(option: string, folder: string): string {
  try {
    if (statSync(folder).isDirectory()) {
      return folder;
    }
  } catch {
    // The same complaint as for a file in its place.
  }
  throw new UsageError(`${option}: ${folder} is no folder`);
}

function readGiven(option: string, { file, hostPath }: GivenFile, side: Collected): void {
  const stat = statOf(option, file);
  if (stat.isDirectory()) {
    for (const name of readdirSync(file).sort()) {
      if (name.endsWith(".conf")) {
        readDropIn(option, join(file, name), side);
      }
    }
    return;
  }
  const text = textOf(option, file);
  if (hostPath !== undefined) {
    side.contents.set(hostPath, { kind: "text", text });
  }
  const isRecognised = readText(text, file, side);
  if (!isRecognised && hostPath === undefined) {
    throw new UsageError(
      `${option}: ${file} is no KubeletConfiguration, unit, command line, pod, kubeadm configuration or PEM; if it is a file of the host, write PATH=${file}`,
    );
  }
}

function statOf(option: string, file: string) {
  try {
    return statSync(file);
  } catch {
    throw new UsageError(`${option}: ${file} does not exist`);
  }
}

function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new UsageError(`${option}: ${file} cannot be read`);
  }
}

/** A `.conf` of a folder: a kubelet's drop-in, or a systemd unit's. */
function readDropIn(option: string, file: string, side: Collected): void {
  const text = textOf(option, file);
  if (isUnit(text)) {
    side.units.push({ text, name: file });
    return;
  }
  const { documents, problems } = readYaml(text, { where: file });
  const [problem] = problems;
  if (problem) {
    throw new UsageError(`${option}: ${file}: ${problem.message}`);
  }
  for (const document of documents) {
    side.dropIns.push({
      value: asObject(document.value) ?? {},
      source: document.source,
      lineOf: document.lineOf,
    });
  }
}

function isUnit(text: string): boolean {
  return /^\s*\[Service\]\s*$/m.test(text);
}

/** Sorts a text by what it is; false when nobody can tell. */
function readText(text: string, file: string, side: Collected): boolean {
  if (text.includes("-----BEGIN ")) {
    side.loose.set(basename(file), { kind: "text", text });
    return true;
  }
  if (isUnit(text)) {
    side.units.push({ text, name: file });
    return true;
  }
  return readDocuments(text, file, side) || readCommands(text, file, side);
}

function readCommands(text: string, file: string, side: Collected): boolean {
  const { commandLines } = readShell(text, { where: file });
  side.commandLines.push(...commandLines);
  return commandLines.length > 0;
}

function readDocuments(text: string, file: string, side: Collected): boolean {
  const { documents } = readYaml(text, { where: file });
  const found = documents.map((document) => readDocument(document, text, file, side));
  return found.includes(true);
}

function readDocument(
  document: YamlDocument,
  text: string,
  file: string,
  side: Collected,
): boolean {
  const object = asObject(document.value);
  const kind = asText(object?.kind) ?? "";
  if (kind === "KubeletConfiguration") {
    side.configurations.push(...asKubeletConfiguration(document));
    return true;
  }
  if (asText(object?.apiVersion)?.startsWith("kubeadm.k8s.io/")) {
    if (!side.kubeadm.some((one) => one.source.where === file)) {
      side.kubeadm.push(readKubeadm(text, { where: file }));
    }
    return true;
  }
  if (kind === "ConfigMap" || kind === "Secret") {
    return readData(document, file, side);
  }
  const { programs } = readPod(document.value, document.source, document.lineOf);
  for (const { commandLine, annotations, image } of programs) {
    side.commandLines.push(commandLine);
    Object.assign(side.annotations, annotations);
    side.images.push(...(image === undefined ? [] : [image]));
  }
  return programs.length > 0;
}

/** Texts inside a ConfigMap, such as kubeadm's own two. */
function readData(document: YamlDocument, file: string, side: Collected): boolean {
  const object = asObject(document.value);
  const annotations = asObject(asObject(object?.metadata)?.annotations) ?? {};
  for (const [name, value] of Object.entries(annotations)) {
    if (typeof value === "string") {
      side.annotations[name] = value;
    }
  }
  const entries = Object.entries(asObject(object?.data) ?? {});
  const found = entries.map(
    ([key, value]) => typeof value === "string" && readText(value, `${file} (${key})`, side),
  );
  return found.includes(true);
}

/** Units first, drop-ins after them: those without `[Unit]` or `[Install]` change the one before. */
function readUnits(side: Collected): void {
  const [main, ...others] = side.units;
  if (!main) {
    return;
  }
  const environmentFiles = Object.fromEntries(
    [...side.contents].flatMap(([path, content]) =>
      content.kind === "text" ? [[path, content.text]] : [],
    ),
  );
  const { commandLines } = readSystemdUnit(
    main.text,
    { where: main.name },
    {
      dropIns: others.map(({ text, name }) => ({ text, source: { where: name } })),
      environmentFiles,
    },
  );
  side.commandLines.push(...commandLines);
}

/** The files of a side's host: those given, those under the root, else `otherwise`. */
export function hostFiles({ contents, loose, root }: Side, otherwise: HostFiles): HostFiles {
  return (path): Fact<FileContent> => {
    const given = contents.get(path) ?? loose.get(basename(path));
    if (given) {
      return known(given, { where: path });
    }
    return root === undefined ? otherwise(path) : underRoot(root, path);
  };
}

function underRoot(root: string, path: string): Fact<FileContent> {
  const source = { where: path };
  const file = join(root, path);
  try {
    if (statSync(file).isDirectory()) {
      return known({ kind: "directory" }, source);
    }
    return known({ kind: "text", text: readFileSync(file, "utf8") }, source);
  } catch (error) {
    // Sockets and the like are made at run time: their absence from a copy says nothing.
    if (!/^\/(etc|var\/lib\/kubelet)\//.test(path)) {
      return unknown(`the content of ${path}`);
    }
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return known({ kind: missing ? "missing" : "unreadable" }, source);
  }
}
