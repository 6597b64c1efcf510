/** The program of a stack: reads its configuration into a cluster, and shows what came of it. */
import "./components/stack-traces.ts";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "./components/index.ts";
import { readConfiguration } from "./components/plan/configuration.ts";
import {
  createProvider,
  describeMachineFiles,
  describeTarget,
  machineFilesTarget,
} from "./components/plan/target.ts";
import { certificateExpiry, trustLines } from "./components/summary.ts";

const configuration = await readConfiguration();
const provider = createProvider("kubernetes", configuration.target);
const { target } = configuration;
const cluster = new Cluster(
  "cluster",
  { ...configuration.cluster, machineFiles: machineFilesTarget(target) },
  { providers: [provider] },
);

/** Where the Kubernetes objects went. */
export const objects = describeTarget(configuration.target);

/** Where the files of the machines went. */
export const machines = describeMachineFiles(configuration.target);

/** When the certificates end. */
export const certificates = certificateExpiry(cluster);

/** Who trusts whom, one line a pool. */
export const trust = trustLines(cluster);

/** For another stack that adds a pool to this cluster; see examples/extra-pool. */
export const settings = cluster.settings;
export const ca = {
  // With its chain: what another stack adopts.
  certPem: pulumi.interpolate`${cluster.ca.certPem}${cluster.ca.restOfChainPem}`,
  privateKeyPem: pulumi.secret(cluster.ca.privateKeyPem),
  // In a rotation, more than the CA itself.
  trustPem: cluster.trustPem,
};

/** Where the cluster stands with its CAs; the next update reads it. */
export const caStanding = cluster.caStanding;
