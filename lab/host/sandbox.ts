/**
 * The walls around a lab. One process is the first of a pid namespace and holds a network namespace with a
 * switch in it; nothing inside can be reached from outside, and when that process ends, everything ends with it.
 */

import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Failure } from "../../toolchain/fail.mjs";
import { type Lab, processMark } from "./identity.ts";
import { firstChild, identify, type ProcessIdentity } from "./processes.ts";
import { onTerminal } from "./terminal.ts";

/** Address of the lab itself on its switch: where the machines find their name server. */
export const switchAddress = "169.254.77.1";

/** Name of the switch in the lab's network namespace. */
export const switchName = "machines";

// A shell as first process takes in the orphans of the lab (containerd's shims) and buries them.
const initScript = `
set -e
ip link set lo up
ip link add ${switchName} type bridge
ip addr add ${switchAddress}/32 dev ${switchName}
ip link set ${switchName} up
echo ready
exec >/dev/null 2>&1
while :; do sleep 3600 & wait $!; done
`;

/**
 * Starts the lab's first process.
 *
 * @throws {Failure} when namespaces cannot be made here.
 */
export async function startSandbox(lab: Lab): Promise<ProcessIdentity> {
  fs.mkdirSync(path.join(lab.folder, "logs"), { recursive: true, mode: 0o700 });
  const child = spawn(
    "unshare",
    [
      ...["--pid", "--fork", "--kill-child", "--mount-proc", "--mount", "--net"],
      ...["bash", "-c", initScript, processMark(lab)],
    ],
    { detached: true, stdio: ["ignore", "pipe", "pipe"] },
  );
  await untilReady(child, "The lab's namespaces cannot be made");
  const pid = await firstChild(child.pid ?? 0);
  const identity = pid === undefined ? undefined : identify(pid);
  if (identity === undefined) throw new Failure("The lab's first process ended at once.");
  return identity;
}

/** Starts the lab's name server on its switch. */
export async function startNameServer(init: ProcessIdentity): Promise<void> {
  const program = path.join(import.meta.dirname, "name-server.ts");
  const inLab = ["-t", String(init.pid), "-p", "-m", "-n", "--"];
  const child = spawn("nsenter", [...inLab, process.execPath, program, switchAddress], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  await untilReady(child, "The lab's name server does not start");
}

/**
 * Runs one of the lab's own programs in its network namespace, on this process's terminal; its last argument is the
 * lab's mark, for whoever cleans up after it.
 *
 * @param program its file, an absolute path
 * @returns its exit code
 */
export function runInside(
  init: ProcessIdentity,
  lab: Lab,
  program: string,
  args: readonly string[],
): Promise<number> {
  // It must not go on building while the next run already cleans up.
  const bound = ["--pdeathsig", "KILL", "nsenter", "-t", String(init.pid), "-n", "--"];
  const words = [...bound, process.execPath, program, ...args, processMark(lab)];
  return onTerminal("setpriv", words);
}

/**
 * Waits until a process has printed `ready`, then lets go of it.
 *
 * @throws {Failure} with what it printed instead.
 */
export function untilReady(child: ChildProcess, title: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let out = "";
    let err = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (!out.includes("ready\n")) return;
      child.removeAllListeners("exit");
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      resolve();
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.on("error", (error) => reject(new Failure(`${title}: ${error.message}.`)));
    child.on("exit", (code) => {
      reject(new Failure(`${title}: ${err.trim().split("\n").at(-1) || `exit code ${code}`}.`));
    });
  });
}
