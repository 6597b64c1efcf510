/** The files that programs of a cluster see: their own, those of their machine, and what lies on all machines. */

import { posix } from "node:path";
import { kubeadmFiles, kubeadmPkiDirectory } from "../kubeadm/pki.ts";
import { fileInObject } from "../readers/origins.ts";
import { certificatesIn } from "../readers/pem.ts";
import type { FilePiece, Origin } from "../readers/piece.ts";
import { beside } from "../readers/unit-groups.ts";
import { type Fact, isThere, known, type Unknown, unknown } from "../words/fact.ts";
import type { FileContent, HostFiles } from "../words/facts.ts";
import { groupBy } from "../words/group-by.ts";
import type { AssembleOptions } from "./assembly.ts";
import type { Assumptions } from "./assumptions.ts";

/** What one does not tell, the other does; but not for a file that is there and cannot be seen. */
export function layered(own: HostFiles | undefined, shared: HostFiles): HostFiles {
  if (own === undefined) return shared;
  return (path) => {
    const content = own(path);
    if (content.known || content.isThere) return content;
    const other = shared(path);
    return other.known ? other : content;
  };
}

/** The files of the machine, or of the holder, that an origin is on; `undefined` where none are known. */
export type FilesOf = (origin: Origin) => HostFiles | undefined;

/** Finds the files of machines and holders among pieces, and asks the door for the rest. */
export function filesOfMachines(
  pieces: readonly FilePiece[],
  { filesOf: ask, looseFiles }: Pick<AssembleOptions, "filesOf" | "looseFiles">,
): FilesOf {
  const byMachine = groupBy(pieces, ({ origin }) => beside(origin));
  const made = new Map<string, HostFiles | undefined>();
  return (origin) => {
    const key = `${origin.machine === undefined ? "holder" : "machine"} ${beside(origin)}`;
    if (!made.has(key)) {
      const given = byMachine.get(beside(origin));
      const asked = origin.machine === undefined ? looseFiles : ask?.(origin.machine);
      made.set(key, given ? among(given, asked) : asked);
    }
    return made.get(key);
  };
}

/** What ConfigMaps and Secrets hold, for programs that are told of an object and not of a path. */
export function filesInObjects(pieces: readonly FilePiece[]): HostFiles {
  const byName = new Map(
    pieces.flatMap(({ origin, path, content }): [string, Fact<FileContent>][] =>
      origin.object === undefined ? [] : [[fileInObject(origin.object, path), content]],
    ),
  );
  return (path) => byName.get(path) ?? contentIsMissing(path);
}

/** The files of who has none. */
export function contentIsMissing(path: string): Unknown {
  return unknown(`the content of ${path}`, { where: path });
}

/** By path, else by its last part where no path is said. */
function among(pieces: readonly FilePiece[], otherwise: HostFiles | undefined): HostFiles {
  const byPath = new Map(pieces.map((piece) => [piece.path, isThere(piece.content)]));
  return (path) =>
    byPath.get(path) ??
    byPath.get(posix.basename(path)) ??
    otherwise?.(path) ??
    contentIsMissing(path);
}

export type SharedFiles = {
  readonly key: string;
  readonly name: string | undefined;
  readonly version: string;
  /** kubeadm's `certificatesDir`. */
  readonly directory: string;
  /** The cluster's CA, where it is known. */
  readonly ca: FileContent | undefined;
};

/** What lies on every machine of a cluster: what the options say, else what kubeadm makes. */
export function sharedFiles(
  { key, name, version, directory, ca }: SharedFiles,
  options: AssembleOptions,
  assumptions: Assumptions,
): HostFiles {
  const declared = new Map(
    (options.files ?? [])
      .filter(({ cluster }) => cluster === undefined || cluster === name)
      .map(({ path, content, where }) => [path, known(content, { where })]),
  );
  const made = kubeadmFiles({ cluster: key, version, directory, ...(ca && { ca }) });
  return (path): Fact<FileContent> => {
    const content = declared.get(path);
    if (content) return content;
    const fact = made(path);
    if (fact.known) assumptions.add(`${path} holds what kubeadm puts there.`);
    return fact;
  };
}

/** The first of some files that is known, as certificates where it holds any. */
export function firstKnown(
  files: Iterable<Fact<FileContent> | undefined>,
): FileContent | undefined {
  for (const file of files) {
    if (file?.known) return asCertificates(file.value);
  }
  return undefined;
}

function asCertificates(content: FileContent): FileContent {
  return content.kind === "text"
    ? {
        kind: "certificates",
        certificates: certificatesIn(content, `${kubeadmPkiDirectory}/ca.crt`),
      }
    : content;
}
