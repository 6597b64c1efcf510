// The schema of the package, from which Pulumi makes an SDK for each language, is made from these types and their
// comments. What is a `pulumi.Input` may be known later; everything else has to be known when a cluster is planned.
import type * as pulumi from "@pulumi/pulumi";
import type { CaStanding, ClusterArgs, ClusterSettings, PoolArgs } from "../components/index.ts";
import type { CarriedFile } from "../trust/carriers/machine.ts";

/** A folder for the files of machines, which hold keys. */
export type MachineFilesFolder = {
  /** The folder, relative to the project. */
  renderTo: string;
};

/** Where the other objects go: who may read Secrets there has every key. */
export type MachineFilesInCluster = "cluster";

/** Where a component's files of machines go. */
export type MachineFilesInputs = {
  /**
   * Where the machines' files go: to a folder of their own, or with `cluster` to where the other objects go.
   * Default: rendered to `rendered/machines`, and to no cluster.
   */
  machineFiles?: MachineFilesFolder | MachineFilesInCluster;
};

/** What `Cluster` takes: all that it takes in TypeScript. What is deployed is read from the stack itself. */
export type ClusterInputs = Omit<ClusterArgs, "deployedCa"> & MachineFilesInputs;

/** What `Cluster` gives. */
export type ClusterOutputs = {
  /** What everything in the cluster agrees on, for a `NodePool` in another stack. */
  settings: ClusterSettings;
  /** The CA that issues, for a `NodePool` in another stack. All of it is secret. */
  ca: IssuingCa;
  /**
   * Where the cluster stands with its CAs. A program that rotates them exports it as `caStanding`: the next update is
   * held against that output.
   */
  caStanding: CaStanding;
  /** kube-apiserver's flags towards kubelets, each as `--name=value`. */
  apiServerFlags: string[];
  /** The files of each machine, by the machine's name. All of it is secret. */
  machineFiles: Readonly<Record<string, MachineUserData>>;
};

/** What `NodePool` takes. */
export type NodePoolInputs = {
  /** The pool and its machines. */
  pool: PoolArgs;
  /** What everything in the cluster agrees on: the output `settings` of its `Cluster`. */
  settings: ClusterSettings;
  /** The cluster's CA: the output `ca` of its `Cluster`. */
  ca: IssuingCa;
} & MachineFilesInputs;

/** What `NodePool` gives. */
export type NodePoolOutputs = {
  /** The files of each machine, by the machine's name. All of it is secret. */
  machineFiles: Readonly<Record<string, MachineUserData>>;
};

/** The CA by which a cluster issues, as one stack hands it to another. */
export type IssuingCa = {
  /** PEM of the CA certificate; of an intermediate, with the rest of its chain. */
  certPem: pulumi.Input<string>;
  /** PEM of its private key. It is treated as a secret. */
  privateKeyPem: pulumi.Input<string>;
  /**
   * What those trust who verify, PEM: while CAs are rotated, more than this one. Default: the CA itself, and those above
   * it.
   */
  trustPem?: pulumi.Input<string>;
};

/** A machine's files as carriers take them. All of it is secret. */
export type MachineUserData = {
  /** Every file, in order of the paths. */
  files: CarriedFile[];
  /** User data for cloud-init: `#cloud-config` with every file, and the start of containerd and the kubelet. */
  cloudInit: string;
  /** The same, compressed and in base64, for a field that takes user data so. */
  cloudInitBase64: string;
  /** An Ignition configuration, specification 3.4.0, JSON. */
  ignition: string;
};
