/** A registry on loopback that has the packages of this repository, and sends npm to its own for every other. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";

export type Registry = {
  readonly url: string;
  /** What it has given itself, by path. */
  readonly given: readonly string[];
  close(): void;
};

/** @param tarballs what `npm pack` made */
export async function serveRegistry(tarballs: readonly string[]): Promise<Registry> {
  const others = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
  const files = new Map(tarballs.map((file) => [`/${path.basename(file)}`, fs.readFileSync(file)]));
  const manifests = new Map(
    tarballs.map((file) => {
      const manifest = JSON.parse(
        execFileSync("tar", ["-xOf", file, "package/package.json"], { encoding: "utf8" }),
      );
      return [`/${manifest.name}`, { manifest, tarball: `/${path.basename(file)}` }];
    }),
  );
  const given: string[] = [];
  const server = http.createServer(({ url = "" }, response) => {
    const file = files.get(url);
    const known = manifests.get(url);
    if (file || known) given.push(url);
    if (file) {
      response.end(file);
    } else if (known) {
      const { manifest, tarball } = known;
      const content = files.get(tarball) ?? "";
      const integrity = `sha512-${createHash("sha512").update(content).digest("base64")}`;
      const dist = { tarball: `${address()}${tarball}`, integrity };
      const versions = { [manifest.version]: { ...manifest, dist } };
      const tags = { latest: manifest.version };
      response.end(JSON.stringify({ name: manifest.name, "dist-tags": tags, versions }));
    } else {
      response.writeHead(302, { location: new URL(url.slice(1), others).href }).end();
    }
  });
  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: address(), given, close: () => server.close() };
}
