/**
 * The container runtime of one machine.
 */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import { promisify } from "node:util";
import { Failure } from "../../toolchain/fail.mjs";
import { labImage } from "../host/image.ts";
import { hostPath, labFolderOnMachine, layOut, type RunningMachine } from "../host/machine.ts";
import { waitFor } from "../host/patience.ts";
import { lastWords, type RunningProgram, startProgram } from "../host/program-run.ts";

const run = promisify(execFile);

/** Where a kubelet looks for its runtime when nothing says otherwise (KubeletConfiguration v1beta1, `containerRuntimeEndpoint`). */
const runtimeSocket = "/run/containerd/containerd.sock";

/** statfs(2): the type of an overlay file system, on which another overlay cannot be mounted. */
const overlayMagic = 0x794c7630;

/**
 * Starts containerd on a machine, with the lab's image in it.
 *
 * @param image the archive that {@link writeImage} made
 * @param podSubnet addresses of the machine's pods, e.g. `10.85.1.0/24`
 * @throws {Failure} with containerd's last words.
 */
export async function startContainerd(
  machine: RunningMachine,
  image: string,
  podSubnet: string,
): Promise<RunningProgram> {
  const config = "/etc/containerd/config.toml";
  layOut(machine, [
    { path: config, mode: 0o644, content: Buffer.from(containerdConfig(machine)) },
    {
      path: "/etc/cni/net.d/10-lab.conflist",
      mode: 0o644,
      content: Buffer.from(podNetwork(podSubnet)),
    },
    { path: `${labFolderOnMachine}/image.tar`, mode: 0o644, content: fs.readFileSync(image) },
  ]);
  return runContainerd(machine, config, [
    ...["--namespace", "k8s.io"],
    ...["images", "import", `${labFolderOnMachine}/image.tar`],
  ]);
}

/**
 * Starts containerd with a configuration that the machine has, and waits until it answers, as systemd does
 * (`Type=notify`): a kubelet that finds no runtime ends at once.
 *
 * @param question what `ctr` is to ask it; default its version
 * @throws {Failure} with containerd's last words.
 */
export async function runContainerd(
  machine: RunningMachine,
  config: string,
  question: readonly string[] = ["version"],
): Promise<RunningProgram> {
  const containerd = await startProgram(machine, {
    name: "containerd",
    file: "containerd",
    args: ["--config", config],
  });
  let ended = false;
  containerd.ended.then(() => {
    ended = true;
  });
  await waitFor(`containerd on ${machine.name}`, async () => {
    if (ended)
      throw new Failure(`containerd on ${machine.name} ended: ${lastWords(containerd.log)}`);
    return fs.existsSync(hostPath(machine, runtimeSocket)) && (await answers(machine, question))
      ? true
      : undefined;
  });
  return containerd;
}

async function answers(machine: RunningMachine, question: readonly string[]): Promise<boolean> {
  try {
    await run("nsenter", ["-t", String(machine.pid), "-p", "-m", "--", "ctr", ...question]);
    return true;
  } catch {
    return false;
  }
}

function containerdConfig(machine: RunningMachine): string {
  const overlay = fs.statfsSync(hostPath(machine, "/var/lib")).type === overlayMagic;
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${runtimeSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${labImage}"
  # Lowering one's own OOM score takes a capability that containers and virtual machines often lack.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${overlay ? "native" : "overlayfs"}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

/** A network for the machine's own pods: each has an address and reaches the machine. */
function podNetwork(subnet: string): string {
  return JSON.stringify({
    cniVersion: "0.4.0",
    name: "lab",
    plugins: [{ type: "ptp", ipam: { type: "host-local", ranges: [[{ subnet }]] } }],
  });
}
