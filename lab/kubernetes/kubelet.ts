/**
 * The kubelet of one machine: the real program with exactly the flags of its unit, and one drop-in with what a lab
 * needs beyond them.
 */
import { Failure } from "../../toolchain/fail.mjs";
import { createCgroup, machineCgroup } from "../host/cgroups.ts";
import { labFolderOnMachine, layOut, type RunningMachine } from "../host/machine.ts";
import { programOnMachine, type RunningProgram, startProgram } from "../host/program-run.ts";
import { flagValue } from "./command-lines.ts";

/** Sorted after a user's own drop-ins, which decide everything else. */
const dropInName = "99-kubelet-trust-lab.conf";

/**
 * Starts the kubelet.
 *
 * @param args the words after `kubelet` of its unit
 */
export function startKubelet(
  machine: RunningMachine,
  args: readonly string[],
): Promise<RunningProgram> {
  return startProgram(machine, {
    name: "kubelet",
    file: programOnMachine("kubelet"),
    args: prepareKubelet(machine, args),
  });
}

/**
 * Lays out the lab's drop-in and the kubelet's cgroup.
 *
 * @param args the words after `kubelet` of its unit
 * @returns the words that it is really started with
 */
export function prepareKubelet(machine: RunningMachine, args: readonly string[]): string[] {
  const given = flagValue(args, "config-dir");
  const folder = given ?? `${labFolderOnMachine}/kubelet.d`;
  if (given !== undefined && !given.startsWith("/")) {
    throw new Failure(`${machine.name}: --config-dir=${given} is not an absolute path.`);
  }
  createCgroup(machineCgroup(machine.lab, machine.name));
  const content = Buffer.from(JSON.stringify(labConfiguration(machine), undefined, 2));
  layOut(machine, [{ path: `${folder}/${dropInName}`, mode: 0o644, content }]);
  // First, so that it cannot be taken for the value of a last flag that lacks one.
  return given === undefined ? [`--config-dir=${folder}`, ...args] : [...args];
}

/**
 * What a kubelet needs to run beside others on one host, and nothing that trust depends on.
 * Source: kubernetes `staging/src/k8s.io/kubelet/config/v1beta1/types.go`.
 */
function labConfiguration(machine: RunningMachine): Readonly<Record<string, unknown>> {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${machineCgroup(machine.lab, machine.name)}`,
    // An empty list is lost when drop-ins are merged.
    enforceNodeAllocatable: ["none"],
    failCgroupV1: false,
    failSwapOn: false,
    // The disk is the host's: how full it is must not decide whether a pod runs.
    evictionHard: {
      "imagefs.available": "0%",
      "imagefs.inodesFree": "0%",
      "memory.available": "0%",
      "nodefs.available": "0%",
      "nodefs.inodesFree": "0%",
    },
    // The lab itself runs what lies there, since no image can be pulled.
    staticPodPath: "",
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
  };
}
