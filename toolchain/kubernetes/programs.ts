/**
 * The real programs that a lab runs: Kubernetes and etcd built from source through the Go module proxy, where go.sum pins
 * the digest of every module; those that every distribution has, from its packages. Release downloads are not used: a
 * checksum that lies on the same server as the file says nothing of who put both there.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as readline from "node:readline/promises";
import { knownVersions, newestKnownVersion } from "../../trust/kubernetes/version.ts";
import { runChild } from "../child.mjs";
import { Failure } from "../fail.mjs";
import { ensureBuilt } from "../go.mjs";
import { isInteractive, type Progress } from "../progress.mjs";

/** The Kubernetes version whose programs a lab runs, without the `v`: the newest whose facts are known. */
export const kubernetesVersion = newestKnownVersion;

/** The versions whose programs can be had, ascending: one of each minor version whose facts are known. */
export const kubernetesVersions: readonly string[] = knownVersions;

/** The etcd version a lab runs, without the `v`. */
export const etcdVersion = "3.7.3";

export const kubernetesPrograms = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubeadm",
  "kubectl",
  "kubelet",
] as const;

/** Absolute paths of the programs by name. */
export type Programs = Readonly<Record<(typeof kubernetesPrograms)[number] | "etcd", string>>;

/** A package of the distribution, and a program by which it is known to be there. */
type Package = {
  readonly name: string;
  readonly program: string;
  /** An empty file that is made before the package comes: keeps what is in it from running on this machine. */
  readonly disabledBy?: string;
};

/** What carriers of machines' files need. */
export const carrierPackages = {
  "cloud-init": [
    {
      name: "cloud-init",
      program: "cloud-init",
      // Source: cloud-init `systemd/cloud-init-generator.tmpl`.
      disabledBy: "/etc/cloud/cloud-init.disabled",
    },
  ],
} as const satisfies Readonly<Record<string, readonly Package[]>>;

const packages: readonly Package[] = [
  { name: "containerd", program: "containerd" },
  { name: "runc", program: "runc" },
  { name: "busybox-static", program: "/bin/busybox" },
  { name: "containernetworking-plugins", program: "/usr/lib/cni/ptp" },
  { name: "iproute2", program: "ip" },
  { name: "util-linux", program: "nsenter" },
];

/**
 * Refuses a machine that cannot run a lab.
 *
 * @throws {Failure} in one line, with what to do instead.
 */
export function requireLinuxRoot(
  platform: NodeJS.Platform = process.platform,
  uid: number | undefined = process.getuid?.(),
): void {
  const instead =
    "run it as root in a Linux virtual machine, or apply the stack to a cluster with `kubelet-trust:kubeconfig`.";
  if (platform !== "linux")
    throw new Failure(`The lab needs Linux (this is ${platform}): ${instead}`);
  if (uid !== 0)
    throw new Failure(`The lab makes network and mount namespaces and needs root: ${instead}`);
}

/**
 * The programs, built now if the cache has none.
 *
 * @param version of Kubernetes, one of {@link kubernetesVersions}.
 * @throws {Failure} when they cannot be had.
 */
export async function ensurePrograms(
  progress: Progress,
  version: string = kubernetesVersion,
): Promise<Programs> {
  const kubernetes = await buildKubernetes(progress, version);
  const found = kubernetesPrograms.map((name) => [name, path.join(kubernetes, name)]);
  // Go names a program after its module's last element that is not a version.
  const etcd = path.join(await buildEtcd(progress), "server");
  return { ...Object.fromEntries(found), etcd } as Programs;
}

/** Folder with the six Kubernetes programs, built from source. */
function buildKubernetes(progress: Progress, version: string = kubernetesVersion): Promise<string> {
  const [major = "", minor = ""] = version.split(".");
  const stamp = (name: string, value: string) =>
    `-X k8s.io/component-base/version.${name}=${value}`;
  return ensureBuilt(
    {
      name: "kubernetes",
      title: `Kubernetes ${version}`,
      moduleDir: moduleFolder(
        version === kubernetesVersion ? "kubernetes" : `kubernetes-${major}.${minor}`,
      ),
      packages: kubernetesPrograms.map((name) => `k8s.io/kubernetes/cmd/${name}`),
      ldflags: [
        stamp("gitVersion", `v${version}`),
        stamp("gitMajor", major),
        stamp("gitMinor", minor),
      ],
    },
    progress,
  );
}

/** Folder with etcd, built from source. */
function buildEtcd(progress: Progress): Promise<string> {
  return ensureBuilt(
    {
      name: "etcd",
      title: `etcd ${etcdVersion}`,
      moduleDir: moduleFolder("etcd"),
      packages: ["go.etcd.io/etcd/server/v3"],
    },
    progress,
  );
}

function moduleFolder(name: string): string {
  return path.join(import.meta.dirname, "..", "go", name);
}

/**
 * Makes sure that the distribution's packages are there; asks before it installs any, unless `CI=true`.
 *
 * @param more packages beside those that every lab needs
 * @throws {Failure} naming the packages, when they are missing and may not or cannot be installed.
 */
export async function ensurePackages(
  progress: Progress,
  env: NodeJS.ProcessEnv = process.env,
  more: readonly Package[] = [],
): Promise<void> {
  const lacking = missingPackages([...packages, ...more], env);
  if (lacking.length === 0) return;
  const missing = lacking.map(({ name }) => name);
  const list = missing.join(" ");
  if (!isInstalled("apt-get", env)) {
    throw new Failure(
      `The lab needs these packages; install them with your distribution's tool: ${list}`,
    );
  }
  if (
    env.CI !== "true" &&
    !(await agrees(`The lab needs these packages: ${list}. Install them? [y/N] `))
  ) {
    throw new Failure(`The lab needs these packages: apt-get install ${list}`);
  }
  await progress.step(`Installing ${list}`, async (step) => {
    const install = (args: string[]) =>
      runChild("apt-get", args, {
        env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
        onLine: (line) => step.update(line.slice(0, 60)),
      });
    const disabled = lacking.filter(disable);
    // Without fresh lists apt asks for versions that are gone.
    await install(["update", "-q"]);
    const { code, output } = await install([
      "install",
      "-qy",
      "--no-install-recommends",
      ...missing,
    ]);
    if (code === 0) return;
    for (const { disabledBy } of missingPackages(disabled, env)) {
      // Whoever installs the package himself one day wants it to run.
      if (disabledBy !== undefined) fs.rmSync(disabledBy);
    }
    throw new Failure(`apt-get install ${list} failed:\n${output}`);
  });
}

/** Keeps a package that is yet to come from running. @returns whether that was not so before */
function disable({ disabledBy }: Package): boolean {
  if (disabledBy === undefined || fs.existsSync(disabledBy)) return false;
  fs.mkdirSync(path.dirname(disabledBy), { recursive: true });
  fs.writeFileSync(disabledBy, "");
  return true;
}

/** Those that are not there. */
export function missingPackages(
  wanted: readonly Package[],
  env: NodeJS.ProcessEnv = process.env,
): Package[] {
  return wanted.filter(({ program }) => !isInstalled(program, env));
}

function isInstalled(program: string, env: NodeJS.ProcessEnv): boolean {
  if (path.isAbsolute(program)) return fs.existsSync(program);
  try {
    execFileSync("/bin/sh", ["-c", 'command -v "$1"', "sh", program], { stdio: "ignore", env });
    return true;
  } catch {
    return false;
  }
}

async function agrees(question: string): Promise<boolean> {
  if (!isInteractive(process.stdin)) return false;
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
