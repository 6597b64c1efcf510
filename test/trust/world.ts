/** A small world for tests of the verdict: one node, one CA, files by path. */
import { apiServerFacts } from "../../trust/programs/api-server/facts.ts";
import { kubeletFacts } from "../../trust/programs/kubelet/facts.ts";
import { readShell } from "../../trust/readers/command-line.ts";
import { readKubeletConfiguration } from "../../trust/readers/kubelet-configuration.ts";
import { type Fact, known, unknown } from "../../trust/words/fact.ts";
import type {
  ApiServerFacts,
  FileContent,
  HostFiles,
  KubeletFacts,
  NodeFacts,
  RbacFacts,
  ServingRequest,
} from "../../trust/words/facts.ts";

export const at = new Date("2026-11-24T08:00:00Z");

export const node: NodeFacts = {
  hostName: known("node-1"),
  name: known("node-1"),
  addresses: known([
    { type: "InternalIP", address: "10.0.0.11" },
    { type: "Hostname", address: "node-1" },
  ]),
};

export type Texts = Readonly<Record<string, string | FileContent>>;

/** Files by path; every other path is unknown. */
export function files(texts: Texts): HostFiles {
  return (path): Fact<FileContent> => {
    const given = Object.hasOwn(texts, path) ? texts[path] : undefined;
    return given === undefined
      ? unknown(`the content of ${path}`)
      : known(typeof given === "string" ? { kind: "text", text: given } : given);
  };
}

const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

export type KubeletOptions = {
  readonly configuration?: string;
  readonly version?: string;
  readonly texts?: Texts;
  readonly node?: NodeFacts;
  readonly request?: Fact<ServingRequest>;
};

/** A kubelet by its flags and the fields of its configuration. */
export function kubelet(flags: string, options: KubeletOptions = {}): KubeletFacts {
  const source = { where: "kubelet" };
  const [commandLine] = readShell(`kubelet --kubeconfig=/kubeconfig ${flags}`, source).commandLines;
  const [configuration] = readKubeletConfiguration(
    head + (options.configuration ?? ""),
    source,
  ).documents;
  return kubeletFacts({
    label: "node-1",
    version: known(options.version ?? "1.37.2"),
    ...(commandLine && { commandLine }),
    ...(options.configuration !== undefined && configuration && { configuration }),
    node: options.node ?? node,
    request: options.request ?? unknown("what becomes of the certificate request"),
    files: files(options.texts ?? {}),
    at,
  });
}

export type ApiServerOptions = {
  readonly version?: string;
  readonly texts?: Texts;
  readonly skip?: string;
  readonly rbac?: Fact<RbacFacts>;
};

/** A kube-apiserver by its flags. */
export function apiServer(flags: string, options: ApiServerOptions = {}): ApiServerFacts {
  const source = { where: "kube-apiserver" };
  const [commandLine] = readShell(`kube-apiserver ${flags}`, source).commandLines;
  return apiServerFacts({
    label: "kube-apiserver",
    version: known(options.version ?? "1.37.2"),
    commandLine: commandLine ?? { program: "kube-apiserver", words: [], source },
    skip: known(options.skip === undefined ? undefined : { reason: options.skip }),
    rbac: options.rbac ?? known({ roles: [], bindings: [] }),
    files: files(options.texts ?? {}),
  });
}

/** The message that a program exits with; empty when it starts. */
export function message({ start }: KubeletFacts | ApiServerFacts): string {
  return start.known && !start.value.starts ? start.value.message : "";
}
