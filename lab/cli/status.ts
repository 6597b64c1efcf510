import { Failure } from "../../toolchain/fail.mjs";
import type { Lab } from "../host/identity.ts";
import { isAlive } from "../host/processes.ts";
import { bootId, readState } from "../host/state.ts";
import { kubectl } from "../kubernetes/kubectl.ts";
import { describeMemory, labMemory } from "./memory.ts";

/** `npm run lab -- status`: what runs. Exit code 1 when something that was started does not. */
export async function showStatus(lab: Lab): Promise<number> {
  const state = readState(lab);
  if (state === undefined) throw new Failure(`Lab ${lab.id} is not up: npm run lab -- up`);
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const booted = state.bootId === bootId();
  const since = state.readyAt ?? "not finished (starting, or interrupted)";
  const by = state.carrier === "files" ? "" : ` by ${state.carrier}`;
  say(`Lab ${state.id}, Kubernetes ${state.kubernetesVersion}, from ${state.rendered}${by}`);
  say(`Up since: ${booted ? since : "the machine has been restarted since"}`);
  let dead = 0;
  for (const { machine, program, pid, startTime } of state.processes) {
    const runs = booted && isAlive({ pid, startTime });
    if (!runs) dead += 1;
    say(`${machine} ${program}: ${runs ? `runs (process ${pid})` : "has ended"}`);
  }
  const [machine] = state.machines;
  if (booted && machine !== undefined && isAlive(machine)) {
    const { stdout, stderr } = await kubectl(machine, ["get", "nodes", "-o", "wide"]);
    say(stdout || stderr.trim());
    say(describeMemory(labMemory(lab)));
  }
  return dead === 0 && state.readyAt !== undefined ? 0 : 1;
}
