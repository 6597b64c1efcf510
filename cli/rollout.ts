/**
 * The command `rollout`: what bringing the machines of a stack their new files comes to, machine by machine.
 */
import * as fs from "node:fs";
import { parseArgs } from "node:util";
import { inOneLine, UsageError } from "./arguments.ts";
import { MachineError, machinesIn, machinesInState } from "./machine-source.ts";
import type { Ran } from "./main.ts";
import { type FileChange, left, type MachineRollout, rolloutOf } from "./rollout-plan.ts";

const usage = `usage: kubelet-trust rollout BEFORE [--from FOLDER | --state FILE] [--json]
       in a clone: npm run rollout -- ...
Says which files of each machine have changed, and what has to be started again for them.
  BEFORE          what the machines have: a copy of the folder that the stack rendered to then, or a file with what
                  \`pulumi stack export --show-secrets\` printed then
  --from FOLDER   what they should have: the folder that the stack has rendered to; default: rendered
  --state FILE    instead of --from: what \`pulumi stack export --show-secrets\` prints now
  --json          print JSON (docs/rollout.md)
It only reads. exit code: 0; 2 bad input`;

/** Runs the command; prints no file's content. */
export function rollout(argv: readonly string[]): Ran {
  try {
    const args = readArguments(argv);
    if (args === undefined) return { exitCode: 0, stdout: usage, stderr: "" };
    const before = isStateFile(args.before)
      ? machinesInState(args.before)
      : machinesIn(args.before);
    const after = args.state === undefined ? machinesIn(args.from) : machinesInState(args.state);
    const machines = rolloutOf(before, after);
    const gone = left(before, after);
    const stdout = args.json ? JSON.stringify({ machines, gone }, null, 2) : toText(machines, gone);
    return { exitCode: 0, stdout, stderr: "" };
  } catch (error) {
    const isKnown = error instanceof UsageError || error instanceof MachineError;
    if (!isKnown && (error as NodeJS.ErrnoException).code === undefined) throw error;
    return { exitCode: 2, stdout: "", stderr: `rollout: ${(error as Error).message}` };
  }
}

function readArguments(argv: readonly string[]) {
  const { values, positionals } = parse(argv);
  if (values.help) return undefined;
  const [before, ...others] = positionals;
  if (before === undefined || others.length > 0) {
    throw new UsageError(
      "give one folder or state that says what the machines have. See kubelet-trust rollout --help",
    );
  }
  const { from, state, json = false } = values;
  if (from !== undefined && state !== undefined) {
    throw new UsageError("--from and --state: both are given. Give one.");
  }
  return { before, from: from ?? "rendered", ...(state !== undefined && { state }), json };
}

function parse(argv: readonly string[]) {
  return inOneLine(() =>
    parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        from: { type: "string" },
        state: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }),
  );
}

function isStateFile(path: string): boolean {
  const found = fs.statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new UsageError(
      `${JSON.stringify(path)} does not exist. Give a copy of the rendered folder, or an exported state.`,
    );
  }
  return found.isFile();
}

function toText(machines: readonly MachineRollout[], gone: readonly string[]): string {
  const changed = machines.filter(({ files }) => files.length > 0);
  const same = machines.filter(({ files }) => files.length === 0).map(({ machine }) => machine);
  return [
    ...changed.map(machineText),
    ...(same.length === 0 ? [] : [`Nothing to do: ${same.join(", ")}.`]),
    ...gone.map(
      (machine) => `${machine}: the stack no longer has it. Its certificates stay valid.`,
    ),
    ...orderText(changed),
  ].join("\n\n");
}

function machineText(rollout: MachineRollout): string {
  const { machine, role, files, isNew } = rollout;
  if (isNew) {
    return `${machine} (${role}) is new: bring it its ${files.length} files, and start it.`;
  }
  return [
    `${machine} (${role}): ${files.length === 1 ? "one file differs" : `${files.length} files differ`}`,
    ...files.map((file) => `  ${file.path}: ${whatOf(file)}${readersText(file)}`),
    ...steps(rollout).map((step) => `  Then: ${step}`),
  ].join("\n");
}

const changeWords = { new: "new", content: "changed", mode: "another mode or owner", gone: "gone" };

function whatOf({ change }: FileChange): string {
  return changeWords[change];
}

function readersText({ change, readers }: FileChange): string {
  if (change === "gone" || change === "mode") return "";
  if (readers === undefined) return "; it is not known who reads it: start again whoever does";
  const said = readers.map(({ program, anew }) =>
    anew === undefined ? `${program} reads it when it starts` : `${program} takes it ${anew}`,
  );
  return said.length === 0 ? "" : `; ${said.join(", ")}`;
}

function steps({ restart, restartedByKubelet, remove }: MachineRollout): string[] {
  const pods = restart.filter((program) => program !== "kubelet");
  const kubelet = restart.includes("kubelet");
  return [
    ...restartedByKubelet.map((program) => `the kubelet starts ${program} again by itself.`),
    ...pods.map(
      (program) =>
        `start ${program} again: \`crictl ps --name ${program} -q | xargs crictl stop\`; the kubelet starts it anew.`,
    ),
    ...(remove.length === 0
      ? []
      : [
          `another CA issues now: \`rm -f ${remove.join(" ")}\` before the kubelet starts, once every control plane has its files.`,
        ]),
    ...(kubelet || remove.length > 0
      ? ["start the kubelet again: `systemctl daemon-reload && systemctl restart kubelet`."]
      : []),
  ];
}

/** Why the order matters, where it does. */
function orderText(machines: readonly MachineRollout[]): string[] {
  const controlPlanes = machines.filter(({ role, isNew }) => role === "control-plane" && !isNew);
  const nodes = machines.filter(({ role }) => role === "node");
  const oneByOne =
    controlPlanes.length > 1 && controlPlanes.some(({ restart }) => restart.length > 0);
  return [
    ...(oneByOne
      ? ["One control plane at a time: etcd keeps its quorum, and one kube-apiserver answers."]
      : []),
    ...(controlPlanes.length > 0 && nodes.length > 0
      ? ["Control planes before nodes: they trust what nodes get, and sign what kubelets request."]
      : []),
  ];
}
