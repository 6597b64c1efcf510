/** A host-files Secret: the exact files of one machine, which are read as those of any host. */
import {
  addressesAnnotation,
  certificateOf,
  fileKey,
  fileListKey,
  kubernetesVersionAnnotation,
  machineLabel,
  paths,
  tokens,
} from "../../trust/contract.ts";
import { readArguments } from "../../trust/readers/command-line.ts";
import type { Given } from "../../trust/readers/format.ts";
import { addressesIn, listedFiles } from "../../trust/readers/host-files.ts";
import { ofFile, unread } from "../../trust/readers/origins.ts";
import type { Origin, Piece, ProgramPiece, UnreadPiece } from "../../trust/readers/piece.ts";
import { readingOf } from "../../trust/readers/program-pieces.ts";
import { readTogether } from "../../trust/readers/recognise.ts";
import { soundsDeciding } from "../../trust/readers/speaks.ts";
import { type Fact, isThere, known, unknown } from "../../trust/words/fact.ts";
import type { FileContent, HostFiles } from "../../trust/words/facts.ts";
import { describe, type Resource, type Stack, text } from "../stack/resource.ts";
import { certificatesOf, contentOf, isNotKnown, unseenIp } from "./certificates.ts";
import { componentFiles } from "./component-files.ts";
import { type Entry, entriesOf, everything, originOf } from "./kubernetes.ts";
import { isMadeOfAddresses } from "./made-by.ts";
import { programOf, registeredCommand } from "./registered-command.ts";

/** What is on a machine, as far as its Secret tells. */
export type MachineSecret = {
  readonly secret: Resource;
  readonly machine: string;
  /** The `HostFiles` that made it; none where nobody of ours did. */
  readonly owner: Resource | undefined;
  readonly programs: readonly ProgramPiece[];
  /** Everything but programs. */
  readonly others: readonly Piece[];
  readonly files: HostFiles;
  /** The texts in it as they are, by path; the list of them by its own key. */
  readonly texts: ReadonlyMap<string, Fact<string>>;
};

/** The machine that a Secret is for. */
export function machineOf(secret: Resource): string {
  return text(secret, "metadata", "labels", machineLabel) ?? secret.name;
}

/** Reads a Secret of type `kubelet-trust/host-files`; what is missing where not even the files are named. */
export function readMachineSecret(stack: Stack, secret: Resource): MachineSecret | UnreadPiece {
  const where = describe(secret);
  const origin: Origin = { ...originOf(stack, secret), machine: secret.urn, secret: true };
  const entries = new Map(entriesOf(secret).map((entry) => [entry.key, entry]));
  const list = (entries.get(fileListKey) ?? entries.get(everything))?.text;
  if (list?.known === false) {
    return unread(origin, `the files of ${where}, which are not known yet`, true);
  }
  const listed = listedFiles(list?.value, (key) => entries.get(key), origin);
  if ("kind" in listed) return listed;
  const machine = machineOf(secret);
  const [above] = stack.ancestorsOf(secret);
  const owner = above?.type === tokens.hostFiles ? above : undefined;
  const made = (path: string) => owner && componentFiles(stack, secret, owner, machine).get(path);
  const files: HostFiles = (path) => fileOf(stack, path, listed.files, made, where);
  const command = (path: string) => owner && registeredCommand(stack, secret, owner, machine, path);
  const isOverwritten =
    entries.has(everything) && !(owner && isMadeOfAddresses(stack, secret, "stringData", owner));
  const pieces = [
    ...(entries.has(everything) ? [] : listed.lost),
    ...(isOverwritten
      ? [unread(origin, `all files of ${where}, of which a part is not known yet`, true)]
      : []),
    ...piecesOf(listed.files, command, origin),
  ];
  const version = text(secret, "metadata", "annotations", kubernetesVersionAnnotation);
  return {
    secret,
    machine,
    owner,
    files,
    texts: new Map(
      [...listed.files, [fileListKey, entries.get(fileListKey)] as const].flatMap(
        ([path, entry]) => (entry === undefined ? [] : [[path, entry.text]]),
      ),
    ),
    programs: pieces.filter(isProgram).map((piece) => ({
      ...piece,
      ...around(piece, machine, secret),
      ...(version !== undefined && { version }),
      files,
    })),
    others: pieces.filter((piece) => !isProgram(piece)),
  };
}

function isProgram(piece: Piece): piece is ProgramPiece {
  return piece.kind === "program";
}

/** What is known of a program because it is known whose machine this is. */
function around(
  { commandLine }: ProgramPiece,
  machine: string,
  secret: Resource,
): Partial<ProgramPiece> {
  if (commandLine.program !== "kubelet") return { label: `${commandLine.program} of ${machine}` };
  return {
    label: machine,
    hostName: known(machine, { where: describe(secret) }),
    addresses: addressesIn(text(secret, "metadata", "annotations", addressesAnnotation), {
      where: describe(secret),
    }),
    ...unseenAddressOf(secret),
  };
}

/** Of a machine whose addresses are not known: who gives them. */
function unseenAddressOf(secret: Resource): Pick<ProgramPiece, "unknownIp"> {
  const isUnseen = isNotKnown(secret, "metadata", "annotations", addressesAnnotation);
  const unknownIp = isUnseen ? unseenIp(secret, "metadata") : undefined;
  return unknownIp === undefined ? {} : { unknownIp };
}

type ByPath = ReadonlyMap<string, Entry | undefined>;

/**
 * Everything that a machine starts.
 *
 * @param registered what stands for a file that is not known yet: the command line in it
 */
function piecesOf(
  byPath: ByPath,
  registered: (path: string) => readonly string[] | undefined,
  origin: Origin,
): readonly Piece[] {
  const givens: Given[] = [];
  const missing: Piece[] = [];
  for (const [path, entry] of byPath) {
    if (isRead(path)) continue;
    if (entry?.text.known) {
      givens.push({ content: entry.text.value, origin: ofFile(origin, path) });
      continue;
    }
    const what = `the content of ${path} of ${origin.source.where}`;
    const argv = registered(path);
    if (argv) {
      const from = ofFile(origin, path);
      missing.push(...readingOf(readArguments(argv, from.source), from).pieces);
      missing.push({ ...unread(origin, what, false), pending: true });
    } else if (soundsDeciding(path) || programOf(path) !== undefined) {
      missing.push(unread(origin, what, true));
    }
  }
  return [...missing, ...readTogether(givens).filter(({ kind }) => kind !== "file")];
}

const readByPrograms = new Set<string>([
  paths.kubeletConfiguration,
  paths.kubeletConf,
  paths.adminConf,
  paths.superAdminConf,
  paths.controllerManagerConf,
  paths.schedulerConf,
  paths.kernelSettings,
]);
const foldersOfPrograms = [paths.pki, paths.kubeletPki, paths.apiServerConfig].map(
  (folder) => `${folder}/`,
);

/** What counts only where a program is told of it: the files that it sees. */
function isRead(path: string): boolean {
  return readByPrograms.has(path) || foldersOfPrograms.some((folder) => path.startsWith(folder));
}

function fileOf(
  stack: Stack,
  path: string,
  byPath: ByPath,
  made: (path: string) => FileContent | undefined,
  where: string,
): Fact<FileContent> {
  const source = { where: `${where}: ${path}` };
  const entry = byPath.get(path);
  if (entry?.text.known) {
    return contentOf(certificatesOf(stack), path, entry.text.value, source);
  }
  // A component's word counts for what it keeps under the file's own key. What a kubelet signs itself it does not write.
  const isOwn = byPath.has(path)
    ? entry?.key === fileKey(path)
    : path === certificateOf(paths.kubeletSelfSigned);
  const content = isOwn ? made(path) : undefined;
  if (content) return known(content, source);
  return byPath.has(path)
    ? isThere(
        unknown(`the content of ${path}, which is not known before ${where} is deployed`, {
          where,
        }),
      )
    : unknown(`the content of ${path}, which is not among the files of ${where}`, { where });
}
