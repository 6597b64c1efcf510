/** The files of machines as the components make them, without an engine. */

import { Cluster, type ClusterArgs } from "../../components/index.ts";
import type { CarriedFile } from "../../trust/carriers/machine.ts";
import {
  type HostFilesSecret,
  hostFilesSecretType,
  readHostFilesSecret,
} from "../../trust/contract.ts";
import { type Registered, register } from "../components/mocks.ts";

/** A cluster of a control plane, `cp-0`, and a node, `w-0`. */
export const twoMachines: ClusterArgs = {
  controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.1"] }],
  nodePools: [{ name: "w", nodes: [{ name: "w-0", addresses: ["10.0.0.11"] }] }],
};

/** A cluster of a control plane, `cp-0`, a node that is given its certificate, `p-0`, and one that requests it, `b-0`. */
export const threeMachines: ClusterArgs = {
  controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.1"] }],
  nodePools: [
    { name: "p", nodes: [{ name: "p-0", addresses: ["10.0.0.11"] }] },
    { name: "b", servingMode: "bootstrap", nodes: [{ name: "b-0", addresses: ["10.0.0.21"] }] },
  ],
};

/** The files of `cp-0`, a control plane, and of `w-0`, a node; keys and certificates are stand-ins. */
export async function filesOfMachines(): Promise<Record<string, CarriedFile[]>> {
  const registered = await register(() => new Cluster("c", twoMachines));
  return Object.fromEntries(
    machinesIn(registered).map(({ machine, files }) => [
      machine,
      files.map((file) => ({ ...file, content: file.content.toString() })),
    ]),
  );
}

/** The machines whose files are among what was registered. */
export function machinesIn(registered: readonly Registered[]): HostFilesSecret[] {
  return registered.flatMap(({ inputs }): HostFilesSecret[] => {
    if (inputs.type !== hostFilesSecretType) return [];
    const read = readHostFilesSecret(inputs);
    if (typeof read === "string") throw new Error(read);
    return [read];
  });
}

/** Texts of machines' files, by machine and path; undefined where there is no such file. */
export function textsIn(
  registered: readonly Registered[],
): (machine: string, path: string) => string | undefined {
  const machines = machinesIn(registered);
  return (machine, path) =>
    machines
      .find((one) => one.machine === machine)
      ?.files.find((file) => file.path === path)
      ?.content.toString();
}

/** Contents that a form could lose: blanks at ends, no newline at the end, none at all, quotes, tabs, other scripts. */
export const difficultFiles: readonly CarriedFile[] = [
  "",
  "no newline at the end",
  "\n\n  leading and trailing \t \n\n\n",
  `key: "a 'quoted' \\ value" # no comment\n- *alias &anchor !tag {}\n`,
  "%percent\r\nwindows line\r\n\ttab\n",
  "ünïcödé 漢字 \u{1f600}\n",
  `${"x".repeat(5000)} ${"y ".repeat(2000)}\n`,
  "---\n...\n#cloud-config\n",
].map((content, index) => ({
  path: `/etc/kubernetes/difficult/${index}`,
  mode: index % 2 === 0 ? "0600" : "0644",
  owner: "root:root",
  content,
}));
