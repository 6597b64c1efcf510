/**
 * What the lab says of a file that was replaced on a running machine, and where the new one can be seen.
 */
import { type FileReader, readersOf } from "../../trust/carriers/reloads.ts";
import { certificateOf, keyOf, paths } from "../../trust/contract.ts";
import type { Machine } from "./rendered.ts";

/** What becomes of a file that was replaced on a running machine. */
export type Reload = {
  /** Completes the sentence "FILE was replaced: ...". */
  readonly says: string;
  /** Where the new certificate must be seen soon; undefined where nobody shows it. */
  readonly servedOn?: "kubelet" | "kube-apiserver";
};

/** What becomes of a replaced file; one that nobody is known to read is taken not to be reloaded. */
export function reloadOf({ role }: Pick<Machine, "role">, file: string): Reload {
  const readers = readersOf(file, role);
  const servedOn = servers.find(({ pair }) => [certificateOf(pair), keyOf(pair)].includes(file));
  return {
    says:
      readers === undefined
        ? notReloaded("whoever reads it")
        : readers.map(says).join(" ") || "no program that runs here reads it.",
    ...(servedOn !== undefined && { servedOn: servedOn.program }),
  };
}

const servers = [
  { pair: paths.kubeletServing, program: "kubelet" },
  { pair: paths.apiserver, program: "kube-apiserver" },
] as const;

function says({ program, anew }: FileReader): string {
  const who = program === "kubelet" ? "the kubelet" : program;
  return anew === undefined ? notReloaded(who) : `${who} picks it up ${anew}.`;
}

function notReloaded(who: string): string {
  return `${who} does not reload it; \`npm run lab -- up\` starts everything with it.`;
}
