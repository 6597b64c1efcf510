/**
 * Release downloads of Kubernetes and etcd from the projects' own servers, each checked against the checksum
 * published beside it. A file that does not match is never kept.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import { contentKey, ensureCached } from "../cache.mjs";
import { runChild } from "../child.mjs";
import { Failure } from "../fail.mjs";
import type { Progress } from "../progress.mjs";

/** Where the projects publish their releases. */
export type Servers = { readonly kubernetes: string; readonly etcd: string };

const projectServers: Servers = {
  kubernetes: "https://dl.k8s.io/release",
  etcd: "https://github.com/etcd-io/etcd/releases/download",
};

/** Milliseconds after which a server counts as not reachable. */
const patience = 5000;

/** Whether the Kubernetes download server answers with this release's checksum. */
export async function vendorReachable(
  version: string,
  servers: Servers = projectServers,
): Promise<boolean> {
  try {
    const url = `${kubernetesFile(servers, version, "kubectl")}.sha256`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(patience) });
    return answer.ok && /^[0-9a-f]{64}/.test(await answer.text());
  } catch {
    return false;
  }
}

/**
 * A cached folder with the named Kubernetes programs.
 *
 * @throws {Failure} when a download fails or does not match its checksum.
 */
export function downloadKubernetes(
  version: string,
  programs: readonly string[],
  progress: Progress,
  servers: Servers = projectServers,
  root?: string,
): Promise<string> {
  return cached("kubernetes-release", [version, programs, architecture()], root, (folder) =>
    progress.step(`Downloading Kubernetes ${version}`, async (step) => {
      for (const program of programs) {
        step.update(program);
        const url = kubernetesFile(servers, version, program);
        const checksum = (await text(`${url}.sha256`)).trim().split(/\s+/)[0] ?? "";
        await download(url, checksum, path.join(folder, program));
      }
    }),
  );
}

/**
 * A cached folder with `etcd`.
 *
 * @throws {Failure} when the download fails or does not match its checksum.
 */
export function downloadEtcd(
  version: string,
  progress: Progress,
  servers: Servers = projectServers,
  root?: string,
): Promise<string> {
  return cached("etcd-release", [version, architecture()], root, (folder) =>
    progress.step(`Downloading etcd ${version}`, async () => {
      const name = `etcd-v${version}-linux-${architecture()}`;
      const base = `${servers.etcd}/v${version}`;
      const sums = await text(`${base}/SHA256SUMS`);
      const line = sums.split("\n").find((one) => one.trim().endsWith(`${name}.tar.gz`)) ?? "";
      const archive = path.join(folder, "etcd.tar.gz");
      await download(`${base}/${name}.tar.gz`, line.trim().split(/\s+/)[0] ?? "", archive);
      const { code, output } = await runChild(
        "tar",
        ["-xzf", archive, "-C", folder, "--strip-components=1", `${name}/etcd`],
        { onLine: () => {} },
      );
      if (code !== 0)
        throw new Failure(`tar cannot unpack the release of etcd ${version}: ${output}`);
      fs.rmSync(archive);
    }),
  );
}

function cached(
  name: string,
  ingredients: readonly unknown[],
  root: string | undefined,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  return ensureCached({
    name,
    key: contentKey(ingredients),
    make,
    ...(root === undefined ? {} : { root }),
  });
}

function kubernetesFile(servers: Servers, version: string, program: string): string {
  return `${servers.kubernetes}/v${version}/bin/linux/${architecture()}/${program}`;
}

/** This machine in Go's words. */
function architecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

async function text(url: string): Promise<string> {
  return (await get(url)).text();
}

async function download(url: string, checksum: string, file: string): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(checksum)) {
    throw new Failure(`${url} has no SHA-256 checksum beside it; nothing was installed.`);
  }
  const body = (await get(url)).body;
  if (body === null) throw new Failure(`${url} is empty; nothing was installed.`);
  const hash = createHash("sha256");
  await pipeline(
    body,
    async function* (chunks) {
      for await (const chunk of chunks) {
        hash.update(chunk as Uint8Array);
        yield chunk as Uint8Array;
      }
    },
    fs.createWriteStream(file, { mode: 0o755 }),
  );
  const actual = hash.digest("hex");
  if (actual !== checksum) {
    fs.rmSync(file);
    throw new Failure(
      `${url} does not match its checksum (${actual} instead of ${checksum}); nothing was installed.`,
    );
  }
}

async function get(url: string): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    throw new Failure(`${url} cannot be reached (${cause || String(error)}).`);
  }
  if (!answer.ok) throw new Failure(`${url} answers ${answer.status}.`);
  return answer;
}
