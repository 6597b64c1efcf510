/**
 * kubeadm's configuration: what it makes of kube-apiserver's, kube-controller-manager's and kubelet's flags.
 * Sources: kubernetes `cmd/kubeadm/app/phases/controlplane/manifests.go`, `.../phases/kubelet/flags.go`,
 * `cmd/kubeadm/app/apis/kubeadm/v1beta3`, `v1beta4`.
 */
import type { Problem, Source } from "../words/fact.ts";
import { kubeadmPreferredAddressTypes } from "../words/vocabulary.ts";
import { type CommandLine, type Program, toWords, type Word } from "./command-line.ts";
import {
  asKubeletConfiguration,
  type KubeletConfigurationDocument,
} from "./kubelet-configuration.ts";
import {
  asObject,
  asText,
  type FieldPath,
  type Json,
  readYaml,
  valueAt,
  type YamlDocument,
} from "./yaml.ts";

/** A kubelet that kubeadm starts, by an InitConfiguration or a JoinConfiguration. */
export type KubeadmKubelet = {
  readonly commandLine: CommandLine;
  /** `nodeRegistration.name`, when it is given; else the machine's host name. */
  readonly nodeName?: string;
  /** `kubeadm init` uses a KubeletConfiguration document beside it; `kubeadm join` ignores one. */
  readonly by: "init" | "join";
  /** `patches.directory`: the folder of patches that kubeadm applies. */
  readonly patches?: string;
};

/** What a kubeadm configuration says about the two sides. */
export type KubeadmConfiguration = {
  readonly source: Source;
  /** From ClusterConfiguration: kube-apiserver's flags, kubeadm's own first, `extraArgs` in their place. */
  readonly apiServer?: CommandLine;
  /** kube-controller-manager's flags, which name the CA that signs kubelet certificates. */
  readonly controllerManager?: CommandLine;
  /** From InitConfiguration and JoinConfiguration: the flags that kubeadm writes for the kubelet. */
  readonly kubelets: readonly KubeadmKubelet[];
  /** The KubeletConfiguration beside them. */
  readonly kubeletConfiguration?: KubeletConfigurationDocument;
  /** `kubernetesVersion`, without the `v`. */
  readonly kubernetesVersion?: string;
  /** Default `/etc/kubernetes/pki`. */
  readonly certificatesDirectory: string;
  readonly problems: readonly Problem[];
};

const defaultCertificatesDirectory = "/etc/kubernetes/pki";

/**
 * Reads ClusterConfiguration, InitConfiguration and JoinConfiguration, v1beta3 (maps) and v1beta4 (lists).
 * Never throws.
 */
export function readKubeadm(text: string, source: Source): KubeadmConfiguration {
  const { documents, problems } = readYaml(text, source);
  return kubeadmConfiguration(documents, source, problems);
}

/** kubeadm's configuration in documents that are read already. Never throws. */
export function kubeadmConfiguration(
  documents: readonly YamlDocument[],
  source: Source,
  problems: readonly Problem[] = [],
): KubeadmConfiguration {
  const ofKind = (kind: string) =>
    documents.filter(
      ({ value }) =>
        asObject(value)?.kind === kind &&
        asText(asObject(value)?.apiVersion)?.startsWith("kubeadm.k8s.io/"),
    );
  const [cluster] = ofKind("ClusterConfiguration");
  const [kubeletConfiguration] = documents.flatMap(asKubeletConfiguration);
  const directory =
    asText(valueAt(cluster?.value, ["certificatesDir"])) ?? defaultCertificatesDirectory;
  // A label (`stable-1.37`) or a placeholder says no version.
  const [, version] =
    /^v?(\d+\.\d+\.\d+.*)$/.exec(asText(valueAt(cluster?.value, ["kubernetesVersion"])) ?? "") ??
    [];
  return {
    source,
    ...(cluster && {
      apiServer: commandLine(
        cluster,
        "kube-apiserver",
        ["apiServer", "extraArgs"],
        apiServerFlags(directory),
      ),
      controllerManager: commandLine(
        cluster,
        "kube-controller-manager",
        ["controllerManager", "extraArgs"],
        controllerManagerFlags(directory),
      ),
    }),
    kubelets: [
      ...ofKind("InitConfiguration").map((document) => kubelet(document, "init")),
      ...ofKind("JoinConfiguration").map((document) => kubelet(document, "join")),
    ],
    ...(kubeletConfiguration && { kubeletConfiguration }),
    ...(version !== undefined && { kubernetesVersion: version }),
    certificatesDirectory: directory,
    problems,
  };
}

type Flag = readonly [name: string, value: string];

/** What kubeadm gives kube-apiserver, as far as kubelets are concerned. */
function apiServerFlags(directory: string): Flag[] {
  return [
    ["authorization-mode", "Node,RBAC"],
    ["client-ca-file", `${directory}/ca.crt`],
    ["kubelet-client-certificate", `${directory}/apiserver-kubelet-client.crt`],
    ["kubelet-client-key", `${directory}/apiserver-kubelet-client.key`],
    ["kubelet-preferred-address-types", kubeadmPreferredAddressTypes.join(",")],
  ];
}

function controllerManagerFlags(directory: string): Flag[] {
  return [
    ["cluster-signing-cert-file", `${directory}/ca.crt`],
    ["cluster-signing-key-file", `${directory}/ca.key`],
  ];
}

/** What kubeadm's drop-in for kubelet.service gives every kubelet. */
const kubeletFlags: readonly Flag[] = [
  ["bootstrap-kubeconfig", "/etc/kubernetes/bootstrap-kubelet.conf"],
  ["kubeconfig", "/etc/kubernetes/kubelet.conf"],
  ["config", "/var/lib/kubelet/config.yaml"],
];

function kubelet(document: YamlDocument, by: "init" | "join"): KubeadmKubelet {
  const registration: FieldPath = ["nodeRegistration"];
  const nodeName = asText(valueAt(document.value, [...registration, "name"]));
  const named: Flag[] = nodeName === undefined ? [] : [["hostname-override", nodeName]];
  const flags = commandLine(
    document,
    "kubelet",
    [...registration, "kubeletExtraArgs"],
    [...kubeletFlags, ...named],
  );
  const written = valueAt(document.value, ["patches"]);
  const patches = asText(written) ?? asText(valueAt(written, ["directory"]));
  return {
    commandLine: flags,
    by,
    ...(nodeName !== undefined && { nodeName }),
    ...(patches !== undefined && { patches }),
  };
}

/** kubeadm's own flags, each displaced by extra arguments of the same name, then the other extra arguments. */
function commandLine(
  document: YamlDocument,
  program: Program,
  path: FieldPath,
  own: readonly Flag[],
): CommandLine {
  const extra = extraArguments(document, path);
  const given = new Set(extra.map(({ name }) => name));
  const kept = own.filter(([name]) => !given.has(name));
  const words = [
    ...toWords(
      kept.map(([name, value]) => `--${name}=${value}`),
      { ...document.source, key: `kubeadm's default for ${program}` },
    ),
    ...extra.map(({ word }) => word),
  ];
  return { program, words, source: sourceOf(document, path) };
}

type Extra = { readonly name?: string; readonly word: Word };

/** What displaces kubeadm's own; what is not of the form that its version takes is unknown, never absent. */
function extraArguments(document: YamlDocument, path: FieldPath): Extra[] {
  const broken = path.findIndex((_, index) => {
    const value = valueAt(document.value, path.slice(0, index));
    return value !== undefined && value !== null && asObject(value) === undefined;
  });
  if (broken >= 0) return [notTold(document, path.slice(0, broken))];
  const value = valueAt(document.value, path) ?? [];
  const map = asObject(value);
  if (map && !takes(document, "list")) {
    return Object.entries(map).map(([name, flagValue]) =>
      extra(name, flagValue, sourceOf(document, [...path, name])),
    );
  }
  if (!Array.isArray(value) || (value.length > 0 && takes(document, "map")))
    return [notTold(document, path)];
  return value.map((entry, index) => {
    const { name, value: flagValue } = asObject(entry) ?? {};
    return typeof name === "string"
      ? extra(name, flagValue ?? "", sourceOf(document, [...path, index]))
      : notTold(document, [...path, index]);
  });
}

/** Lists since v1beta4, maps before; of another version it is not known. */
function takes({ value }: YamlDocument, form: "list" | "map"): boolean {
  const [, version] =
    /^kubeadm\.k8s\.io\/v1beta([1-4])$/.exec(String(asObject(value)?.apiVersion)) ?? [];
  return version !== undefined && (version === "4") === (form === "list");
}

function notTold(document: YamlDocument, path: FieldPath): Extra {
  const source = sourceOf(document, path);
  const missing = `${source.key} of ${source.where} in the form that its apiVersion has`;
  return { word: { kind: "unknownWords", missing, source } };
}

function extra(name: string, value: Json, source: Source): Extra {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const [word] = toWords([`--${name}=${text}`], source);
  return { name, word: word ?? { kind: "text", text: `--${name}=${text}`, source } };
}

function sourceOf(document: YamlDocument, path: FieldPath): Source {
  const line = document.lineOf(path);
  return { ...document.source, key: path.join("."), ...(line !== undefined && { line }) };
}
