import * as pulumi from "@pulumi/pulumi";
import { certificateNames, issuerOutputs, paths, tokens } from "../trust/contract.ts";
import { servingModeMeaning } from "../trust/words/serving-mode.ts";
import type { ServingMode } from "../trust/words/vocabulary.ts";
import { kubeconfig } from "./kubeadm/kubeconfig.ts";
import { dnsNames, ipAddresses, type Machine } from "./model/machines.ts";
import { type HostFile, keyPairFiles, privateFile } from "./pki/host-file.ts";
import {
  digestsOfAll,
  type Issuance,
  type IssuedCertificate,
  issuanceFor,
  issueCertificate,
  trustOf,
} from "./pki/issuance.ts";

export type NodeCertificatesArgs = {
  /** The machines of one pool. */
  machines: readonly Machine[];
  /** How their kubelets come by a serving certificate. */
  servingMode: ServingMode;
  /** Cluster name in the kubeconfigs. */
  clusterName: string;
  /** URL of kube-apiserver. */
  server: pulumi.Input<string>;
  /** The cluster's CA, with its key. */
  issuance: Issuance;
};

/** What one node gets. */
export type NodeCredentials = {
  /** The kubelet client kubeconfig, secret. */
  kubeconfig: pulumi.Output<string>;
  /** The kubelet client certificate (`system:node:<name>`, group `system:nodes`). */
  client: IssuedCertificate;
  /** The kubelet serving certificate; in mode `provisioned` alone. */
  serving: IssuedCertificate | undefined;
};

/**
 * The kubelet certificates of a pool: for each node a client kubeconfig, and in mode `provisioned` a serving
 * certificate with every address of the node as a DNS or IP SAN.
 *
 * Keys and kubeconfigs stay on the instance. They are not registered as outputs, since the resources they come
 * from keep them already, and a thousand nodes would have them in the state twice.
 * Source: kubernetes `cmd/kubeadm/app/phases/kubeconfig/kubeconfig.go`; the subject and usages of the serving
 * certificate are those of the signer `kubernetes.io/kubelet-serving` (`pkg/apis/certificates/helpers.go`).
 *
 * @example
 * const { nodes } = new NodeCertificates("workers", {
 *   machines: pool.machines,
 *   servingMode: "provisioned",
 *   clusterName: "prod",
 *   server: "https://10.240.0.10:6443",
 *   issuance,
 * });
 */
export class NodeCertificates extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.nodeCertificates;

  /** By node name. */
  readonly nodes: Readonly<Record<string, NodeCredentials>>;

  constructor(name: string, args: NodeCertificatesArgs, opts?: pulumi.ComponentResourceOptions) {
    super(NodeCertificates.__pulumiType, name, {}, opts);
    const nodes: Record<string, NodeCredentials> = {};
    // Loops over machines and pools are plain ones: with each resource the SDK sends the whole call stack.
    for (const machine of args.machines) nodes[machine.name] = issueNode(name, machine, this, args);
    this.nodes = nodes;
    this.registerOutputs({
      servingMode: args.servingMode,
      nodes: args.machines.map((machine) => machine.name),
      [issuerOutputs.digests]: digestsOfAll(
        Object.values(nodes).flatMap(({ client, serving }) => [
          client,
          ...(serving ? [serving] : []),
        ]),
      ),
    });
  }
}

/** The files that carry a node's credentials. */
export function credentialFiles({ kubeconfig, serving }: NodeCredentials): HostFile[] {
  return [
    privateFile(paths.kubeletConf, kubeconfig),
    ...(serving === undefined ? [] : keyPairFiles(paths.kubeletServing, serving)),
  ];
}

function issueNode(
  name: string,
  machine: Machine,
  parent: NodeCertificates,
  { servingMode, clusterName, server, issuance: ofAll }: NodeCertificatesArgs,
): NodeCredentials {
  const issuance = issuanceFor(machine.name, ofAll);
  const user = `system:node:${machine.name}`;
  const identity = { commonName: user, organization: "system:nodes" };
  const client = issueCertificate(
    `${name}/${machine.name}/${certificateNames.kubeletClient}`,
    { ...identity, usages: ["client_auth"] },
    issuance,
    { parent },
  );
  const serving =
    servingModeMeaning[servingMode].madeBy === "stack"
      ? issueCertificate(
          `${name}/${machine.name}/${certificateNames.kubeletServing}`,
          {
            ...identity,
            dnsNames: dnsNames(machine),
            ipAddresses: ipAddresses(machine),
            usages: ["server_auth"],
          },
          issuance,
          { parent },
        )
      : undefined;
  return {
    client,
    serving,
    kubeconfig: kubeconfig({
      cluster: clusterName,
      server,
      user,
      caPem: trustOf(issuance.ca),
      client,
    }),
  };
}
