/**
 * A machine's files as an archive.
 * Source: POSIX.1-2017, `pax`, "ustar Interchange Format".
 */
import type { CarriedFile } from "./machine.ts";

const block = 512;

/**
 * An archive in the ustar format, to be unpacked at `/` by root: paths without their first `/`, owners, modes. The
 * time of every file is 0, so that the same files make the same archive.
 *
 * @throws RangeError when a path is longer than 100 bytes, which this form cannot hold.
 */
export function tarArchive(files: readonly CarriedFile[]): Buffer {
  return Buffer.concat([...files.flatMap(entry), Buffer.alloc(2 * block)]);
}

function entry({ path, mode, owner, content }: CarriedFile): Buffer[] {
  const name = path.slice(1);
  if (Buffer.byteLength(name) > 100) throw new RangeError(`path too long for an archive: ${path}`);
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(block);
  const [user = "root", group = "root"] = owner.split(":");
  header.write(name, 0);
  header.write(octal(Number.parseInt(mode, 8), 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(bytes.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(" ".repeat(8), 148);
  header.write("0", 156);
  header.write("ustar\0" + "00", 257);
  header.write(user, 265);
  header.write(group, 297);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return [header, bytes, Buffer.alloc((block - (bytes.length % block)) % block)];
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}
