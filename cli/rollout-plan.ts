/** What bringing machines new files comes to: which files differ, who has to start again, and in which order. */
import {
  type MachineProgram,
  readersOf,
  requestedCertificates,
  toRestart,
} from "../trust/carriers/reloads.ts";
import { pemBlocks } from "../trust/certificates/pem.ts";
import { type HostFilesSecret, paths } from "../trust/contract.ts";

/** A file that is not on the machine as it should be. */
export type FileChange = {
  readonly path: string;
  readonly change: "new" | "content" | "mode" | "gone";
  /** `undefined`: it is not known who reads it. */
  readonly readers: ReturnType<typeof readersOf>;
};

/** What one machine needs. */
export type MachineRollout = {
  readonly machine: string;
  readonly role: "control-plane" | "node";
  /** The machine has no files yet. */
  readonly isNew: boolean;
  readonly files: readonly FileChange[];
  /** Programs to start again, in this order. */
  readonly restart: readonly MachineProgram[];
  /** Programs that the kubelet starts again by itself, since their manifests are others. */
  readonly restartedByKubelet: readonly MachineProgram[];
  /** What a kubelet requested from a CA that no longer issues; to be removed before it starts again. */
  readonly remove: readonly string[];
};

/** Compares what machines have with what they should have. Control planes come first, then nodes, each by name. */
export function rolloutOf(
  before: readonly HostFilesSecret[],
  after: readonly HostFilesSecret[],
): readonly MachineRollout[] {
  return [...after]
    .sort((a, b) => order(a).localeCompare(order(b)))
    .map((machine) =>
      machineRollout(
        before.find((one) => one.machine === machine.machine),
        machine,
      ),
    );
}

/** Machines that the new files leave out. */
export function left(
  before: readonly HostFilesSecret[],
  after: readonly HostFilesSecret[],
): readonly string[] {
  const names = new Set(after.map(({ machine }) => machine));
  return before.map(({ machine }) => machine).filter((machine) => !names.has(machine));
}

function order({ role, machine }: HostFilesSecret): string {
  return `${role === "control-plane" ? 0 : 1} ${machine}`;
}

function machineRollout(
  before: HostFilesSecret | undefined,
  after: HostFilesSecret,
): MachineRollout {
  const { machine, role } = after;
  const files = changes(before, after);
  const present = files.filter(({ change }) => change !== "gone" && change !== "mode");
  const stale = toRestart(
    present.map(({ path }) => path),
    role,
  );
  const byKubelet = stale.filter((program) =>
    present.some(({ path }) => path === `${paths.manifests}/${program}.yaml`),
  );
  return {
    ...{ machine, role, files },
    isNew: before === undefined,
    restart: stale.filter((program) => !byKubelet.includes(program)),
    restartedByKubelet: byKubelet,
    remove:
      before !== undefined && issuerOf(before) !== issuerOf(after) ? requestedCertificates : [],
  };
}

function changes(before: HostFilesSecret | undefined, after: HostFilesSecret): FileChange[] {
  const { role } = after;
  const old = new Map(before?.files.map((file) => [file.path, file]));
  const kept = after.files.flatMap(({ path, mode, owner, content }): FileChange[] => {
    const was = old.get(path);
    const readers = readersOf(path, role);
    if (was === undefined) return [{ path, change: "new", readers }];
    if (!was.content.equals(content)) return [{ path, change: "content", readers }];
    return was.mode === mode && was.owner === owner ? [] : [{ path, change: "mode", readers }];
  });
  const now = new Set(after.files.map(({ path }) => path));
  const gone = [...old.keys()]
    .filter((path) => !now.has(path))
    .map((path): FileChange => ({ path, change: "gone", readers: readersOf(path, role) }));
  return [...kept, ...gone];
}

/** The CA that issues for a machine, which stands first in its `ca.crt`. */
function issuerOf({ files }: HostFilesSecret): string {
  const text = files.find(({ path }) => path === paths.ca)?.content.toString("utf8") ?? "";
  return Buffer.from(pemBlocks(text)[0]?.der ?? []).toString("base64");
}
