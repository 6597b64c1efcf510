/**
 * What the components write and the policy pack, the command line and the lab read: type tokens, names of resources
 * and of registered outputs, paths on a machine, labels, annotations, and the form of a host-files Secret. Each stands
 * here once, so that a change here is a change on both sides.
 */
import { createHash } from "node:crypto";
import { kubeadmPkiDirectory } from "./kubeadm/pki.ts";
import type { NodeAddress } from "./words/facts.ts";
import {
  addressesAnnotation,
  fileListKey,
  kubernetesVersionAnnotation,
  type ListedFile,
  machineLabel,
  readAddresses,
  readFileList,
  storedData,
} from "./words/host-files.ts";
import {
  reasonAnnotation,
  type ServingMode,
  servingModes,
  verificationAnnotation,
} from "./words/vocabulary.ts";

export * from "./words/host-files.ts";

/** Type tokens of the components. */
export const tokens = {
  cluster: "kubelet-trust:index:Cluster",
  nodePool: "kubelet-trust:index:NodePool",
  certificateAuthority: "kubelet-trust:index:CertificateAuthority",
  controlPlaneCertificates: "kubelet-trust:index:ControlPlaneCertificates",
  nodeCertificates: "kubelet-trust:index:NodeCertificates",
  kubeletConfigMap: "kubelet-trust:index:KubeletConfigMap",
  apiServerKubeletAccess: "kubelet-trust:index:ApiServerKubeletAccess",
  kubeletServingApprover: "kubelet-trust:index:KubeletServingApprover",
  bootstrapToken: "kubelet-trust:index:BootstrapToken",
  hostFiles: "kubelet-trust:index:HostFiles",
} as const;

/**
 * The last two parts of a certificate's name, `<machine>/<purpose>`, by which a certificate is found before its PEM
 * is known.
 */
export const certificateNames = {
  kubeletClient: "kubelet-client",
  kubeletServing: "kubelet-serving",
  apiServerKubeletClient: "apiserver-kubelet-client",
} as const;

/** What `Cluster` registers. */
export const clusterOutputs = {
  /** The name that the policy pack calls the cluster by, and that its configuration and waivers name. */
  clusterName: "clusterName",
  kubernetesVersion: "kubernetesVersion",
  controlPlaneEndpoint: "controlPlaneEndpoint",
  stance: "stance",
  /** kube-apiserver's flags towards kubelets, `--name=value`. */
  apiServerFlags: "apiServerFlags",
  controlPlaneServingMode: "controlPlaneServingMode",
  /** Name, serving mode and number of nodes of each pool. */
  nodePools: "nodePools",
  /** PEM. */
  caCertPem: "caCertPem",
  /** The folder that the provider which it makes for machines' files renders to; of one that makes none, empty. */
  machineFolder: "machineFolder",
} as const;

/** What `NodePool` registers. */
export const nodePoolOutputs = {
  /** As `Cluster`'s. */
  machineFolder: clusterOutputs.machineFolder,
  name: "name",
  servingMode: "servingMode",
  /** The names of its nodes. */
  nodes: "nodes",
  /** What the policy pack must be told where the cluster is in another stack. */
  apiServerFlags: "apiServerFlags",
} as const;

/** What `HostFiles` registers beside its Secrets: what it meant, to be compared with what is in them. */
export const hostFilesOutputs = {
  /** The KubeletConfiguration, YAML. */
  kubelet: "kubelet",
  /** The kubelet's flags, by machine; see {@link readWord}. */
  kubeletFlags: "kubeletFlags",
  /** The argument vectors of static pods, by machine and component; see {@link readWord}. */
  commands: "commands",
  /** The `kubelet.crt` of each machine that handed one in, PEM. */
  selfSignedCertificates: "selfSignedCertificates",
  /**
   * In a rotation: the CAs in `ca.crt` of each machine, the one that issues first; the URN of the resource that makes
   * it, or PEM.
   */
  authorities: "authorities",
  /**
   * By machine, the {@link digestOf} what its Secret has: of each file by its path, of the list under
   * {@link fileListKey}, and of {@link writtenOn} under {@link aboutKey}.
   */
  digests: "digests",
  /** URN of the provider of the Secrets; empty for Pulumi's default one. */
  provider: "provider",
} as const;

/** Key of the digest of what is written on a host-files Secret; no path of a file is like it. */
export const aboutKey = "metadata";

/** What tells a text from any other, and nothing about it: the first 128 bits of its SHA-256, hexadecimal. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** What `CertificateAuthority`, `NodeCertificates` and `ControlPlaneCertificates` register of what they issue. */
export const issuerOutputs = {
  /**
   * By name, which a key, a request and a certificate share: the {@link digestOf} {@link statedIn} them, and that of
   * {@link namesIn} them, which may be known later.
   */
  digests: "digests",
} as const;

/** Inputs of the resources of a key, of a request and of a certificate, in one. */
export type CertificateInputs = Readonly<Record<string, unknown>>;

/** What they say in one text to be compared, but for PEMs and the names of the certificate. */
export function statedIn({ ecdsaCurve, rsaBits, ...inputs }: CertificateInputs): string {
  const size = inputs.algorithm === "RSA" ? rsaBits : ecdsaCurve;
  const others = [
    ...["algorithm", "subject", "uris", "allowedUses", "isCaCertificate", "maxPathLength"],
    ...["setSubjectKeyId", "setAuthorityKeyId", "validityPeriodHours", "earlyRenewalHours"],
  ];
  return JSON.stringify([size, ...others.map((name) => inputs[name])].map(withoutDefaults));
}

/** The names that a certificate is for, in one text to be compared. */
export function namesIn({ dnsNames, ipAddresses }: CertificateInputs): string {
  return JSON.stringify([dnsNames, ipAddresses].map(withoutDefaults));
}

/** Without what a provider fills in where nothing is said: nothing, no, zero, or less; a map may be a list of one. */
function withoutDefaults(value: unknown): unknown {
  if (typeof value === "number") return value > 0 ? value : null;
  if (typeof value !== "object" || value === null) return value || null;
  if (Array.isArray(value)) {
    const [only] = value;
    if (value.length === 1 && typeof only === "object") return withoutDefaults(only);
    return value.length === 0 ? null : value.map(withoutDefaults);
  }
  const said = Object.entries(value)
    .map(([key, one]) => [key, withoutDefaults(one)] as const)
    .filter(([, one]) => one !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return said.length === 0 ? null : said;
}

/** What `ApiServerKubeletAccess` registers. */
export const kubeletAccessOutputs = {
  stance: "stance",
  /** kube-apiserver's flags towards kubelets, `--name=value`. */
  flags: "flags",
  /** What the resources that carry the flags are annotated with. */
  annotations: "annotations",
  /** What `--kubelet-certificate-authority` names under stance `trustSelfSigned`, PEM. */
  bundle: "bundle",
  /** kubeadm's ClusterConfiguration, YAML. */
  clusterConfiguration: "clusterConfiguration",
  /** The {@link digestOf} {@link writtenOn} the ConfigMap. */
  digest: "digest",
} as const;

/** What `KubeletConfigMap` registers to be compared. */
export const kubeletConfigMapOutputs = {
  /** The {@link digestOf} {@link writtenOn} the ConfigMap. */
  digest: "digest",
} as const;

const pki = kubeadmPkiDirectory;
const kubeletPki = "/var/lib/kubelet/pki";
const apiServerConfig = "/etc/kubernetes/apiserver";

/**
 * Where things lie on a machine. The paths under `/etc/kubernetes` are kubeadm's. A pair of a certificate and its key
 * is named without its ends `.crt` and `.key`.
 * Source: kubernetes `cmd/kubeadm/app/constants/constants.go`.
 */
export const paths = {
  pki,
  ca: `${pki}/ca.crt`,
  caKey: `${pki}/ca.key`,
  /** The certificate that belongs to `ca.key`, where `ca.crt` may hold more: of a CA that was handed in. */
  issuingCa: `${pki}/issuing-ca.crt`,
  apiserver: `${pki}/apiserver`,
  apiserverKubeletClient: `${pki}/apiserver-kubelet-client`,
  apiserverEtcdClient: `${pki}/apiserver-etcd-client`,
  frontProxyCa: `${pki}/front-proxy-ca`,
  frontProxyClient: `${pki}/front-proxy-client`,
  serviceAccount: `${pki}/sa`,
  etcd: `${pki}/etcd`,
  etcdCa: `${pki}/etcd/ca`,
  etcdServer: `${pki}/etcd/server`,
  etcdPeer: `${pki}/etcd/peer`,
  etcdHealthcheckClient: `${pki}/etcd/healthcheck-client`,

  /** Under stance `trustSelfSigned`: what `--kubelet-certificate-authority` names. */
  kubeletServingBundle: `${pki}/kubelet-serving-bundle.crt`,

  adminConf: "/etc/kubernetes/admin.conf",
  superAdminConf: "/etc/kubernetes/super-admin.conf",
  controllerManagerConf: "/etc/kubernetes/controller-manager.conf",
  schedulerConf: "/etc/kubernetes/scheduler.conf",
  kubeletConf: "/etc/kubernetes/kubelet.conf",
  manifests: "/etc/kubernetes/manifests",

  /** What kube-apiserver is told by files, and not by flags; with it the paths of these files. */
  apiServerConfig,
  admission: `${apiServerConfig}/admission.yaml`,
  auditPolicy: `${apiServerConfig}/audit-policy.yaml`,
  authentication: `${apiServerConfig}/authentication.yaml`,
  /** Holds a key. */
  encryption: `${apiServerConfig}/encryption.yaml`,
  auditLogs: "/var/log/kubernetes/audit",
  /** What kubelets demand of the kernel. */
  kernelSettings: "/etc/sysctl.d/90-kubernetes.conf",

  kubeletConfiguration: "/var/lib/kubelet/config.yaml",
  kubeletUnit: "/etc/systemd/system/kubelet.service",
  /** Where a kubelet keeps what it signed itself or requested: its default `--cert-dir`. */
  kubeletPki,
  /** What a kubelet signs itself. Source: kubernetes `cmd/kubelet/app/server.go` (InitializeTLS). */
  kubeletSelfSigned: `${kubeletPki}/kubelet`,
  /**
   * The serving pair that the stack issues. Neither `kubelet.crt` nor `kubelet-server*`, which the kubelet writes
   * itself. Source: kubernetes `cmd/kubelet/app/server.go`, `pkg/kubelet/certificate/kubelet.go`.
   */
  kubeletServing: `${kubeletPki}/kubelet-serving`,
  etcdData: "/var/lib/etcd",
} as const;

/** The certificate of a pair that is named without its end. */
export function certificateOf(pair: string): string {
  return `${pair}.crt`;
}

/** The key of a pair that is named without its end. */
export function keyOf(pair: string): string {
  return `${pair}.key`;
}

/** What is in a folder that a stack renders to. */
export const renderedParts = {
  /** Objects to apply to the cluster. */
  cluster: "cluster",
  /** Files of machines. They hold keys, and are for no cluster. */
  machines: "machines",
  /** What the Kubernetes provider makes in each, in the order to apply. */
  folders: ["0-crd", "1-manifest"],
} as const;

/** Name of the Secret that holds the files of one machine. */
export function hostFilesSecretName(machine: string): string {
  return `host-files-${machine}`;
}

/** Label on a host-files Secret: `control-plane` or `node`. */
export const roleLabel = "kubelet-trust/role";

/** Label on the resources of one node pool: its name. */
export const poolLabel = "kubelet-trust/pool";

/** Annotation on a host-files Secret and on a kubelet ConfigMap: the serving mode. */
export const servingModeAnnotation = "kubelet-trust/serving-mode";

/** Addresses as an annotation has them: `InternalIP=10.240.0.11,Hostname=worker-0`. */
export function writeAddresses(addresses: readonly NodeAddress[]): string {
  return addresses.map(({ type, address }) => `${type}=${address}`).join(",");
}

/**
 * A word of a command line as `HostFiles` registers it: a text, or a list of the parts of one, where some were not
 * known when it was registered; `undefined` when it is neither.
 */
export function readWord(word: unknown): string | undefined {
  if (typeof word === "string") return word;
  const isInParts = Array.isArray(word) && word.every((part) => typeof part === "string");
  return isInParts ? word.join("") : undefined;
}

/**
 * The data of a host-files Secret before base64: the list of files, in order of their paths, and the content of each
 * under a key of its own.
 *
 * @throws Error when two paths share a key.
 */
export function writeHostFiles<Content>(
  files: readonly { readonly path: string; readonly mode: string; readonly content: Content }[],
): Record<string, Content | string> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const list = sorted.map(
    ({ path, mode }): ListedFile => ({ path, mode, owner: "root:root", key: fileKey(path) }),
  );
  const data: Record<string, Content | string> = { [fileListKey]: JSON.stringify(list) };
  for (const { path, content } of sorted) {
    const key = fileKey(path);
    if (key in data) throw new Error(`two files of one machine have the key ${key}: ${path}`);
    data[key] = content;
  }
  return data;
}

/** The key of a file's content: the path without its first `/`, and `_` for each further one. */
export function fileKey(path: string): string {
  return path.slice(1).replaceAll("/", "_");
}

/** Name, namespace, labels and annotations of an object, as far as they are written. */
export type WrittenMetadata = {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, unknown>> | undefined;
  readonly annotations?: Readonly<Record<string, unknown>> | undefined;
};

const ours = "kubelet-trust/";
// What is said of verification is compared with the stance.
const ofStance: readonly string[] = [verificationAnnotation, reasonAnnotation];

/**
 * What a component writes on an object, in one text to be compared: where it is, and the labels and
 * annotations that say what it is for. What somebody else adds is left out.
 */
export function writtenOn({ name, namespace, labels, annotations }: WrittenMetadata): string {
  const own = (all: Readonly<Record<string, unknown>> = {}) =>
    Object.entries(all)
      .filter(([key]) => key.startsWith(ours) && !ofStance.includes(key))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name ?? "", namespace ?? "", own(labels), own(annotations)]);
}

/** A machine as its host-files Secret has it. */
export type HostFilesSecret = {
  readonly machine: string;
  readonly role: "control-plane" | "node";
  /** Without the `v`. */
  readonly kubernetesVersion: string;
  readonly servingMode: ServingMode;
  readonly addresses: readonly NodeAddress[];
  readonly files: readonly HostFile[];
};

/** A file of a machine, with its content. */
export type HostFile = {
  /** Absolute. */
  readonly path: string;
  /** Octal text, e.g. `0600`. */
  readonly mode: string;
  /** `user:group`. */
  readonly owner: string;
  readonly content: Buffer;
};

/** A Secret as a manifest has it. */
export type SecretObject = {
  readonly type?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  /** Beside `data`, not in base64: texts that hold no key, and that hold an address which was an Output. */
  readonly stringData?: Readonly<Record<string, string>>;
};

/** Reads a host-files Secret; a text says what is damaged, and quotes no content. */
export function readHostFilesSecret({
  metadata,
  data: encoded = {},
  stringData = {},
}: SecretObject): HostFilesSecret | string {
  const data = storedData(encoded, stringData);
  const { labels = {}, annotations = {} } = metadata ?? {};
  const machine = labels[machineLabel];
  const role = labels[roleLabel];
  const kubernetesVersion = annotations[kubernetesVersionAnnotation];
  const written = annotations[servingModeAnnotation];
  const servingMode = servingModes.find((mode) => mode === written);
  const addresses = readAddresses(annotations[addressesAnnotation] ?? "");
  const list = readFileList(Buffer.from(data[fileListKey] ?? "", "base64").toString("utf8"));
  if (machine === undefined) return `label ${machineLabel} is missing`;
  if (role !== "control-plane" && role !== "node") {
    return `label ${roleLabel} is ${role}, not control-plane or node`;
  }
  if (kubernetesVersion === undefined) {
    return `annotation ${kubernetesVersionAnnotation} is missing`;
  }
  if (servingMode === undefined) {
    return `annotation ${servingModeAnnotation} is ${written}, not one of ${servingModes.join(", ")}`;
  }
  if (typeof addresses === "string") {
    return `annotation ${addressesAnnotation} has \`${addresses}\`, not TYPE=ADDRESS`;
  }
  if (list === undefined) {
    return `data key ${fileListKey} is no list of files with absolute paths, modes and keys`;
  }
  const modeless = list.find(({ mode }) => mode === undefined);
  if (modeless) return `data key ${fileListKey} has no mode of ${modeless.path}`;
  const absent = list.find(({ key }) => data[key] === undefined);
  if (absent) return `data key ${absent.key} of ${absent.path} is missing`;
  const files = list.map(({ path, mode = "", owner = "root:root", key }) => ({
    path,
    mode,
    owner,
    content: Buffer.from(data[key] ?? "", "base64"),
  }));
  return { machine, role, kubernetesVersion, servingMode, addresses, files };
}
