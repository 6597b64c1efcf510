/**
 * What every kind of row needs: command lines and files read by the real readers, RBAC objects, and the
 * comparison of a verdict with what was observed.
 */

import { apiServerFacts } from "../../../trust/programs/api-server/facts.ts";
import { type CommandLine, readArguments } from "../../../trust/readers/command-line.ts";
import { readRbac } from "../../../trust/readers/rbac.ts";
import { readYaml } from "../../../trust/readers/yaml.ts";
import type { Fact } from "../../../trust/words/fact.ts";
import { known } from "../../../trust/words/fact.ts";
import type {
  ApiServerFacts,
  FileContent,
  HostFiles,
  RbacFacts,
} from "../../../trust/words/facts.ts";
import { type Outcome, works } from "../../../trust/words/verdict.ts";
import { observedRun } from "./run.ts";

const socket = "/run/containerd/containerd.sock";

/** Files by path, and containerd's socket; whatever is not among them does not exist. */
export function hostFiles(contents: ReadonlyMap<string, FileContent>): HostFiles {
  return (path): Fact<FileContent> =>
    known(contents.get(path) ?? { kind: path === socket ? "unreadable" : "missing" }, {
      where: path,
    });
}

export function textFile(text: string): FileContent {
  return { kind: "text", text };
}

/** A program's command line by the real reader. */
export function commandLine(argv: readonly string[]): CommandLine {
  const [found] = readArguments(argv, { where: "argv" }).commandLines;
  if (!found) {
    throw new Error(`no program in ${argv.join(" ")}`);
  }
  return found;
}

export const observedVersion = known(observedRun.kubernetesVersion);

/** A kube-apiserver by its arguments. */
export function apiServer(
  argv: readonly string[],
  contents: ReadonlyMap<string, FileContent>,
  rbac: RbacFacts,
): ApiServerFacts {
  return apiServerFacts({
    label: "the observed kube-apiserver",
    version: observedVersion,
    commandLine: commandLine(["kube-apiserver", "--authorization-mode=Node,RBAC", ...argv]),
    skip: known(undefined),
    rbac: known(rbac),
    files: hostFiles(contents),
  });
}

/** RBAC objects out of YAML, by the real reader. */
export function rbacOf(yaml: string): RbacFacts {
  return readRbac(readYaml(yaml, { where: "rbac" }).documents).rbac;
}

export const noRbac: RbacFacts = { roles: [], bindings: [] };

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
export function normalized(message: string): string {
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
