/** What a benchmark says first: figures of another machine are not to be compared with it. */
import { pbkdf2Sync } from "node:crypto";
import * as os from "node:os";

/**
 * Prints the machine, and how fast it is at this moment: two with the same processor's name may differ by half. The
 * measure is a million rounds of PBKDF2 with SHA-256, on one core, which the CLI does at each start to get a stack's
 * key from its passphrase.
 */
export function printMachine(): void {
  const cpus = os.cpus();
  const start = process.hrtime.bigint();
  pbkdf2Sync("of a benchmark", "salt", 1_000_000, 32, "sha256");
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const about = [
    `${cpus.length} × ${cpus[0]?.model.trim() ?? "unknown processor"}`,
    `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`,
    `${os.type()} ${os.release()}`,
    `Node ${process.versions.node}`,
    `load ${os.loadavg()[0]?.toFixed(1)}`,
    `a million rounds of PBKDF2 in ${seconds.toFixed(2)} s`,
  ];
  process.stdout.write(`${about.join(", ")}\n`);
}
