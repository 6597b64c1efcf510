import * as fs from "node:fs";
import * as path from "node:path";
import { Failure } from "../../toolchain/fail.mjs";
import { type Lab, logFile } from "../host/identity.ts";

/** `npm run lab -- logs [MACHINE [PROGRAM]]`: prints logs, or which there are. */
export function showLogs(
  lab: Lab,
  machine: string | undefined,
  program: string | undefined,
): number {
  const logs = listLogs(lab).filter(
    (log) =>
      (machine === undefined || log.machine === machine) &&
      (program === undefined || log.program === program),
  );
  if (logs.length === 0) {
    const name = [machine, program].filter((part) => part !== undefined).join(" ");
    throw new Failure(`Lab ${lab.id} has no log${name ? ` of ${name}` : ""}: npm run lab -- up`);
  }
  for (const log of logs) {
    const file = logFile(lab, log.machine, log.program);
    if (machine === undefined) process.stdout.write(`${log.machine} ${log.program}: ${file}\n`);
    else process.stdout.write(fs.readFileSync(file));
  }
  return 0;
}

function listLogs(lab: Lab): { machine: string; program: string }[] {
  const root = path.join(lab.folder, "logs");
  if (!fs.existsSync(root)) return [];
  return fs.readdirSync(root).flatMap((machine) =>
    fs.readdirSync(path.join(root, machine)).map((file) => ({
      machine,
      program: path.basename(file, ".log"),
    })),
  );
}
