/** The real kubeadm, for tables of what it makes. */

import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { ensurePrograms, type Programs } from "../../toolchain/kubernetes/programs.ts";
import { createProgress } from "../../toolchain/progress.mjs";
import { inFolder } from "../support/folders.ts";

/** Kubernetes' own programs; built once and cached, which may take minutes. */
export function kubernetesPrograms(): Promise<Programs> {
  return ensurePrograms(createProgress());
}

const run = promisify(execFile);

/** A control plane as kubeadm is told about it. */
export type KubeadmHost = {
  name: string;
  advertiseAddress: string;
  /** ClusterConfiguration, YAML. */
  clusterConfiguration: string;
};

/** What `kubeadm config validate` says; rejects when it refuses. */
export async function validateConfiguration(kubeadm: string, text: string): Promise<string> {
  return inFolder(async (folder) => {
    const path = join(folder, "config.yaml");
    writeFileSync(path, text);
    const { stdout } = await run(kubeadm, ["config", "validate", "--config", path]);
    return stdout.trim();
  });
}

/** The static pods that kubeadm writes, parsed, by component. */
export async function kubeadmStaticPods(
  kubeadm: string,
  host: KubeadmHost,
  // biome-ignore lint/suspicious/noExplicitAny: pods as they come
): Promise<Record<string, any>> {
  return inFolder(async (folder) => {
    const config = writeInitConfiguration(folder, host);
    const env = { ...process.env, KUBEADM_INIT_DRYRUN_DIR: join(folder, "manifests") };
    mkdirSync(env.KUBEADM_INIT_DRYRUN_DIR);
    for (const phase of [
      ["control-plane", "all"],
      ["etcd", "local"],
    ]) {
      await run(kubeadm, ["init", "phase", ...phase, "--config", config, "--dry-run"], { env });
    }
    return Object.fromEntries(
      readdirSync(env.KUBEADM_INIT_DRYRUN_DIR).map((file) => [
        file.replace(".yaml", ""),
        parse(readFileSync(join(env.KUBEADM_INIT_DRYRUN_DIR, file), "utf8")),
      ]),
    );
  });
}

/**
 * The certificates and kubeconfigs that kubeadm makes: texts by the path they would have on a host.
 */
export async function kubeadmFiles(
  kubeadm: string,
  host: KubeadmHost,
): Promise<Record<string, string>> {
  return inFolder(async (folder) => {
    const pki = join(folder, "pki");
    const config = writeInitConfiguration(folder, host, pki);
    await run(kubeadm, ["init", "phase", "certs", "all", "--config", config]);
    const confs = join(folder, "confs");
    await run(kubeadm, [
      ...["init", "phase", "kubeconfig", "all", "--config", config, "--kubeconfig-dir", confs],
    ]);
    return { ...readTree(pki, "/etc/kubernetes/pki"), ...readTree(confs, "/etc/kubernetes") };
  });
}

function writeInitConfiguration(folder: string, host: KubeadmHost, pki?: string): string {
  const path = join(folder, "config.yaml");
  const init = {
    apiVersion: "kubeadm.k8s.io/v1beta4",
    kind: "InitConfiguration",
    localAPIEndpoint: { advertiseAddress: host.advertiseAddress, bindPort: 6443 },
    nodeRegistration: { name: host.name },
  };
  const cluster = parse(host.clusterConfiguration);
  if (pki !== undefined) cluster.certificatesDir = pki;
  writeFileSync(path, `${stringify(init)}---\n${stringify(cluster)}`);
  return path;
}

function readTree(folder: string, as: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [as + path.slice(folder.length), readFileSync(path, "utf8")];
      }),
  );
}
