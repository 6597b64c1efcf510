import * as pulumi from "@pulumi/pulumi";
import { nodePoolOutputs, tokens } from "../trust/contract.ts";
import type { ServingMode } from "../trust/words/vocabulary.ts";
import { kubeletAccessArguments } from "./api-server-kubelet-access.ts";
import { HostFiles } from "./host-files.ts";
import { KubeletConfigMap } from "./kubelet-config-map.ts";
import {
  type MachineFiles,
  type MachineFilesTarget,
  machineFilesProvider,
  machineFolder,
} from "./machine-files.ts";
import { type ClusterSettings, clusterDnsIp, endpointUrl } from "./model/cluster-settings.ts";
import type { Machine } from "./model/machines.ts";
import { NodeCertificates } from "./node-certificates.ts";
import { type Issuance, issuanceOf } from "./pki/issuance.ts";
import type { PoolArgs } from "./plan/cluster-args.ts";
import { isPlanned, type PlannedPool, planOwnPool } from "./plan/pool-plan.ts";

export type NodePoolArgs = {
  /** As a user describes it, or planned already. */
  pool: PoolArgs | PlannedPool;
  /** What everything in the cluster agrees on; Cluster has it as `settings`. */
  settings: ClusterSettings;
  /** The cluster's CA, with its key. */
  ca: Issuance["ca"];
  /** The CA of machines that have the files of another phase of a rotation, by name. Default: none. */
  behind?: Issuance["behind"];
  /** Where the machines' files go. Default: rendered to `rendered/machines`, and to no cluster. */
  machineFiles?: MachineFilesTarget;
};

/**
 * A pool of nodes: its KubeletConfiguration, its certificates, and the files of its machines. {@link Cluster} makes
 * its own; another stack adds one to a cluster with that cluster's settings and CA.
 *
 * @throws pulumi.RunError when a name, an address or the serving mode will not do, before anything is registered.
 *
 * @example
 * const pool = new NodePool("burst", {
 *   pool: { name: "burst", nodes: [{ name: "burst-0", addresses: ["10.240.0.21"] }] },
 *   settings: cluster.settings,
 *   ca: { certPem, privateKeyPem },
 * });
 */
export class NodePool extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.nodePool;

  readonly poolName: string;
  readonly servingMode: ServingMode;
  readonly machines: readonly Machine[];
  readonly kubeletConfigMap: KubeletConfigMap;
  readonly certificates: NodeCertificates;
  readonly hostFiles: HostFiles;
  /** The files of each machine as carriers take them, by the machine's name. */
  readonly machineFiles: Readonly<Record<string, MachineFiles>>;

  constructor(name: string, args: NodePoolArgs, opts?: pulumi.ComponentResourceOptions) {
    const { settings } = args;
    const issuance = issuanceOf(settings, args.ca, args.behind);
    const pool = isPlanned(args.pool) ? args.pool : planOwnPool(args.pool, settings, "pool");
    super(NodePool.__pulumiType, name, {}, opts);
    this.poolName = pool.name;
    this.servingMode = pool.servingMode;
    this.machines = pool.machines;
    const shared = {
      pool: pool.name,
      clusterName: settings.clusterName,
      servingMode: this.servingMode,
      machines: this.machines,
      ...(settings.hardening === undefined ? {} : { hardening: settings.hardening }),
    };
    this.kubeletConfigMap = new KubeletConfigMap(
      name,
      {
        ...shared,
        clusterDns: clusterDnsIp(settings),
        dnsDomain: settings.dnsDomain,
        configuration: pool.configuration,
      },
      { parent: this },
    );
    this.certificates = new NodeCertificates(
      name,
      { ...shared, server: endpointUrl(settings), issuance },
      { parent: this },
    );
    const provider = machineFilesProvider(name, args.machineFiles, this);
    this.hostFiles = new HostFiles(
      name,
      {
        ...shared,
        ...(provider === undefined ? {} : { provider }),
        kubernetesVersion: settings.kubernetesVersion,
        issuance,
        kubelet: this.kubeletConfigMap.kubelet,
        certificates: this.certificates,
      },
      { parent: this },
    );
    this.machineFiles = this.hostFiles.machineFiles;
    this.registerOutputs({
      [nodePoolOutputs.machineFolder]: machineFolder(args.machineFiles),
      [nodePoolOutputs.name]: this.poolName,
      [nodePoolOutputs.servingMode]: this.servingMode,
      [nodePoolOutputs.nodes]: this.machines.map((node) => node.name),
      [nodePoolOutputs.apiServerFlags]: kubeletAccessArguments(settings.stance),
    });
  }
}
