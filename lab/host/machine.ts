/**
 * A machine of the lab: a host name, a network card with the machine's addresses, and a file system that is this
 * host's but for the folders a node writes to and the files the stack gave it.
 */
import { execFile, spawn } from "node:child_process";
import * as fs from "node:fs";
import { isIPv6 } from "node:net";
import * as path from "node:path";
import { promisify } from "node:util";
import { Failure } from "../../toolchain/fail.mjs";
import type { Programs } from "../../toolchain/kubernetes/programs.ts";
import { type Lab, processMark } from "./identity.ts";
import { kernelSettings, settingsIn } from "./kernel-settings.ts";
import { firstChild, identify, type ProcessIdentity } from "./processes.ts";
import { switchAddress, switchName, untilReady } from "./sandbox.ts";
import { updateState } from "./state.ts";

const run = promisify(execFile);

/** One file of a machine. */
export type MachineFile = {
  /** Absolute. */
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
};

/** What a machine is made of. */
export type MachinePlan = {
  /** Unique in the lab; names its folder. */
  readonly name: string;
  /** Its own host name. Default: the name. */
  readonly hostName?: string;
  readonly addresses: readonly string[];
  readonly files: readonly MachineFile[];
};

/** A machine that is up. */
export type RunningMachine = ProcessIdentity & {
  readonly lab: Lab;
  readonly name: string;
  readonly addresses: readonly string[];
};

/** Where a machine finds the lab's own files. */
export const labFolderOnMachine = "/run/kubelet-trust";

/** Folders of the host that a machine has to itself, empty at first. */
const ownFolders = ["/var/log", "/var/lib"];

/**
 * Builds the machine inside fresh mount, UTS and network namespaces. Positional parameters: its host name, its
 * folder on the host, then name and file of each program to show in it. `/etc` is written to in memory only, and hides what a
 * Kubernetes on the host itself may have there.
 */
const machineScript = `
set -e
name=$1 folder=$2; shift 2
hostname "$name"
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs /run
own=${labFolderOnMachine}
mkdir -p $own/bin $own/etc/upper $own/etc/work $own/empty
while [ $# -gt 0 ]; do
  touch "$own/bin/$1"; mount --bind "$2" "$own/bin/$1"; shift 2
done
mount -t overlay overlay -o lowerdir=/etc,upperdir=$own/etc/upper,workdir=$own/etc/work /etc
for hidden in /etc/kubernetes /etc/cni /etc/containerd; do
  mkdir -p $own$hidden $hidden; mount --bind $own$hidden $hidden
done
echo "$name" > /etc/hostname
rm -f /etc/resolv.conf; echo "nameserver ${switchAddress}" > /etc/resolv.conf
for setting in ${kernelSettings.join(" ")}; do
  mkdir -p $own/sysctl/$(dirname $setting)
  cat /proc/sys/$setting > $own/sysctl/$setting
  mount --bind $own/sysctl/$setting /proc/sys/$setting
done
for private in ${ownFolders.join(" ")}; do
  mkdir -p "$folder$private"; mount --bind "$folder$private" $private
done
echo ready
exec >/dev/null 2>&1
exec -a "$0" sleep infinity
`;

/**
 * Starts a machine: its namespaces, its network card, its files.
 *
 * @throws {Failure} when a file does not fit or the machine cannot be made.
 */
export async function startMachine(
  lab: Lab,
  init: ProcessIdentity,
  programs: Programs,
  plan: MachinePlan,
): Promise<RunningMachine> {
  const folder = path.join(lab.folder, "machines", plan.name);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const child = spawn(
    "nsenter",
    [
      ...["-t", String(init.pid), "-p", "-m", "--", "unshare", "--mount", "--uts", "--net"],
      ...["bash", "-c", machineScript, processMark(lab, plan.name)],
      ...[plan.hostName ?? plan.name, folder, ...Object.entries(programs).flat()],
    ],
    { detached: true, stdio: ["ignore", "pipe", "pipe"] },
  );
  await untilReady(child, `Machine ${plan.name} cannot be made`);
  const pid = await firstChild(child.pid ?? 0);
  const identity = pid === undefined ? undefined : identify(pid);
  if (identity === undefined) throw new Failure(`Machine ${plan.name} ended at once.`);
  const machine = { ...identity, lab, name: plan.name, addresses: plan.addresses };
  updateState(lab, (state) => ({
    ...state,
    machines: [...state.machines, { ...identity, name: plan.name, addresses: plan.addresses }],
  }));
  await plugIn(init, machine);
  layOut(machine, plan.files);
  applyKernelSettings(machine, plan.files);
  return machine;
}

/** Applies what files of sysctl.d say, in place: the copies are mounted over the host's settings one by one. */
export function applyKernelSettings(machine: RunningMachine, files: readonly MachineFile[]): void {
  for (const [setting, value] of settingsIn(files)) {
    fs.writeFileSync(hostPath(machine, `${labFolderOnMachine}/sysctl/${setting}`), `${value}\n`);
  }
}

/**
 * The host's path of a file as the machine sees it. Root reaches another mount namespace through its processes; a
 * symbolic link on the way would lead back to the host's own files, so each is followed here.
 */
export function hostPath(machine: Pick<RunningMachine, "pid">, file: string): string {
  const root = `/proc/${machine.pid}/root`;
  let at = "";
  let steps = file.split("/").filter((part) => part !== "");
  for (let links = 0; steps.length > 0; ) {
    const [step = "", ...rest] = steps;
    const next = path.join(at, "/", step);
    const target = links < 40 ? linkTarget(root + next) : undefined;
    if (target === undefined) {
      at = next;
      steps = rest;
    } else {
      links += 1;
      at = path.isAbsolute(target) ? "" : at;
      steps = [...target.split("/").filter((part) => part !== ""), ...rest];
    }
  }
  return root + at;
}

function linkTarget(file: string): string | undefined {
  try {
    return fs.readlinkSync(file);
  } catch {
    return undefined;
  }
}

/** Folders below which the lab lays out files: elsewhere they would change the host. */
const writable = ["/etc", "/run", ...ownFolders];

/**
 * Refuses files that would be written to the host.
 *
 * @throws {Failure} naming the first path outside the machine's own folders.
 */
export function requireOwnFolders(
  { name }: Pick<RunningMachine, "name">,
  files: readonly Pick<MachineFile, "path">[],
): void {
  const outside = files.find(
    ({ path: file }) => !writable.some((folder) => file.startsWith(`${folder}/`)),
  );
  if (outside === undefined) return;
  throw new Failure(
    `${name} wants a file at ${outside.path}; the lab lays out files below ${writable.join(", ")} only.`,
  );
}

/**
 * Writes files where the machine expects them, each at once or not at all.
 *
 * @throws {Failure} naming a path outside the machine's own folders, or a full disk.
 */
export function layOut(machine: RunningMachine, files: readonly MachineFile[]): void {
  requireOwnFolders(machine, files);
  for (const { path: file, mode, content } of files) {
    const target = hostPath(machine, file);
    try {
      fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o755 });
      fs.writeFileSync(`${target}.new`, content, { mode });
      fs.chmodSync(`${target}.new`, mode);
      fs.renameSync(`${target}.new`, target);
    } catch (error) {
      throw new Failure(`${machine.name}: ${file} cannot be written: ${(error as Error).message}.`);
    }
  }
}

/** Whether a machine has another file, or none, at the path of this one. */
export function differs(
  machine: RunningMachine,
  { path: file, content }: Pick<MachineFile, "path" | "content">,
): boolean {
  try {
    return !fs.readFileSync(hostPath(machine, file)).equals(content);
  } catch {
    return true;
  }
}

/** Replaces the machine's hosts file. */
export function writeHosts(machine: RunningMachine, hosts: ReadonlyMap<string, string>): void {
  const lines = [...hosts].map(([name, address]) => `${address} ${name}\n`);
  const content = Buffer.from(`127.0.0.1 localhost\n::1 localhost\n${lines.join("")}`);
  layOut(machine, [{ path: "/etc/hosts", mode: 0o644, content }]);
}

/** Gives the machine a network card on the lab's switch, with all its addresses. */
async function plugIn(init: ProcessIdentity, machine: RunningMachine): Promise<void> {
  const card = `port${machine.pid}`;
  const inLab = ["-t", String(init.pid), "-n", "--", "sh", "-ec"];
  await run("nsenter", [
    ...inLab,
    `ip link add ${card} type veth peer name eth0 netns ${machine.pid}
    ip link set ${card} master ${switchName} up
    ${machine.addresses.map((address) => `ip route add ${host(address)} dev ${switchName}`).join("\n")}`,
  ]);
  const network = (target: string) => `ip route add ${target} dev eth0 scope link`;
  await run("nsenter", [
    ...["-t", String(machine.pid), "-n", "--", "sh", "-ec"],
    `echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad 2>/dev/null || true
    ip link set eth0 up
    ${machine.addresses.map((address) => `ip addr add ${host(address)} dev eth0${atOnce(address)}`).join("\n")}
    ${network(switchAddress)}`,
  ]);
}

/** Tells each machine the way to all others; their addresses share no subnet that could say so. */
export async function connect(machines: readonly RunningMachine[]): Promise<void> {
  await Promise.all(
    machines.map(async (machine) => {
      const others = machines.filter((other) => other !== machine);
      const routes = others
        .flatMap(({ addresses }) => addresses)
        .map((address) => {
          const source = machine.addresses.find((own) => isIPv6(own) === isIPv6(address));
          const from = source === undefined ? "" : ` src ${source}`;
          return `ip route replace ${host(address)} dev eth0 scope link${from}`;
        });
      if (routes.length === 0) return;
      await run("nsenter", ["-t", String(machine.pid), "-n", "--", "sh", "-ec", routes.join("\n")]);
    }),
  );
}

/** Even where looking for duplicates is off, an IPv6 address is tentative for a moment, and can be no route's source. */
function atOnce(address: string): string {
  return isIPv6(address) ? " nodad" : "";
}

function host(address: string): string {
  return `${address}/${isIPv6(address) ? 128 : 32}`;
}
