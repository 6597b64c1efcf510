/** A real kube-apiserver with its etcd and the controllers that finish deletions, on loopback, for one test file. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import * as fs from "node:fs";
import { createServer } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Programs } from "../../toolchain/kubernetes/programs.ts";

export type ApiServer = {
  /** Kubeconfig of a user who may do everything. */
  readonly kubeconfig: string;
  /** Kubeconfig of a user who may do nothing. */
  readonly powerless: string;
  /** Runs kubectl as the powerful user and returns what it prints. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  stop(): Promise<void>;
};

/** Milliseconds that each program has to become ready. */
const patience = 60_000;

/**
 * Starts the three programs.
 *
 * @throws if one of them does not become ready; the error ends with the last lines that it wrote.
 */
export async function startApiServer(programs: Programs): Promise<ApiServer> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-apiserver-"));
  const children: ChildProcess[] = [];
  const file = (name: string, content?: string) => {
    const at = path.join(folder, name);
    if (content !== undefined) fs.writeFileSync(at, content, { mode: 0o600 });
    return at;
  };
  const start = (program: string, args: readonly string[]) => {
    const log = fs.openSync(file(`${path.basename(program)}.log`), "a");
    const child = spawn(program, args, { cwd: folder, stdio: ["ignore", log, log] });
    fs.closeSync(log);
    children.push(child);
    return child;
  };
  const stop = async () => {
    await Promise.all(children.reverse().map(end));
    fs.rmSync(folder, { recursive: true, force: true });
  };

  try {
    const [etcdPort, etcdPeerPort, port] = await freePorts(3);
    const etcd = `http://127.0.0.1:${etcdPort}`;
    const etcdPeer = `http://127.0.0.1:${etcdPeerPort}`;
    const server = `https://127.0.0.1:${port}`;
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const serviceAccountKey = file("sa.key", privateKey);
    const tokens = file("tokens", "powerful,admin,1,system:masters\npowerless,nobody,2\n");

    start(programs.etcd, [
      `--data-dir=${file("etcd")}`,
      `--listen-client-urls=${etcd}`,
      `--advertise-client-urls=${etcd}`,
      `--listen-peer-urls=${etcdPeer}`,
      `--initial-advertise-peer-urls=${etcdPeer}`,
      `--initial-cluster=default=${etcdPeer}`,
      "--unsafe-no-fsync",
    ]);
    const apiserver = start(programs["kube-apiserver"], [
      `--etcd-servers=${etcd}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${file("certificates")}`,
      `--token-auth-file=${tokens}`,
      "--authorization-mode=RBAC",
      "--service-cluster-ip-range=10.96.0.0/16",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${file("sa.pub", publicKey)}`,
      `--service-account-signing-key-file=${serviceAccountKey}`,
      "--endpoint-reconciler-type=none",
    ]);
    const kubeconfig = kubeconfigFor(server, "powerful");
    const kubeconfigFile = file("kubeconfig", kubeconfig);
    const run = promisify(execFile);
    const kubectl: ApiServer["kubectl"] = async (args, input) => {
      const running = run(programs.kubectl, [`--kubeconfig=${kubeconfigFile}`, ...args], {
        cwd: folder,
      });
      running.child.stdin?.end(input ?? "");
      return (await running).stdout;
    };

    await until("kube-apiserver", apiserver, file("kube-apiserver.log"), async () => {
      await kubectl(["get", "--raw", "/readyz"]);
      await kubectl(["get", "namespace", "default"]);
    });
    start(programs["kube-controller-manager"], [
      `--kubeconfig=${kubeconfigFile}`,
      "--bind-address=127.0.0.1",
      "--secure-port=0",
      "--leader-elect=false",
      "--controllers=namespace-controller,garbage-collector-controller",
    ]);
    return { kubeconfig, powerless: kubeconfigFor(server, "powerless"), kubectl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A kubeconfig with a bearer token. The certificate that kube-apiserver signs itself is not what these tests are about. */
export function kubeconfigFor(server: string, token: string): string {
  return `apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test}}]
clusters: [{name: test, cluster: {server: "${server}", insecure-skip-tls-verify: true}}]
users: [{name: test, user: {token: ${token}}}]
`;
}

/** Ports of loopback that nobody listens on just now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function until(
  name: string,
  child: ChildProcess,
  log: string,
  ready: () => Promise<unknown>,
): Promise<void> {
  for (const end = Date.now() + patience; ; await sleep(200)) {
    try {
      await ready();
      return;
    } catch {
      if (child.exitCode !== null || Date.now() > end) {
        const lines = fs.readFileSync(log, "utf8").trimEnd().split("\n").slice(-5);
        throw new Error(`${name} did not become ready:\n${lines.join("\n")}`);
      }
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}
