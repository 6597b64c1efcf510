/**
 * The part of `refresh` that runs in the lab's network namespace.
 * A program of its own: `node refresh-inside.ts STACK CLONE MARK`.
 */
import { X509Certificate } from "node:crypto";
import { runMain } from "../../toolchain/fail.mjs";
import { labOf } from "../host/identity.ts";
import { differs, layOut, type MachineFile, type RunningMachine } from "../host/machine.ts";
import { waitFor } from "../host/patience.ts";
import { kubeletPort, servedFingerprint } from "../host/served.ts";
import { readState } from "../host/state.ts";
import { type Reload, reloadOf } from "../kubernetes/reloads.ts";
import { ipAddresses, type Machine, readRendered } from "../kubernetes/rendered.ts";

/** Seconds in which a certificate must be seen; kube-apiserver looks once a minute at the latest. */
const patience = 70;

const ports = { kubelet: kubeletPort, "kube-apiserver": 6443 };

await runMain(async () => {
  const [stackName = "", clone = ""] = process.argv.slice(2);
  const lab = labOf(stackName, clone);
  const state = readState(lab);
  if (state === undefined) throw new Error("the lab has no state");
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const stack = readRendered(state.rendered, state.kubernetesVersion);
  let replaced = 0;
  let missed = 0;
  for (const machine of stack.machines) {
    const found = state.machines.find(({ name }) => name === machine.name);
    if (found === undefined) {
      say(`${machine.name} is new: \`npm run lab -- up\` starts it.`);
      continue;
    }
    const running: RunningMachine = { ...found, lab };
    const changed = machine.files.filter((file) => differs(running, file));
    replaced += changed.length;
    // A certificate and its key must change together.
    layOut(running, changed);
    for (const file of changed) {
      const reload = reloadOf(machine, file.path);
      say(`${machine.name}: ${file.path} was replaced: ${reload.says}`);
      const seen = await seenAfter(machine, file, reload);
      if (seen !== undefined) say(`${machine.name}: ${seen.says}`);
      if (seen?.served === false) missed += 1;
    }
  }
  if (replaced === 0) say("Nothing has changed.");
  return missed === 0 ? 0 : 1;
});

/** Waits until a replaced certificate is served; undefined for a file that nobody serves. */
async function seenAfter(machine: Machine, file: MachineFile, { servedOn }: Reload) {
  const [host] = ipAddresses(machine);
  if (servedOn === undefined || host === undefined || !file.path.endsWith(".crt")) return undefined;
  const { fingerprint256 } = new X509Certificate(file.content);
  const start = Date.now();
  try {
    await waitFor(
      "the new certificate",
      async () =>
        (await servedFingerprint(host, ports[servedOn])) === fingerprint256 ? true : undefined,
      { seconds: patience, every: 100 },
    );
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    return { served: true, says: `${servedOn} serves the new certificate after ${seconds} s.` };
  } catch {
    return { served: false, says: `${servedOn} still serves the old one after ${patience} s.` };
  }
}
