/**
 * Makes the machines of a cluster. Each machine's address comes from a network interface, which is made first: the
 * user data of a machine holds its addresses, so they cannot come from the machine that is started with it.
 */
import "../../components/stack-traces.ts";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../components/index.ts";
import { Machine, NetworkInterface } from "./cloud.ts";

const subnet = new pulumi.Config().require("subnet");
const interfaces = Object.fromEntries(
  ["control-plane-0", "worker-0", "worker-1"].map((name, i) => [
    name,
    new NetworkInterface(name, { subnet, first: 10 * (i + 1) }),
  ]),
);

/** A machine of the cluster, at the address of its interface. */
function node(name: string) {
  const address = interfaces[name]?.privateIp;
  return { name, addresses: address === undefined ? [] : [address] };
}

const provider = new k8s.Provider("kubernetes", { renderYamlToDirectory: "rendered/cluster" });
const cluster = new Cluster(
  "cluster",
  {
    controlPlanes: [node("control-plane-0")],
    nodePools: [{ name: "workers", nodes: [node("worker-0"), node("worker-1")] }],
  },
  { providers: [provider] },
);

const machines = Object.entries(interfaces).map(([name, networkInterface]) => {
  const userData = cluster.machineFiles[name]?.cloudInit ?? "";
  return [name, new Machine(name, { networkInterface, userData })] as const;
});

/** Where the machines are. */
export const addresses = Object.fromEntries(
  Object.entries(interfaces).map(([name, { privateIp }]) => [name, privateIp]),
);

/** What the machines are started with, secret. */
export const userData = Object.fromEntries(machines.map(([name, made]) => [name, made.userData]));
