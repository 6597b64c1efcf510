import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import {
  applyKernelSettings,
  hostPath,
  labFolderOnMachine,
  layOut,
  type RunningMachine,
  writeHosts,
} from "../../lab/host/machine.ts";
import {
  layOutSystemctl,
  servicesStarted,
  standInFolder,
  systemctlCalls,
} from "../../lab/host/systemctl.ts";
import { filesOnDisk } from "../../lab/kubernetes/carriers.ts";
import { kubeletArguments } from "../../lab/kubernetes/command-lines.ts";
import { runContainerd } from "../../lab/kubernetes/containerd.ts";
import { type ControlPlaneProgram, startStaticPod } from "../../lab/kubernetes/control-plane.ts";
import { startKubelet } from "../../lab/kubernetes/kubelet.ts";
import { type Machine, readRendered } from "../../lab/kubernetes/rendered.ts";
import {
  ensurePackages,
  ensurePrograms,
  kubernetesVersion,
} from "../../toolchain/kubernetes/programs.ts";
import { createProgress } from "../../toolchain/progress.mjs";
import { type Clone, makeClone } from "../bench/clone.ts";
import { assertShown, type Section, take } from "../docs/pages.ts";
import { type Shell, shellIn, standIn } from "../docs/shell.ts";
import { type BareMachines, startBareMachines } from "./bare-machines.ts";
import { needsLab } from "./requirements.ts";

/** As the page has them. */
const plans = [
  { name: "control-plane-0", addresses: ["10.240.0.10"] },
  { name: "worker-0", addresses: ["10.240.0.11"] },
  { name: "worker-1", addresses: ["10.240.0.12"] },
];

/** Where a machine of the lab has its programs: systemctl is a stand-in, since there is no systemd. */
const pathOnMachine = `${standInFolder}:${labFolderOnMachine}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;

/** Every command of docs/guides/three-machines.md, in its order. ssh and systemd are the lab's; all else is real. */
describe("three machines of one's own, by the guide", function () {
  this.timeout("5m");
  let clone: Clone;
  let bare: BareMachines;
  let shell: Shell;

  before(needsLab);
  before(async () => {
    const progress = createProgress();
    await ensurePackages(progress);
    const programs = await ensurePrograms(progress);
    clone = makeClone({});
    bare = await startBareMachines(plans, programs);
    for (const machine of bare.machines) {
      writeHosts(machine, new Map([[machine.name, machine.addresses[0] ?? ""]]));
      layOutSystemctl(machine);
    }
    const bin = path.join(clone.folder, ".bin");
    standIn(bin, "ssh", ssh(bare.machines));
    standIn(bin, "kubectl", `exec nsenter -t ${bare.init.pid} -n -- ${programs.kubectl} "$@"`);
    const own = { PULUMI_BACKEND_URL: undefined, PULUMI_CONFIG_PASSPHRASE: undefined };
    const PATH = `${bin}${path.delimiter}${process.env.PATH}`;
    // A loop that waits for what never comes has to end.
    shell = shellIn(clone.folder, { PATH, ...own }, ["timeout", "180"]);
  });
  after(async () => {
    await bare?.stop();
    clone?.remove();
  });

  /** Runs a section's blocks and holds what the page shows against what they print. */
  async function follow(section: Section): Promise<void> {
    const ran = await shell.runAll(section);
    const output = ran.map(({ stdout }) => stdout).join("\n");
    for (const shown of section.shown) assertShown(shown, output);
  }

  it("has the files of each machine rendered, and three machines with what they need", async () => {
    await follow(take("docs/guides/three-machines.md", "Say which machines"));
    await follow(take("docs/guides/three-machines.md", "Make the files"));
    await follow(take("docs/guides/three-machines.md", "Look at the machines"));
  });

  it("gives each machine a runtime, a network and its files, byte by byte and mode by mode", async () => {
    await follow(
      take("docs/guides/three-machines.md", "Give them a container runtime and a network"),
    );
    await follow(take("docs/guides/three-machines.md", "Bring each machine its files"));
    for (const [running, { name, files }] of machines()) {
      const brought = filesOnDisk(running, files);
      for (const [index, { path: file, mode, content }] of files.entries()) {
        assert.equal(brought[index]?.mode.toString(8), mode.toString(8), `${name}: ${file}`);
        assert.ok(brought[index]?.content.equals(content), `${name}: ${file} is another`);
      }
    }
  });

  it("starts them, and sees every node ready and answer kube-apiserver, which verifies it", async () => {
    await follow(take("docs/guides/three-machines.md", "Start them"));
    for (const [running, machine] of machines()) await startAsSystemdWould(running, machine);
    await startStaticPods("etcd", "kube-apiserver");
    await follow(take("docs/guides/three-machines.md", "Apply what the cluster gets"));
    // A kubelet starts them again until kube-apiserver is there; the lab starts them once.
    await startStaticPods("kube-controller-manager", "kube-scheduler");
    await follow(take("docs/guides/three-machines.md", "See the nodes"));
  });

  /** Each machine as it runs, with what was rendered for it. */
  function machines(): (readonly [RunningMachine, Machine])[] {
    const rendered = path.join(clone.folder, "rendered", "three");
    const stack = readRendered(rendered, kubernetesVersion);
    return bare.machines.map((running) => {
      const machine = stack.machines.find(({ name }) => name === running.name);
      assert.ok(machine, running.name);
      return [running, machine] as const;
    });
  }

  async function startStaticPods(...programs: readonly ControlPlaneProgram[]): Promise<void> {
    for (const [running, machine] of machines()) {
      if (machine.role !== "control-plane") continue;
      for (const name of programs) await startStaticPod(machine, running, name);
    }
  }
});

/** A script that stands for `ssh root@ADDRESS COMMAND`. */
function ssh(machines: readonly RunningMachine[]): string {
  const hosts = machines.map(({ pid, addresses }) => `root@${addresses[0]}) pid=${pid} ;;`);
  return `case $1 in
  ${hosts.join("\n  ")}
  *) echo "ssh: $1: no such machine" >&2; exit 255 ;;
esac
shift
exec nsenter -t $pid -p -m -n -u -- env -i -C / PATH=${pathOnMachine} HOME=/root bash -c "$*"`;
}

/** Starts what systemctl was asked to start, from the files that the guide's commands have put there. */
async function startAsSystemdWould(running: RunningMachine, machine: Machine): Promise<void> {
  assert.deepEqual(servicesStarted(systemctlCalls(running)), [
    "containerd.service",
    "kubelet.service",
  ]);
  applyKernelSettings(running, machine.files);
  const given = fs.readFileSync(hostPath(running, "/etc/containerd/config.toml"), "utf8");
  // Without systemd there is no cgroup driver of that name, neither here nor for the lab's kubelets.
  assert.match(given, /SystemdCgroup = true/);
  const config = `${labFolderOnMachine}/containerd.toml`;
  const content = Buffer.from(given.replace("SystemdCgroup = true", "SystemdCgroup = false"));
  layOut(running, [{ path: config, mode: 0o644, content }]);
  await runContainerd(running, config);
  const args = kubeletArguments(machine);
  assert.ok(args, `${machine.name} has no kubelet`);
  await startKubelet(running, args);
}
