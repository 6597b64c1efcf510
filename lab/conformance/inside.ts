/**
 * The part of the conformance run that is in the lab's network namespace.
 * A program of its own: `node inside.ts LAB CLONE RESULTS KUBELETS LENGTH CALLERS`.
 */
import * as fs from "node:fs";
import { runMain } from "../../toolchain/fail.mjs";
import type { CallerPrograms } from "../../toolchain/kubernetes/callers.ts";
import { labOf } from "../host/identity.ts";
import { readState } from "../host/state.ts";
import { askCallers, startCallers } from "./callers.ts";
import type { Case } from "./case.ts";
import { runClient } from "./client.ts";
import { askDoctor } from "./doctor.ts";
import type { KubeletNode } from "./kubelet-node.ts";
import { openPorts } from "./odd-ports.ts";
import { type Length, planOf } from "./plan.ts";
import { see } from "./seen.ts";
import { runServing, type Wave } from "./serving.ts";
import { runStartup } from "./startup.ts";
import { startWorld } from "./world.ts";

await runMain(async () => {
  const [name = "", clone = "", results = "", kubelets = "", length = "long", programs = "{}"] =
    process.argv.slice(2);
  const lab = labOf(name, clone);
  const state = readState(lab);
  if (state?.init === undefined) throw new Error("the lab has not been prepared");
  const start = Date.now();
  const say = (line: string) =>
    process.stdout.write(`[${((Date.now() - start) / 1000).toFixed(0)} s] ${line}\n`);
  const onCase = (one: Case) => fs.appendFileSync(results, `${JSON.stringify(one)}\n`);
  const onNode = async (node: KubeletNode) =>
    fs.appendFileSync(kubelets, `${JSON.stringify(await see(node))}\n`);
  const plan = planOf(length as Length, state.kubernetesVersion);
  const world = await startWorld(lab, state.init, state.programs, state.kubernetesVersion);
  say("etcd, kube-apiserver and the signer are up");
  const callers = plan.hasCallers ? await startCallers(world, callerPrograms(programs)) : undefined;
  let ports = await openPorts(world, plan.doctor.ports);
  const onWave = async (wave: Wave) => {
    if (plan.doctor.ids.length === 0) return;
    await askDoctor(world, wave, { ids: plan.doctor.ids, ports }, onCase, say);
    // Once is enough: they are the same beside every kubelet.
    ports = [];
  };
  await runServing(world, plan.serving, onCase, say, onNode, async (wave, collected) => {
    if (callers) await askCallers(world, callers, wave.nodes, collected, onCase, say);
    await onWave(wave);
  });
  await runClient(world, plan.client, onCase, say, onNode, onWave);
  await runStartup(world, plan.startup, onCase, say);
  return 0;
});
process.exit();

function callerPrograms(text: string): CallerPrograms {
  return JSON.parse(text) as CallerPrograms;
}
