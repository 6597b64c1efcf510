/**
 * What a machine mounts over files of Kubernetes when it starts, or puts in their place, in the files that say so.
 * Sources: fstab(5), systemd.mount(5), tmpfiles.d(5).
 */
import type { Format } from "./format.ts";
import { isOfKubernetes } from "./host-paths.ts";
import { unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";

/** A line of fstab, or what says the same. */
type Mount = {
  readonly device: string | undefined;
  readonly folder: string | undefined;
  /** Default `auto`. */
  readonly type?: string | undefined;
  readonly options?: string | undefined;
};

/**
 * What is said of a mount over a file or folder of Kubernetes, and nothing of any other. A disk of the machine's own is
 * there to be written to: it is named. Anything else brings the files that it has.
 */
export function mountedOver({ device, folder, type, options }: Mount, origin: Origin): Piece[] {
  if (folder === undefined || !isOfKubernetes(folder)) return [];
  const isDisk = ownDisk.test(type ?? "auto") && !/\b(?:r?bind|ro)\b/.test(options ?? "");
  const what = `what ${device} makes of ${folder}, where ${origin.source.where} mounts it`;
  return [unread(origin, what, !isDisk)];
}

const ownDisk = /^(?:ext[234]|xfs|btrfs|f2fs|tmpfs)$/;

export const fileSystems: Format = {
  name: "fstab",
  about: "mounts over files and folders of Kubernetes, which are said to be not read",
  recognises: (_, { path, key }) => /(?:^|\/)fstab$/.test(path ?? key ?? ""),
  read: (text, origin) => ({
    pieces: text.split("\n").flatMap((line) => {
      const [device = "#", folder, type, options] = line.trim().split(/\s+/);
      return device.startsWith("#") ? [] : mountedOver({ device, folder, type, options }, origin);
    }),
    inner: [],
    isHarmless: true,
  }),
};

export const mountUnit: Format = {
  name: "mount unit",
  about: "`Where=` at files and folders of Kubernetes, which is said to be not read",
  recognises: (text) => /^[ \t]*\[Mount\]\s*$/m.test(text),
  read: (text, origin) => {
    const [device, folder, type, options] = ["What", "Where", "Type", "Options"].map(
      (name) => new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*(.*?)[ \\t]*$`, "m").exec(text)?.[1],
    );
    return {
      pieces: mountedOver({ device, folder, type, options }, origin),
      inner: [],
      isHarmless: true,
    };
  },
};

/** Lines that make, write, link, copy or remove a file; those of folders, modes and ages leave what is in it. */
const puts = /^[fFwLCrR][+!=~^$-]*$/;

export const temporaryFiles: Format = {
  name: "tmpfiles.d",
  about: "lines that make, link, copy or remove files of Kubernetes, which are said to be not read",
  recognises: (_, { path, key }) => /tmpfiles\.d\/[^/]*\.conf$/.test(path ?? key ?? ""),
  read: (text, origin) => ({
    pieces: text.split("\n").flatMap((line) => {
      const [type = "", file = ""] = line.trim().split(/\s+/);
      if (!puts.test(type) || !isOfKubernetes(file)) return [];
      return [unread(origin, `what ${origin.source.where} makes of ${file}`, true)];
    }),
    inner: [],
    isHarmless: true,
  }),
};
