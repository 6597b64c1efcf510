import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { cloudConfig, compressedCloudConfig } from "../trust/carriers/cloud-init.ts";
import { ignitionConfig } from "../trust/carriers/ignition.ts";
import type { CarriedFile } from "../trust/carriers/machine.ts";
import type { HostFile } from "./pki/host-file.ts";

/**
 * Where the Secrets with the machines' files go.
 *
 * - `{ renderTo }`: to a folder of their own, and to no cluster. Default: `rendered/machines`.
 * - `"cluster"`: where the other objects go. Every key of every machine, the CA's among them, then lies in the cluster,
 *   and who may read Secrets of `kube-system` is its master. For operators that set machines up from there.
 * - a provider: wherever that one puts them.
 */
export type MachineFilesTarget = { readonly renderTo: string } | "cluster" | k8s.Provider;

/** Where machine files go when nothing else is said, relative to the project. */
const defaultMachineFolder = "rendered/machines";

/** The folder of the provider that {@link machineFilesProvider} makes; empty where it makes none. */
export function machineFolder(target: MachineFilesTarget | undefined): string {
  if (target === "cluster" || target instanceof k8s.Provider) return "";
  return target?.renderTo ?? defaultMachineFolder;
}

/** The provider for machine files; `undefined` for that of the cluster's other objects. */
export function machineFilesProvider(
  name: string,
  target: MachineFilesTarget | undefined,
  parent: pulumi.Resource,
): k8s.Provider | undefined {
  if (target === "cluster") return undefined;
  if (target instanceof k8s.Provider) return target;
  const renderYamlToDirectory = machineFolder(target);
  return new k8s.Provider(`${name}/machines`, { renderYamlToDirectory }, { parent });
}

/**
 * The files of one machine, in the forms in which carriers take them. All are secret: they hold the machine's keys.
 * They are made when they are asked for.
 *
 * @example
 * const vm = new compute.Instance("worker-0", {
 *   userData: cluster.machineFiles["worker-0"].cloudInit,
 * });
 */
export class MachineFiles {
  readonly #sorted: readonly HostFile[];
  #files: pulumi.Output<CarriedFile[]> | undefined;

  constructor(files: readonly HostFile[]) {
    this.#sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Path, mode, owner and content of each file, in order of the paths. */
  get files(): pulumi.Output<CarriedFile[]> {
    this.#files ??= carried(this.#sorted);
    return this.#files;
  }

  /** User data for cloud-init: `#cloud-config` with every file, and the start of containerd and the kubelet. */
  get cloudInit(): pulumi.Output<string> {
    return this.files.apply(cloudConfig);
  }

  /**
   * The same, compressed and in base64, for a field that takes user data so: a node's is under the 16 KiB that the
   * strictest clouds take.
   */
  get cloudInitBase64(): pulumi.Output<string> {
    return this.files.apply(compressedCloudConfig);
  }

  /** An Ignition configuration, specification 3.4.0, JSON. */
  get ignition(): pulumi.Output<string> {
    return this.files.apply(ignitionConfig);
  }
}

function carried(files: readonly HostFile[]): pulumi.Output<CarriedFile[]> {
  // One output for all that is unknown; an output for each text would cost more than the texts.
  const outputs = files.flatMap(({ content }) => (typeof content === "string" ? [] : [content]));
  return pulumi.secret(
    pulumi.all(outputs).apply((contents) => {
      const resolved = contents.values();
      return files.map(({ path, mode, content }) => ({
        path,
        mode,
        owner: "root:root",
        content: typeof content === "string" ? content : (resolved.next().value ?? ""),
      }));
    }),
  );
}
