/**
 * What every kind of row needs: machines with their files, what is put together from them, and the comparison of a
 * verdict with what was observed.
 */
import { posix } from "node:path";
import { type Host, type SetUp, sidesOf } from "../../../lab/conformance/facts.ts";
import { type Fact, known } from "../../../trust/words/fact.ts";
import type { ApiServerFacts, FileContent, KubeletFacts } from "../../../trust/words/facts.ts";
import type { Start } from "../../../trust/words/refusal.ts";
import { type Outcome, works } from "../../../trust/words/verdict.ts";
import { observedAt } from "./authorities.ts";
import { observedRun } from "./run.ts";

const socket = "/run/containerd/containerd.sock";

/** A machine with these files by path, and containerd's socket; whatever is not among them does not exist. */
export function hostOf(name: string, contents: ReadonlyMap<string, FileContent>): Host {
  return {
    name,
    files: (path) =>
      known(contents.get(path) ?? { kind: path === socket ? "unreadable" : "missing" }, {
        where: path,
      }),
    folder: (path) => {
      const names = [...contents.keys()]
        .filter((file) => posix.dirname(file) === path)
        .map((file) => posix.basename(file));
      return names.length > 0 ? names : undefined;
    },
  };
}

export function textFile(text: string): FileContent {
  return { kind: "text", text };
}

/** What all observations have in common. */
export const observed = {
  version: observedRun.kubernetesVersion,
  at: observedAt,
  cgroupV1: true,
} as const satisfies Partial<SetUp>;

/** A kube-apiserver on a machine of its own. */
export function apiServer(
  args: readonly string[],
  contents: ReadonlyMap<string, FileContent>,
): SetUp["apiServers"][number] {
  return {
    host: hostOf("control-plane", contents),
    args: ["--authorization-mode=Node,RBAC", ...args],
  };
}

/** A kubelet and the only kube-apiserver that could call it. */
export function pairOf(setUp: SetUp): { kubelet: KubeletFacts; apiServer: ApiServerFacts } {
  const { kubelet, apiServers } = sidesOf(setUp);
  const [apiServer] = apiServers;
  if (apiServer === undefined) throw new Error("no kube-apiserver came of the pieces");
  return { kubelet, apiServer };
}

/** Whether a program starts, in the words of an observation. */
export function startSaid(start: Fact<Start>): Said {
  if (!start.known) return { outcome: "fails", message: `undecidable without ${start.missing}` };
  return start.value.starts
    ? { outcome: "works", message: "" }
    : { outcome: "fails", message: start.value.message };
}

/** What a verdict and an observation are compared by. */
export type Said = {
  readonly outcome: "works" | "fails";
  readonly httpStatus?: number | undefined;
  readonly message: string;
};

/** A verdict in the words of an observation. */
export function said(outcome: Outcome): Said {
  if (works(outcome)) {
    return { outcome: "works", message: "" };
  }
  switch (outcome.verdict) {
    case "fails":
      return { outcome: "fails", httpStatus: outcome.httpStatus, message: outcome.symptom };
    case "doesNotStart":
      return {
        outcome: "fails",
        httpStatus: outcome.httpStatus,
        message: outcome.symptom ?? outcome.message,
      };
    default:
      return { outcome: "fails", message: `undecidable: ${outcome.reason}` };
  }
}

/** Takes out of a text what nobody can know: the moment, the resolver's address, the log line's head. */
function normalized(message: string): string {
  return (message.split(" || ").at(-1) ?? "")
    .replace(/^[EIWF]\d{4} \S+ +\d+ /, "")
    .replace(/^ConnectionRefusedError: .*$/, "connect: connection refused")
    .replace(/\s*goroutine 1 \[running\]:\s*$/, "")
    .replace(/current time \S+ is after/, "current time <now> is after")
    .replace(/current time \S+ is before \S+?(?=["\s]|$)/, "current time <now> is before <date>")
    .replace(/(lookup \S+ on )\S+(: no such host)/, "$1<resolver>$2")
    .trim();
}

/** Where verdict and observation disagree, in both sides' words; undefined when they agree. */
export function disagreement(
  id: string,
  observed: {
    readonly outcome: string;
    readonly httpStatus?: number | null;
    readonly message: string;
  },
  verdict: Said,
): string | undefined {
  // Starts were recorded without a status.
  const hasStatus = "httpStatus" in observed;
  const words = (outcome: string, status: number | null | undefined, message: string) =>
    outcome === "works"
      ? "works"
      : `${outcome} ${hasStatus ? status || "-" : ""} ${normalized(message)}`;
  const [was, is] = [
    words(observed.outcome, observed.httpStatus, observed.message),
    words(verdict.outcome, verdict.httpStatus, verdict.message),
  ];
  return was === is ? undefined : `${id}\n  observed: ${was}\n  verdict:  ${is}`;
}
