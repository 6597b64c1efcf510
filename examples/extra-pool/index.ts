/**
 * Adds a pool of nodes to the cluster of another stack, with that stack's CA and settings. The CA's key travels as a
 * secret from state to state and is seen in neither.
 */
import "../../components/stack-traces.ts";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  CertificateAuthority,
  type ClusterSettings,
  type MachineArgs,
  NodePool,
} from "../../components/index.ts";

const config = new pulumi.Config();
const stack = config.require("cluster");
const cluster = new pulumi.StackReference(stack);

// Read at once: the settings decide texts that a preview should show.
const settings = (await cluster.getOutputDetails("settings")).value as ClusterSettings | undefined;
if (settings === undefined) {
  throw new pulumi.RunError(
    `cluster: stack ${stack} has no output named settings. Run pulumi up there first, or name another stack.`,
  );
}
const existing = cluster.requireOutput("ca") as pulumi.Output<{
  certPem: string;
  privateKeyPem: string;
  trustPem?: string;
}>;

const provider = new k8s.Provider("kubernetes", { renderYamlToDirectory: "rendered/cluster" });
const authority = new CertificateAuthority("ca", {
  existing: { certPem: existing.certPem, privateKeyPem: existing.privateKeyPem },
});
const pool = new NodePool(
  "pool",
  {
    pool: {
      name: config.require("poolName"),
      servingMode: "provisioned",
      nodes: config.requireObject<MachineArgs[]>("nodes"),
    },
    settings,
    ca: {
      certPem: authority.certPem,
      // Not the CA's own alone: while it is rotated, the machines trust another one too.
      trustPem: pulumi.unsecret(
        pulumi.all([existing, authority.trustPem]).apply(([{ trustPem }, own]) => trustPem ?? own),
      ),
      ...(authority.chainPem === undefined ? {} : { chainPem: authority.chainPem }),
      privateKeyPem: authority.privateKeyPem ?? existing.privateKeyPem,
    },
  },
  { providers: [provider] },
);

/** The Secrets that hold each machine's files. */
export const hostFiles = pool.hostFiles.secretNames;
