/**
 * A machine's files as user data of cloud-init.
 * Source: cloud-init `cloudinit/config/cc_write_files.py`, `cloudinit/config/cc_runcmd.py`,
 * `cloudinit/user_data.py` (user data may be compressed as a whole).
 */
import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { type CarriedFile, services } from "./machine.ts";

/**
 * The most that the strictest of the large clouds takes as user data, in bytes, before base64.
 * Source: Amazon EC2 user guide, "User data is limited to 16 KB, in raw form, before it is base64-encoded".
 */
export const userDataLimit = 16 * 1024;

/** User data, `#cloud-config`: writes every file, then enables and starts the services. Downloads nothing. */
export function cloudConfig(files: readonly CarriedFile[]): string {
  const config = {
    write_files: files.map(({ path, mode, owner, content }) => ({
      path,
      owner,
      permissions: mode,
      content,
    })),
    runcmd: [
      ["systemctl", "daemon-reload"],
      ...services.map((service) => ["systemctl", "enable", "--now", service]),
    ],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

/** The same, compressed and in base64, for fields that take user data so; cloud-init decompresses it. */
export function compressedCloudConfig(files: readonly CarriedFile[]): string {
  return compressed(files).toString("base64");
}

/**
 * One line for who is about to give a machine user data that the strictest clouds refuse: its size, the limit, and
 * what to do. Sizes are in bytes, before base64.
 *
 * @param isCompressed whether it is {@link compressedCloudConfig}'s.
 * @returns undefined when it fits.
 */
export function userDataWarning(
  machine: string,
  files: readonly CarriedFile[],
  isCompressed: boolean,
): string | undefined {
  const small = compressed(files).length;
  const size = isCompressed ? small : Buffer.byteLength(cloudConfig(files));
  if (size <= userDataLimit) return undefined;
  const remedy =
    small <= userDataLimit
      ? `Give --format cloud-init-base64, which is ${small} bytes before base64.`
      : `${isCompressed ? "" : `Compressed it is ${small} bytes. `}There, bring the files by --format tar over ssh, or let Ignition or cloud-init's #include fetch them from a place that only the machine can read.`;
  return `${machine}: its user data is ${size} bytes, over the ${userDataLimit} that the strictest clouds take (Amazon EC2). ${remedy}`;
}

function compressed(files: readonly CarriedFile[]): Buffer {
  return gzipSync(cloudConfig(files), { level: 9 });
}
