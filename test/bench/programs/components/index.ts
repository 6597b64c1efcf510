/** What is measured: a cluster with one control plane and a pool of `nodes` nodes, by the components. */
import "../../../../components/stack-traces.ts";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../../../components/index.ts";
import { createProvider } from "../../../../components/plan/target.ts";
import { benchMachines } from "../../machines.ts";

const nodes = new pulumi.Config().requireNumber("nodes");
const [controlPlane, ...workers] = benchMachines(nodes + 1);
if (controlPlane === undefined) throw new Error("no control plane");

new Cluster(
  "cluster",
  { controlPlanes: [controlPlane], nodePools: [{ name: "workers", nodes: workers }] },
  {
    providers: [
      createProvider("kubernetes", {
        kubeconfig: undefined,
        renderTo: "rendered",
        machineFiles: "folder",
      }),
    ],
  },
);
