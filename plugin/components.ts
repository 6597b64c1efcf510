import * as pulumi from "@pulumi/pulumi";
import {
  CertificateAuthority,
  Cluster,
  type MachineFiles,
  NodePool,
  readDeployedCa,
} from "../components/index.ts";
import type {
  ClusterInputs,
  ClusterOutputs,
  MachineUserData,
  NodePoolInputs,
  NodePoolOutputs,
} from "./types.ts";

/** What the engine is told of a component that was made. */
export type Made<Outputs> = {
  readonly resource: pulumi.ComponentResource;
  readonly outputs: { readonly [Name in keyof Outputs]: pulumi.Input<unknown> };
};

/** Makes the cluster, held against what the stack that runs has deployed. */
export async function makeCluster(
  name: string,
  inputs: ClusterInputs,
  options: pulumi.ComponentResourceOptions,
): Promise<Made<ClusterOutputs>> {
  const deployedCa = await readDeployedCa();
  const cluster = new Cluster(name, { ...inputs, deployedCa }, options);
  const { ca, settings, caStanding } = cluster;
  return {
    resource: cluster,
    outputs: {
      settings,
      // One output, and so one secret: some languages know of none within a value.
      ca: pulumi.output({
        // With its chain: what another stack adopts.
        certPem: pulumi.interpolate`${ca.certPem}${ca.restOfChainPem}`,
        privateKeyPem: pulumi.secret(ca.privateKeyPem),
        trustPem: cluster.trustPem,
      }),
      caStanding,
      apiServerFlags: [...cluster.kubeletAccess.flags],
      machineFiles: userData(cluster.machineFiles),
    },
  };
}

/** Makes the pool, and beside it the CA of the other stack's cluster, which is checked. */
export async function makeNodePool(
  name: string,
  { pool, settings, ca, machineFiles }: NodePoolInputs,
  options: pulumi.ComponentResourceOptions,
): Promise<Made<NodePoolOutputs>> {
  const { certPem, privateKeyPem } = ca;
  const existing = { certPem, privateKeyPem };
  const authority = new CertificateAuthority(`${name}/ca`, { existing, field: "ca" }, options);
  // The whole of it came as a secret, and certificates are none.
  const trustPem =
    ca.trustPem === undefined ? authority.trustPem : pulumi.unsecret(pulumi.output(ca.trustPem));
  const issuing = { ...authority.issuing, trustPem };
  const made = new NodePool(
    name,
    { pool, settings, ca: issuing, ...(machineFiles === undefined ? {} : { machineFiles }) },
    options,
  );
  return { resource: made, outputs: { machineFiles: userData(made.machineFiles) } };
}

function userData(
  machineFiles: Readonly<Record<string, MachineFiles>>,
): pulumi.Output<Record<string, MachineUserData>> {
  const machines = Object.entries(machineFiles).map(([machine, made]) => {
    const { files, cloudInit, cloudInitBase64, ignition } = made;
    return [machine, { files, cloudInit, cloudInitBase64, ignition }] as const;
  });
  return pulumi.output(Object.fromEntries(machines));
}
