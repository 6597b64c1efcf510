/** The command line of `judge`. */
import { parseArgs } from "node:util";
import type { NodeAddress, ServingRequest } from "../trust/words/facts.ts";
import { noReason, reasonIn } from "../trust/words/skip.ts";
import { nodeAddressTypes } from "../trust/words/vocabulary.ts";

/** A file or folder that was given, and the path that it has on its host when that was said (`PATH=FILE`). */
export type GivenFile = { readonly file: string; readonly hostPath?: string };

/** What a file is taken for: everything in it, or what it says about one side. */
export type Side = "any" | "kubelet" | "apiserver" | "rbac";

export type RequestState = ServingRequest["state"];
const requestStates: readonly RequestState[] = ["issued", "pending", "denied", "neverIssued"];

export type JudgeArguments = {
  readonly files: readonly (GivenFile & { readonly side: Side })[];
  /** Folders that hold the files of the hosts under their own paths. */
  readonly kubeletRoot?: string;
  readonly apiserverRoot?: string;
  /** PEM file of the CA that signs kubelet serving certificates. */
  readonly signer?: string;
  readonly kubernetesVersion?: string;
  readonly nodeName?: string;
  readonly addresses: readonly NodeAddress[];
  readonly csr?: RequestState;
  readonly skipReason?: string;
  readonly at?: Date;
  readonly json: boolean;
};

/** What is wrong with the command line or with a file: one line, and exit code 2. */
export class UsageError extends Error {}

export const usage = `usage: kubelet-trust judge FILE|FOLDER...
       kubelet-trust judge --kubelet FILE... --apiserver FILE... [--rbac FILE...]
       in a clone: npm run judge -- ...
  FILE|FOLDER                whatever kubelets and kube-apiserver are started with; what it is, is recognised:
                             KubeletConfiguration, systemd unit, script, flags, /proc/PID/cmdline, pod, kubeadm
                             configuration, cloud-init, ConfigMap, Secret, List, RBAC, approver, PEM (docs/judge.md);
                             a FOLDER with etc/ in it is a host, its files have their own paths;
                             PATH=FILE says which path FILE has on its host
  --kubelet FILE...          what FILE says about kubelets, and nothing else of it
  --apiserver FILE...        what FILE says about kube-apiserver, and nothing else of it
  --kubelet-root DIR         the kubelet's host: DIR/etc/kubernetes/pki/ca.crt is its /etc/kubernetes/pki/ca.crt
  --apiserver-root DIR       kube-apiserver's host
  --rbac FILE...             ClusterRoles and ClusterRoleBindings
  --signer FILE              PEM of the CA that signs kubelet serving certificates
  --kubernetes-version X     default: the files', else the newest known
  --node-name NAME           host name of machines that say none
  --node-address TYPE=ADDR   an address of such a node, e.g. InternalIP=10.0.0.11; may be repeated
  --csr STATE                what becomes of a requested serving certificate: ${requestStates.join(", ")}
  --skip-reason TEXT         why kubelets are not verified, if that is meant
  --at TIME                  the moment to judge, e.g. 2026-11-24T08:00:00Z; default: now
  --json                     print JSON (docs/judge.md)
exit code: 0 it works, and what is not verified is meant; 1 rejected; 2 bad input`;

/**
 * Reads the words after the program. `undefined` asks for help.
 *
 * @throws UsageError when an option is unknown, lacks its value or has a bad one
 */
export function readArguments(argv: readonly string[]): JudgeArguments | undefined {
  const { values, positionals } = parse(gathered(argv));
  if (values.help) {
    return undefined;
  }
  const files = [
    ...positionals.map((text) => ({ ...givenFile(text), side: "any" as const })),
    ...sideFiles("kubelet", values.kubelet),
    ...sideFiles("apiserver", values.apiserver),
    ...sideFiles("rbac", values.rbac),
  ];
  if (files.length === 0 && !values["kubelet-root"] && !values["apiserver-root"]) {
    throw new UsageError(
      "no file is given; name the files, or the folder, that kubelets and kube-apiserver are started with",
    );
  }
  const at = values.at === undefined ? undefined : readTime(values.at);
  return {
    files,
    addresses: (values["node-address"] ?? []).map(readAddress),
    json: values.json ?? false,
    ...optional("kubeletRoot", values["kubelet-root"]),
    ...optional("apiserverRoot", values["apiserver-root"]),
    ...optional("signer", values.signer),
    ...optional("kubernetesVersion", readVersion(values["kubernetes-version"])),
    ...optional("nodeName", values["node-name"]),
    ...optional("csr", readState(values.csr)),
    ...optional("skipReason", readReason(values["skip-reason"])),
    ...optional("at", at),
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

const lists = ["--kubelet", "--apiserver", "--rbac"];

/** `--kubelet A B` is `--kubelet A --kubelet B`. */
function gathered(argv: readonly string[]): string[] {
  const words: string[] = [];
  let list: string | undefined;
  for (const word of argv) {
    if (word.startsWith("-") && word !== "-") {
      list = lists.includes(word) ? word : undefined;
      if (list === undefined) {
        words.push(word);
      }
    } else if (list !== undefined) {
      words.push(`${list}=${word}`);
    } else {
      words.push(word);
    }
  }
  return words;
}

function parse(args: string[]) {
  return inOneLine(() =>
    parseArgs({
      args,
      strict: true,
      allowPositionals: true,
      options: {
        kubelet: { type: "string", multiple: true },
        apiserver: { type: "string", multiple: true },
        rbac: { type: "string", multiple: true },
        "kubelet-root": { type: "string" },
        "apiserver-root": { type: "string" },
        signer: { type: "string" },
        "kubernetes-version": { type: "string" },
        "node-name": { type: "string" },
        "node-address": { type: "string", multiple: true },
        csr: { type: "string" },
        "skip-reason": { type: "string" },
        at: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }),
  );
}

/**
 * Gives what reading a command line gives.
 *
 * @throws UsageError with the first line of what Node says of an option that it does not take
 */
export function inOneLine<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split("\n")[0] ?? "") : "");
  }
}

function sideFiles<S extends Side>(side: S, texts: readonly string[] = []) {
  return texts.map((text) => ({ ...givenFile(text), side }));
}

function givenFile(text: string): GivenFile {
  const match = /^(\/[^=]*)=(.+)$/.exec(text);
  return match ? { hostPath: match[1] ?? "", file: match[2] ?? "" } : { file: text };
}

function readAddress(text: string): NodeAddress {
  const [type = "", address = ""] = text.split(/=(.*)/s);
  const known = nodeAddressTypes.find((one) => one === type);
  if (!known || address === "") {
    throw new UsageError(
      `--node-address: ${JSON.stringify(text)} is no TYPE=ADDRESS; types are ${nodeAddressTypes.join(", ")}`,
    );
  }
  return { type: known, address };
}

function readState(text: string | undefined): RequestState | undefined {
  const state = requestStates.find((one) => one === text);
  if (text !== undefined && !state) {
    throw new UsageError(
      `--csr: ${JSON.stringify(text)} is no state; use one of ${requestStates.join(", ")}`,
    );
  }
  return state;
}

function readReason(text: string | undefined): string | undefined {
  const reason = reasonIn(text);
  if (text !== undefined && reason === undefined) {
    throw new UsageError(
      `--skip-reason: ${noReason(text)}; write in words why kubelets are not verified`,
    );
  }
  return reason;
}

function readVersion(text: string | undefined): string | undefined {
  if (text !== undefined && !/^v?1\.\d+(\.\d+)?([-+].*)?$/.test(text)) {
    throw new UsageError(
      `--kubernetes-version: ${JSON.stringify(text)} is no Kubernetes version; write one like 1.37.2`,
    );
  }
  return text?.replace(/^v/, "");
}

function readTime(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) {
    throw new UsageError(
      `--at: ${JSON.stringify(text)} is no time; write one like 2026-11-24T08:00:00Z`,
    );
  }
  return at;
}
