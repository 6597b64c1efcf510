/** Programs on the terminal of this process. */
import { spawn } from "node:child_process";

/** Runs a program to its end, and gives its exit code; 1 where a signal ended it. */
export function onTerminal(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit" });
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}
