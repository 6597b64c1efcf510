/** Files and folders on this disk, as texts for the readers and as files of hosts. */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, join, posix, relative, resolve } from "node:path";
import type { Origin } from "../trust/readers/piece.ts";
import type { Given } from "../trust/readers/recognise.ts";
import { mayDecide } from "../trust/readers/speaks.ts";
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
  readonly passedOver: readonly PassedOver[];
};

/** What was not read. */
export type PassedOver = {
  readonly file: string;
  /** Completes "not read: FILE: ". */
  readonly why: string;
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
  const walk = newWalk(file, false);
  walkFolder(option, file, walk, (path) =>
    originOf(path, `${option} ${dirname(path)}`, machine === undefined ? {} : { machine }),
  );
  return walk;
}

/** Reads a folder that is a host, and what was laid beside the host's own folders. */
export function readHost(option: string, root: string, machine: string): Found {
  const walk = newWalk(root, true);
  walk.roots.set(machine, root);
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
  // What was laid beside them may be of another machine.
  const beside = newWalk(root, false);
  for (const name of namesIn(root, beside)) {
    if (atRoot.has(name)) continue;
    visit(option, join(root, name), beside, (path) =>
      originOf(path, `${option} ${dirname(path)}`, {}),
    );
  }
  add(walk, beside);
  return walk;
}

function add(walk: Walk, { givens, roots, passedOver }: Found): void {
  walk.givens.push(...givens);
  walk.passedOver.push(...passedOver);
  for (const [machine, root] of roots) walk.roots.set(machine, root);
}

/** Where hosts keep what kubelets and kube-apiserver are started with. */
const hostFolders = [
  "etc",
  "lib/systemd/system",
  "usr/lib/systemd/system",
  "usr/local/lib/systemd/system",
  "run/systemd/system",
  "var/lib/kubelet",
  ...["k3s", "rke2"].flatMap((name) => [
    `var/lib/rancher/${name}/agent/etc`,
    `var/lib/rancher/${name}/agent/pod-manifests`,
    `var/lib/rancher/${name}/server/manifests`,
  ]),
  "var/snap/microk8s/current/args",
  "opt",
  "srv",
];

/** What a host has at its root. Source: Filesystem Hierarchy Standard 3.0, section 3, and what Debian and Fedora add. */
const atRoot = new Set(
  "bin boot dev etc home lib lib32 lib64 libx32 lost+found media mnt opt proc root run sbin snap srv sys tmp usr var".split(
    " ",
  ),
);

type Walk = {
  givens: Given[];
  roots: Map<string, string>;
  passedOver: PassedOver[];
  count: number;
  /** The folder that was given, or that is a host. */
  readonly root: string;
  /** A folder of a host is no host. */
  readonly isHost: boolean;
};

function newWalk(root: string, isHost: boolean): Walk {
  return { givens: [], roots: new Map(), passedOver: [], count: 0, root, isHost };
}

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
  if (stat?.isDirectory()) {
    if (!walk.isHost && isHost(path)) {
      add(walk, readHost(option, path, path));
    } else {
      walkFolder(option, path, walk, origin);
    }
    return;
  }
  if (!stat?.isFile()) {
    const why = stat?.isSymbolicLink() ? whyNotFollowed(path, walk) : "it is no file";
    if (why !== undefined && mayDecide(path)) walk.passedOver.push({ file: path, why });
    return;
  }
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

/**
 * Why what a link leads to is not read; undefined where it is, at its own place. A link out of a folder leads to files of
 * this machine, and an absolute one of a host to files of that host.
 */
function whyNotFollowed(path: string, { root, isHost }: Walk): string | undefined {
  const link = linkAt(path);
  // So systemd has it that a unit is masked: there is none.
  if (link === undefined || link === "/dev/null") return undefined;
  const target = isHost
    ? join(root, resolved(root, `/${relative(root, path)}`, 0))
    : resolve(dirname(path), link);
  const isInside = relative(root, target).split(/[\\/]/)[0] !== "..";
  return isInside && existsSync(target)
    ? undefined
    : `it is a link to ${link}, which is not in ${root}`;
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
    const notCopied = unknown(`the content of ${path}`, source);
    try {
      const stat = statSync(join(root, target));
      if (stat.isDirectory()) return known({ kind: "directory" }, source);
      // Who opens a pipe waits for somebody to write.
      if (!stat.isFile()) return notCopied;
      return textFile(path, readFileSync(join(root, target), "utf8"), source);
    } catch (error) {
      // Sockets and the like are made at run time: their absence from a copy says nothing.
      if (!/^\/(etc|var\/lib\/kubelet)\//.test(target)) return notCopied;
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
