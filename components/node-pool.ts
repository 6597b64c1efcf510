import * as pulumi from "@pulumi/pulumi";
import { tokens } from "../trust/contract.ts";
import type { ServingMode } from "../trust/words/vocabulary.ts";
import { HostFiles } from "./host-files.ts";
import type { KubeletConfiguration } from "./kubeadm/kubelet-configuration.ts";
import { KubeletConfigMap } from "./kubelet-config-map.ts";
import { NodeCertificates } from "./node-certificates.ts";
import type { Issuance } from "./pki/issuance.ts";
import {
  type ClusterSettings,
  clusterDnsIp,
  endpointUrl,
  issuanceOf,
} from "./plan/cluster-settings.ts";
import { failOn } from "./plan/failure.ts";
import { type Machine, type MachineArgs, machine } from "./plan/machines.ts";
import { poolProblems } from "./plan/pool-problems.ts";

/** A pool as a user describes it. */
export interface PoolArgs {
  /** At most 50 lower-case letters, digits and `-`. */
  name: string;
  /** How the pool's kubelets come by their serving certificates; the rest follows. Default `provisioned`. */
  servingMode?: ServingMode;
  nodes: readonly MachineArgs[];
  /** Whatever else the pool's KubeletConfiguration should say. Default: nothing. */
  kubeletConfiguration?: KubeletConfiguration;
}

export interface NodePoolArgs {
  pool: PoolArgs;
  /** What everything in the cluster agrees on; Cluster has it as `settings`. */
  settings: ClusterSettings;
  /** The cluster's CA, with its key. */
  ca: Issuance["ca"];
}

/**
 * A pool of nodes: its KubeletConfiguration, its certificates, and the files of its machines. {@link Cluster} makes
 * its own; another stack adds one to a cluster with that cluster's settings and CA.
 *
 * @throws pulumi.RunError when a name, an address or the serving mode will not do, before anything is registered.
 */
export class NodePool extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.nodePool;

  readonly poolName: string;
  readonly servingMode: ServingMode;
  readonly machines: readonly Machine[];
  readonly kubeletConfigMap: KubeletConfigMap;
  readonly certificates: NodeCertificates;
  readonly hostFiles: HostFiles;

  constructor(name: string, args: NodePoolArgs, opts?: pulumi.ComponentResourceOptions) {
    const { pool, settings, ca } = args;
    failOn(poolProblems(pool, settings.stance, "pool"));
    super(NodePool.__pulumiType, name, {}, opts);
    this.poolName = pool.name;
    this.servingMode = pool.servingMode ?? "provisioned";
    this.machines = pool.nodes.map(machine);
    const shared = {
      pool: pool.name,
      clusterName: settings.clusterName,
      servingMode: this.servingMode,
      machines: this.machines,
    };
    this.kubeletConfigMap = new KubeletConfigMap(
      name,
      {
        ...shared,
        clusterDns: clusterDnsIp(settings),
        dnsDomain: settings.dnsDomain,
        ...(pool.kubeletConfiguration === undefined
          ? {}
          : { configuration: pool.kubeletConfiguration }),
      },
      { parent: this },
    );
    this.certificates = new NodeCertificates(
      name,
      { ...shared, server: endpointUrl(settings), issuance: issuanceOf(settings, ca) },
      { parent: this },
    );
    this.hostFiles = new HostFiles(
      name,
      {
        ...shared,
        kubernetesVersion: settings.kubernetesVersion,
        caPem: ca.certPem,
        kubelet: this.kubeletConfigMap.kubelet,
        certificates: this.certificates,
      },
      { parent: this },
    );
    this.registerOutputs({
      name: this.poolName,
      servingMode: this.servingMode,
      nodes: this.machines.map((node) => node.name),
    });
  }
}
