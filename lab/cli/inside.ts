/**
 * The part of `up` that runs in the lab's network namespace, where the machines can be reached.
 * A program of its own: `node inside.ts STACK CLONE MARK`; by the mark a later command finds and ends it.
 */
import { runMain } from "../../toolchain/fail.mjs";
import { type Lab, labOf } from "../host/identity.ts";
import { readState, updateState } from "../host/state.ts";
import { bringUp } from "../kubernetes/cluster.ts";
import { answersAll, type HelloNode } from "../kubernetes/hello.ts";
import { readRendered } from "../kubernetes/rendered.ts";
import { createTable } from "../kubernetes/table.ts";
import { describeMemory, labMemory } from "./memory.ts";

await runMain(async () => {
  const [stackName = "", clone = ""] = process.argv.slice(2);
  const lab = labOf(stackName, clone);
  const state = readState(lab);
  if (state?.init === undefined) throw new Error("the lab has not been prepared");
  const start = Date.now();
  const table = createTable();
  let hellos: HelloNode[];
  try {
    const stack = readRendered(state.rendered, state.kubernetesVersion);
    hellos = await bringUp(
      { lab, init: state.init, programs: state.programs, table, carrier: state.carrier },
      stack,
    );
  } finally {
    table.close();
  }
  updateState(lab, (now) => ({ ...now, readyAt: new Date().toISOString() }));
  return report(lab, hellos, (Date.now() - start) / 1000);
});
// One machine's failure ends the run; what the others are still at is of no use.
process.exit();

function report(lab: Lab, hellos: readonly HelloNode[], seconds: number): number {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say("");
  for (const { node, pod, logs, exec, metrics } of hellos) {
    say(`${node}: kubectl logs ${pod}: ${logs.text}`);
    say(`${node}: kubectl exec ${pod} -- hostname: ${exec.text}`);
    say(`${node}: kubectl get --raw /api/v1/nodes/${node}/proxy/metrics: ${metrics.text}`);
  }
  const working = hellos.filter(answersAll).length;
  say("");
  say(
    `${working}/${hellos.length} nodes answer kubectl logs, exec and metrics, after ${seconds.toFixed(1)} s.`,
  );
  say(describeMemory(labMemory(lab)));
  return working === hellos.length ? 0 : 1;
}
