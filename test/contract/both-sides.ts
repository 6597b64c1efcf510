/**
 * Builds a cluster with the components and reads it with the policy pack and the lab; prints what they made of it as
 * JSON. Run as a program of its own, so that it can run in a copy of the project whose contract says other names.
 */

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stringify } from "yaml";
import { Cluster, type ClusterArgs } from "../../components/index.ts";
import { kubeletArguments, staticPodCommands } from "../../lab/kubernetes/command-lines.ts";
import { reloadOf } from "../../lab/kubernetes/reloads.ts";
import { readRendered } from "../../lab/kubernetes/rendered.ts";
import { paths, renderedParts, tokens } from "../../trust/contract.ts";
import { register } from "../components/mocks.ts";
import { violationsOf } from "../policies/fake.ts";
import { threeMachines } from "../support/machine-files.ts";
import { recordPreview } from "../support/recorded.ts";

const program = (stance: Pick<ClusterArgs, "stance" | "skipReason">) => () => {
  new Cluster("c", { ...threeMachines, ...stance });
};

/** Names of what a component registers, of its type. */
async function registered(token: string): Promise<string[]> {
  const found = (await recordPreview(program({}))).find(({ type }) => type === token);
  return Object.keys(found?.props ?? {}).sort();
}

/** What the pack says at a first preview. Of a skip it must say something, so that blindness shows. */
const says = async (stance: Pick<ClusterArgs, "stance" | "skipReason">) =>
  violationsOf(await recordPreview(program(stance))).map(
    ({ policy, enforcementLevel, message }) => `${policy} (${enforcementLevel}): ${message}`,
  );

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-contract-"));
try {
  const manifests = path.join(folder, renderedParts.machines, renderedParts.folders[1]);
  fs.mkdirSync(manifests, { recursive: true });
  for (const [index, { type, inputs }] of (await register(program({}))).entries()) {
    if (!type.startsWith("kubernetes:")) continue;
    fs.writeFileSync(path.join(manifests, `${index}.yaml`), stringify(inputs));
  }
  const { machines } = readRendered(folder, "1.37.2");
  console.log(
    JSON.stringify({
      verify: await says({ stance: "verify" }),
      skip: await says({ stance: "skip", skipReason: "a test" }),
      cluster: await registered(tokens.cluster),
      pool: await registered(tokens.nodePool),
      machines: machines.map((machine) => ({
        name: machine.name,
        role: machine.role,
        servingMode: machine.servingMode,
        addresses: machine.addresses,
        files: machine.files.length,
        kubelet: kubeletArguments(machine)?.length,
        pods: staticPodCommands(machine).map(({ program }) => program),
        reload: reloadOf(machine, `${paths.kubeletServing}.crt`).servedOn,
      })),
    }),
  );
} finally {
  fs.rmSync(folder, { recursive: true });
}
