/** Runs the lab as a user does, and looks at what it leaves. */
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { labProcesses } from "../../lab/host/cleanup.ts";
import { type Lab, labOf } from "../../lab/host/identity.ts";

const clone = path.join(import.meta.dirname, "..", "..");

export type Ended = { readonly code: number; readonly output: string };

/** The lab of a rendered folder. */
export function labIn(folder: string): Lab {
  return labOf(folder, clone);
}

/** Starts `npm run lab -- ARGS`. */
export function startLab(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  return start(process.execPath, [path.join(clone, "lab", "cli", "cli.ts"), ...args], env);
}

/** Runs any program to its end. */
export function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return start(program, args, env).ended;
}

function start(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(program, args, {
    env: { ...process.env, CI: "true", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, output }));
  });
  return { child, ended };
}

/** Runs `npm run lab -- ARGS` to its end. */
export function runLab(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return startLab(args, env).ended;
}

/** Everything of a lab that is still there, in words; empty when nothing is. */
export function remains(lab: Lab): string[] {
  const root = "/sys/fs/cgroup";
  const cgroups = [root, ...fs.readdirSync(root).map((name) => path.join(root, name))]
    .map((folder) => path.join(folder, `kubelet-trust-${lab.id}`))
    .filter((folder) => fs.existsSync(folder));
  const mounts = fs.readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return [
    ...labProcesses(lab).map(({ pid }) => `process ${pid}`),
    ...cgroups.map((folder) => `cgroup ${folder}`),
    ...mounts.filter((line) => line.includes(lab.folder)).map((line) => `mount ${line}`),
    ...(fs.existsSync(lab.folder) ? [`folder ${lab.folder}`] : []),
  ];
}

/** TCP ports that somebody listens on in this network namespace. */
export function listeningPorts(): Set<number> {
  const ports = new Set<number>();
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    if (!fs.existsSync(file)) continue;
    for (const line of fs.readFileSync(file, "utf8").split("\n").slice(1)) {
      const [, local = "", , state] = line.trim().split(/\s+/);
      if (state === "0A") ports.add(Number.parseInt(local.split(":")[1] ?? "0", 16));
    }
  }
  return ports;
}
