import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import {
  downloadEtcd,
  downloadKubernetes,
  vendorReachable,
} from "../../toolchain/kubernetes/vendor.ts";
import { createProgress } from "../../toolchain/progress.mjs";

describe("release downloads", () => {
  let server: http.Server;
  let root: string;
  const files = new Map<string, Buffer | string>();
  const progress = createProgress({ stream: { write: () => true } });
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const servers = () => {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { kubernetes: base, etcd: base };
  };
  const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");

  before(async () => {
    server = http.createServer((request, response) => {
      const content = files.get(request.url ?? "");
      response.writeHead(content === undefined ? 404 : 200).end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  beforeEach(() => {
    files.clear();
    root = fs.mkdtempSync(path.join(os.tmpdir(), "downloads-"));
  });

  afterEach(() => fs.rmSync(root, { recursive: true }));

  after(() => server.close());

  function publish(program: string, content: string, checksum = sha256(content)) {
    const file = `/v1.2.3/bin/linux/${arch}/${program}`;
    files.set(file, content);
    files.set(`${file}.sha256`, checksum);
  }

  it("are kept, executable, when they match their checksums", async () => {
    publish("kubelet", "#!/bin/sh\n");
    publish("kubectl", "#!/bin/sh\necho\n");
    const folder = await downloadKubernetes(
      "1.2.3",
      ["kubelet", "kubectl"],
      progress,
      servers(),
      root,
    );
    assert.equal(fs.readFileSync(path.join(folder, "kubelet"), "utf8"), "#!/bin/sh\n");
    assert.equal(fs.statSync(path.join(folder, "kubectl")).mode & 0o111, 0o111);
  });

  it("are refused, and nothing is kept, when one does not match", async () => {
    publish("kubelet", "good");
    publish("kubectl", "changed on the way", sha256("good"));
    await assert.rejects(
      downloadKubernetes("1.2.3", ["kubelet", "kubectl"], progress, servers(), root),
      /kubectl does not match its checksum/,
    );
    assert.deepEqual(
      fs.readdirSync(root).filter((name) => !name.startsWith(".")),
      [],
    );
  });

  it("are refused when no checksum is published", async () => {
    publish("kubelet", "good", "no checksum here");
    await assert.rejects(
      downloadKubernetes("1.2.3", ["kubelet"], progress, servers(), root),
      /has no SHA-256 checksum/,
    );
  });

  it("of etcd are taken out of their archive", async () => {
    const name = `etcd-v3.0.0-linux-${arch}`;
    fs.mkdirSync(path.join(root, name));
    fs.writeFileSync(path.join(root, name, "etcd"), "etcd itself");
    const archive = execFileSync("tar", ["-cz", "-C", root, name]);
    files.set(`/v3.0.0/${name}.tar.gz`, archive);
    files.set("/v3.0.0/SHA256SUMS", `${sha256(archive)}  ${name}.tar.gz\n`);
    const folder = await downloadEtcd("3.0.0", progress, servers(), path.join(root, "cache"));
    assert.equal(fs.readFileSync(path.join(folder, "etcd"), "utf8"), "etcd itself");
    assert.deepEqual(fs.readdirSync(folder), ["etcd"]);
  });

  it("count as reachable only where a checksum is answered", async () => {
    assert.equal(await vendorReachable("1.2.3", servers()), false);
    publish("kubectl", "good");
    assert.equal(await vendorReachable("1.2.3", servers()), true);
  });
});
