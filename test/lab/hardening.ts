/** What docs/hardening.md says is met, held against a lab that runs. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Lab } from "../../lab/host/identity.ts";
import { hostPath } from "../../lab/host/machine.ts";
import { readState } from "../../lab/host/state.ts";
import { type Json, valueAt } from "../../trust/readers/yaml.ts";
import { type CodedCheck, rowsOf } from "../support/hardening-page.ts";
import { run, runLab } from "./run.ts";

type Seen = {
  /** Command lines by program, of every machine. */
  readonly commands: ReadonlyMap<string, readonly (readonly string[])[]>;
  /** By node. */
  readonly configz: Readonly<Record<string, Json>>;
  readonly machines: readonly { readonly name: string; readonly pid: number }[];
};

function controlPlaneOf(lab: Lab) {
  const machine = readState(lab)?.machines.find(({ name }) => name.startsWith("control-plane"));
  assert.ok(machine);
  return machine;
}

/** The status that kube-apiserver answers with to a request without credentials. */
export async function statusForStranger(lab: Lab, target: string): Promise<string> {
  const { pid, addresses } = controlPlaneOf(lab);
  const url = JSON.stringify(`https://${addresses[0]}:6443${target}`);
  const script = `require("node:https").get(${url}, { rejectUnauthorized: false, agent: false }, (answer) => {
    process.stdout.write(String(answer.statusCode));
    answer.resume();
  });`;
  const { code, output } = await run("nsenter", [
    "-t",
    String(pid),
    "-n",
    process.execPath,
    "-e",
    script,
  ]);
  assert.equal(code, 0, output);
  return output;
}

/** What etcd and kube-apiserver keep of a Secret: both as they are on the disk of the first control plane. */
export function keptOf(lab: Lab): { readonly etcd: Buffer; readonly audit: string } {
  const machine = controlPlaneOf(lab);
  const read = (file: string) => fs.readFileSync(hostPath(machine, file));
  const log = "/var/lib/etcd/member/wal";
  const names = fs.readdirSync(hostPath(machine, log)).filter((name) => name.endsWith(".wal"));
  const segments = names.map((name) => read(`${log}/${name}`));
  return {
    etcd: Buffer.concat(segments),
    audit: read("/var/log/kubernetes/audit/audit.log").toString("utf8"),
  };
}

/** Runs kubectl against the lab of a rendered folder. */
export function kubectlIn(rendered: string, ...args: string[]) {
  return runLab(["kubectl", ...args], { LAB_STACK: rendered });
}

/** The codes of rows that say `met` and do not hold, each with its controls; and how many do. */
export async function notHeld(
  lab: Lab,
  rendered: string,
): Promise<{ readonly failed: string[]; readonly held: number }> {
  const seen = await look(lab, rendered);
  const checks = rowsOf()
    .filter(({ state }) => state === "met")
    .flatMap(({ controls, checks: codes }) => codes.map((check) => ({ controls, check })));
  const failed = checks.flatMap(({ controls, check }) => {
    const why = whyNot(check, seen);
    return why === undefined ? [] : [`${controls.join(", ")}: ${check.code}: ${why}`];
  });
  return { failed, held: checks.length - failed.length };
}

async function look(lab: Lab, rendered: string): Promise<Seen> {
  const state = readState(lab);
  assert.ok(state);
  const commands = new Map<string, string[][]>();
  for (const { program, pid } of state.processes) {
    const args = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(1, -1);
    commands.set(program, [...(commands.get(program) ?? []), args]);
  }
  const nodes = state.machines.map(({ name }) => name);
  const answers = await Promise.all(
    nodes.map(async (node) => {
      const raw = `/api/v1/nodes/${node}/proxy/configz`;
      const { code, output } = await kubectlIn(rendered, "get", "--raw", raw);
      assert.equal(code, 0, output);
      return [node, JSON.parse(output).kubeletconfig] as const;
    }),
  );
  return { commands, configz: Object.fromEntries(answers), machines: state.machines };
}

/** Why a check does not hold; `undefined` when it does. What is not found does not hold. */
function whyNot(check: CodedCheck, { commands, configz, machines }: Seen): string | undefined {
  switch (check.kind) {
    case "flag": {
      const found = commands.get(check.program) ?? [];
      if (found.length === 0) return "no such program runs";
      return found.every(check.holds) ? undefined : "its command line is another";
    }
    case "field": {
      const other = Object.entries(configz).find(
        ([, one]) => !check.holds(valueAt(one, check.path.split("."))),
      );
      return other && `${other[0]} has another`;
    }
    case "file": {
      const found = machines.flatMap((machine) => filesAt(machine, check.path));
      if (found.length === 0) return "there is no such file";
      const wide = found.find(({ file }) => !isNarrow(file, check));
      return wide && `${wide.machine}: ${wide.name} is wider, or another's`;
    }
  }
}

function isNarrow(file: string, check: { readonly mode: number; readonly owner: string }): boolean {
  const { mode, uid, gid } = fs.statSync(file);
  return (
    (mode & 0o777 & ~check.mode) === 0 && check.owner === "root:root" && uid === 0 && gid === 0
  );
}

function filesAt(machine: { readonly name: string; readonly pid: number }, pattern: string) {
  const [base = "", end] = pattern.split("/**");
  const root = hostPath(machine, base);
  const named = (name: string) => ({ machine: machine.name, name, file: path.join(root, name) });
  if (!fs.existsSync(root)) return [];
  if (end === undefined) return [named("")];
  return fs
    .readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(end))
    .map(named);
}
