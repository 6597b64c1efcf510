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
  return gzipSync(cloudConfig(files), { level: 9 }).toString("base64");
}
