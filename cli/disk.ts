/** Files and folders on this disk, as texts for the readers and as files of hosts. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, join, posix, relative } from "node:path";
import type { Origin } from "../trust/readers/piece.ts";
import type { Given } from "../trust/readers/recognise.ts";
import { textFile } from "../trust/readers/text-file.ts";
import { known, unknown } from "../trust/words/fact.ts";
import type { HostFiles } from "../trust/words/facts.ts";
import { type GivenFile, UsageError } from "./arguments.ts";

/** More files than this in a folder are not looked at, and that is said: no host's configuration has as many. */
const maxFiles = 20_000;

/** Longer files, in bytes, are not read: nothing that kubelets are started with is as long. */
const maxBytes = 16 * 1024 * 1024;

/** What was found on the disk. */
export type Found = {
  readonly givens: readonly Given[];
  /** Folders that are a host, by the name of the machine. */
  readonly roots: ReadonlyMap<string, string>;
  /** What was not read, and why; completes "not read: ". */
  readonly passedOver: readonly { readonly file: string; readonly why: string }[];
};

/**
 * Reads a file, or the files of a folder. A folder with an `etc` or a
 * `var/lib/kubelet` in it is a host: its files have their own paths. In
 * other folders, files of one subfolder stand beside each other, and a subfolder may be a host.
 *
 * @param option how the command line calls what was given, for complaints
 * @throws UsageError when it does not exist or cannot be read
 */
export function readGivenFile(
  option: string,
  { file, hostPath }: GivenFile,
  machine?: string,
): Found {
  if (!isFolder(option, file)) {
    const origin = originOf(file, `${option} files`, {
      ...(hostPath !== undefined && { path: hostPath }),
      ...(machine !== undefined && { machine }),
    });
    return found([{ content: contentOf(option, file), origin }]);
  }
  if (isHost(file)) return readHost(option, file, machine ?? file);
  const walk: Walk = { givens: [], roots: new Map(), passedOver: [], count: 0, isHost: false };
  walkFolder(option, file, walk, (path) =>
    originOf(path, `${option} ${dirname(path)}`, machine === undefined ? {} : { machine }),
  );
  return walk;
}

/** Reads a folder that is a host. */
export function readHost(option: string, root: string, machine: string): Found {
  const roots = new Map([[machine, root]]);
  const walk: Walk = { givens: [], roots, passedOver: [], count: 0, isHost: true };
  for (const part of hostFolders) {
    const folder = join(root, part);
    if (exists(folder)) {
      walkFolder(option, folder, walk, (path) => {
        const onHost = `/${relative(root, path).replaceAll("\\", "/")}`;
        return originOf(path, `${option} ${machine}:${posix.dirname(onHost)}`, {
          path: onHost,
          machine,
          isWhole: true,
        });
      });
    }
  }
  return walk;
}

/** Where hosts keep what kubelets and kube-apiserver are started with. */
const hostFolders = [
  "etc",
  "lib/systemd/system",
  "usr/lib/systemd/system",
  "usr/local/lib/systemd/system",
  "run/systemd/system",
  "var/lib/kubelet",
  "opt",
  "srv",
];

type Walk = {
  givens: Given[];
  roots: Map<string, string>;
  passedOver: { file: string; why: string }[];
  count: number;
  /** A folder of a host is no host. */
  readonly isHost: boolean;
};

function found(givens: readonly Given[]): Found {
  return { givens, roots: new Map(), passedOver: [] };
}

function walkFolder(
  option: string,
  folder: string,
  walk: Walk,
  origin: (path: string) => Origin,
): void {
  for (const name of namesIn(folder, walk)) {
    const path = join(folder, name);
    if (walk.count >= maxFiles) {
      if (walk.count === maxFiles) {
        walk.passedOver.push({ file: folder, why: `it has more than ${maxFiles} files` });
      }
      walk.count = maxFiles + 1;
      return;
    }
    visit(option, path, walk, origin);
  }
}

function visit(option: string, path: string, walk: Walk, origin: (path: string) => Origin): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  // A link out of the folder leads to files of this machine: the readers of a host follow it within the host.
  if (stat?.isDirectory()) {
    if (!walk.isHost && isHost(path)) {
      const host = readHost(option, path, path);
      walk.givens.push(...host.givens);
      walk.passedOver.push(...host.passedOver);
      for (const [machine, root] of host.roots) walk.roots.set(machine, root);
    } else {
      walkFolder(option, path, walk, origin);
    }
    return;
  }
  if (!stat?.isFile()) return;
  walk.count += 1;
  if (stat.size > maxBytes) {
    walk.passedOver.push({ file: path, why: `it is longer than ${maxBytes / 1024 / 1024} MiB` });
    return;
  }
  try {
    walk.givens.push({ content: readFileSync(path), origin: origin(path) });
  } catch {
    walk.passedOver.push({ file: path, why: "it cannot be read" });
  }
}

function namesIn(folder: string, walk: Walk): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    walk.passedOver.push({ file: folder, why: "it cannot be read" });
    return [];
  }
}

function originOf(file: string, holder: string, more: Partial<Origin>): Origin {
  return {
    source: { where: file },
    holder,
    key: basename(more.path ?? file),
    cluster: known(undefined),
    scope: "command line",
    annotations: {},
    ...more,
  };
}

function isHost(folder: string): boolean {
  return exists(join(folder, "etc")) || exists(join(folder, "var/lib/kubelet"));
}

function exists(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFolder(option: string, file: string): boolean {
  let stat: ReturnType<typeof statSync> | undefined;
  try {
    stat = statSync(file, { throwIfNoEntry: false });
  } catch {
    throw new UsageError(`${option}: ${file} cannot be read`);
  }
  if (stat === undefined) throw new UsageError(`${option}: ${file} does not exist`);
  if (stat.isDirectory()) return true;
  if (stat.size > maxBytes) {
    throw new UsageError(`${option}: ${file} is longer than ${maxBytes / 1024 / 1024} MiB`);
  }
  return false;
}

/**
 * The content of a file that was given by itself.
 *
 * @throws UsageError when it cannot be read
 */
export function contentOf(option: string, file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch {
    throw new UsageError(`${option}: ${file} cannot be read`);
  }
}

/**
 * Checks a folder that is said to be a host.
 *
 * @throws UsageError when it is none
 */
export function checkedFolder(option: string, folder: string): string {
  if (exists(folder)) return folder;
  throw new UsageError(`${option}: ${folder} is no folder`);
}

/** The files of a host that lies in a folder; links in it lead to files of the host. */
export function hostFiles(root: string): HostFiles {
  return (path) => {
    const source = { where: path };
    const target = resolved(root, path, 0);
    try {
      if (statSync(join(root, target)).isDirectory()) return known({ kind: "directory" }, source);
      return textFile(path, readFileSync(join(root, target), "utf8"), source);
    } catch (error) {
      // Sockets and the like are made at run time: their absence from a copy says nothing.
      if (!/^\/(etc|var\/lib\/kubelet)\//.test(path)) {
        return unknown(`the content of ${path}`, source);
      }
      const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
      return known({ kind: missing ? "missing" : "unreadable" }, source);
    }
  };
}

/** The names in a folder of a host; `undefined` where it has none such. */
export function namesOnHost(root: string, path: string): readonly string[] | undefined {
  try {
    return readdirSync(join(root, resolved(root, path, 0)));
  } catch {
    return undefined;
  }
}

const maxLinks = 10;

function resolved(root: string, path: string, depth: number): string {
  const normal = posix.normalize(path);
  if (depth > maxLinks || !normal.startsWith("/")) return normal;
  const parts = normal.split("/").filter((part) => part !== "");
  let at = "";
  for (const [index, part] of parts.entries()) {
    at = `${at}/${part}`;
    const link = linkAt(join(root, at));
    if (link !== undefined) {
      const rest = parts.slice(index + 1).join("/");
      return resolved(root, posix.join(posix.resolve(posix.dirname(at), link), rest), depth + 1);
    }
  }
  return normal;
}

function linkAt(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}
