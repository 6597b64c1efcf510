/**
 * The one image of the lab: busybox, statically linked, from the distribution's package. It serves as the sandbox
 * image too, so that nothing need be pulled.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";

/** Name of the image in every containerd of the lab. */
export const labImage = "kubelet-trust.local/busybox:1";

/** Commands that the image's pods may use. */
const applets = ["sh", "sleep", "echo", "cat", "ls", "ps", "hostname", "ip", "nc", "wget", "httpd"];

/** Writes the image as an archive that `ctr images import` takes (docker save format). */
export function writeImage(file: string, busybox = "/bin/busybox"): void {
  const layer = tar([
    { name: "bin/", type: "folder" },
    { name: "tmp/", type: "folder" },
    { name: "bin/busybox", type: "file", content: fs.readFileSync(busybox), mode: 0o755 },
    ...applets.map((name) => ({ name: `bin/${name}`, type: "link", target: "busybox" }) as const),
  ]);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      // The sandbox runs this and must not end.
      config: { Cmd: ["/bin/sleep", "2147483647"], Env: ["PATH=/bin"] },
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] },
    }),
  );
  const configName = `${sha256(config)}.json`;
  const manifest = [{ Config: configName, RepoTags: [labImage], Layers: ["layer.tar"] }];
  const archive = tar([
    { name: configName, type: "file", content: config },
    { name: "layer.tar", type: "file", content: layer },
    { name: "manifest.json", type: "file", content: Buffer.from(JSON.stringify(manifest)) },
  ]);
  fs.writeFileSync(file, archive);
}

type Entry =
  | { readonly name: string; readonly type: "folder" }
  | {
      readonly name: string;
      readonly type: "file";
      readonly content: Buffer;
      readonly mode?: number;
    }
  | { readonly name: string; readonly type: "link"; readonly target: string };

const block = 512;

function tar(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = entry.type === "file" ? entry.content : Buffer.alloc(0);
    return [tarHeader(entry), content, Buffer.alloc((block - (content.length % block)) % block)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

/** A header of the ustar format (POSIX.1-1988). */
function tarHeader(entry: Entry): Buffer {
  const header = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at);
  const mode = entry.type === "file" ? (entry.mode ?? 0o644) : 0o755;
  header.write(entry.name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(entry.type === "file" ? entry.content.length : 0, 124, 12);
  octal(0, 136, 12);
  header.write({ file: "0", link: "2", folder: "5" }[entry.type], 156);
  if (entry.type === "link") header.write(entry.target, 157);
  header.write("ustar\x0000", 257, "latin1");
  // The sum counts its own field as blanks.
  header.write(" ".repeat(8), 148);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    8,
  );
  return header;
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
