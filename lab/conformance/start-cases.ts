/**
 * Settings to start kubelet, kube-apiserver and kube-controller-manager with: those that are gone, those that are
 * wrong, and those that look wrong and start all the same.
 */
import { data } from "../../trust/kubernetes/data/index.ts";
import { programTable } from "../../trust/kubernetes/tables.ts";

export type StartCase = {
  readonly name: string;
  readonly flags?: readonly string[];
  /** Kubelet only: fields over the base configuration. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Kubelet only: files of `--config-dir`, by name. */
  readonly dropIns?: Readonly<Record<string, string>>;
  /** Start it as the command of a shell. */
  readonly isBehindShell?: boolean;
};

/** Gone before the oldest table that trust has. Source: Kubernetes changelogs of 1.15 to 1.35. */
const longGone = {
  kubelet: {
    flags: [
      "allow-privileged",
      "network-plugin",
      "cni-conf-dir",
      "cni-bin-dir",
      "logtostderr",
      "alsologtostderr",
      "log-dir",
      "container-runtime",
      "keep-terminated-pod-volumes",
      "pod-infra-container-image",
      "cadvisor-port",
      "dynamic-config-dir",
      "enable-kubelet-cert-cn-validation",
    ],
    gates: ["RotateKubeletClientCertificate", "KubeletCertCNValidation", "DynamicKubeletConfig"],
  },
  "kube-apiserver": {
    flags: [
      "kubelet-https",
      "logtostderr",
      "alsologtostderr",
      "log-dir",
      "cloud-provider",
      "insecure-port",
      "enable-kubelet-cert-cn-validation",
    ],
    gates: ["RotateKubeletClientCertificate", "KubeletCertCNValidation"],
  },
  "kube-controller-manager": {
    flags: [
      "experimental-cluster-signing-duration",
      "logtostderr",
      "alsologtostderr",
      "log-dir",
      "port",
      "address",
      "deleting-pods-qps",
    ],
    gates: ["RotateKubeletClientCertificate", "CSRDuration"],
  },
} as const;

/** Flags and gates that another version has and this one has not, with those that are gone longer. */
export function goneSettings(program: keyof typeof longGone, version: string): StartCase[] {
  const { flags, gates } = programTable(program, version);
  const gone = {
    flags: Object.keys(data.flags[program]).filter((name) => flags.byName(name) === undefined),
    gates: Object.keys(data.gates).filter((name) => !Object.hasOwn(gates, name)),
  };
  const all = (what: "flags" | "gates") =>
    [...new Set([...longGone[program][what], ...gone[what]])].sort();
  return [
    ...all("flags").map((name) => ({ name: `flag ${name}`, flags: [`--${name}=true`] })),
    ...all("gates").map((name) => ({
      name: `gate ${name}`,
      flags: [`--feature-gates=${name}=true`],
    })),
  ];
}

/** Folder of the files that cases name. */
export const files = "/etc/kubernetes/startup";

/** What the three programs are started with. */
export type StartCases = {
  readonly kubelet: readonly StartCase[];
  readonly apiserver: readonly StartCase[];
  readonly controllerManager: readonly StartCase[];
};

/** Everything that the programs of a version are started with. */
export function startCases(version: string): StartCases {
  return {
    kubelet: [...kubeletCases, ...goneSettings("kubelet", version)],
    apiserver: [...apiServerCases, ...goneSettings("kube-apiserver", version)],
    controllerManager: [
      ...controllerManagerCases,
      ...goneSettings("kube-controller-manager", version),
    ],
  };
}

/** A KubeletConfiguration with one field. */
function dropIn(field: string): string {
  return `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${field}\n`;
}

const kubeletCases: readonly StartCase[] = [
  { name: "baseline" },
  { name: "serverTLSBootstrap", configuration: { serverTLSBootstrap: true } },
  {
    name: "serverTLSBootstrap without its gate",
    configuration: {
      serverTLSBootstrap: true,
      featureGates: { RotateKubeletServerCertificate: false },
    },
  },
  { name: "unknown field", configuration: { servertlsbootstrap: true } },
  { name: "deprecated flag", flags: ["--rotate-certificates=true"] },
  { name: "flag with an underscore", flags: ["--hostname_override=start"] },
  { name: "flag with one dash", flags: ["-hostname-override=start"] },
  { name: "flag without its value", flags: ["--tls-cert-file"] },
  { name: "flag of the wrong type", flags: ["--rotate-certificates=maybe"] },
  { name: "unknown flag", flags: ["--this-flag-never-existed=1"] },
  { name: "positional argument", flags: ["extra"] },
  { name: "locked gate", flags: ["--feature-gates=KubeletFineGrainedAuthz=false"] },
  { name: "unknown authorization mode", configuration: { authorization: { mode: "RBAC" } } },
  { name: "field of the wrong type", configuration: { serverTLSBootstrap: "maybe" } },
  { name: "number for a text", configuration: { tlsCertFile: 1 } },
  {
    name: "certificate file missing",
    configuration: { tlsCertFile: `${files}/none.crt`, tlsPrivateKeyFile: `${files}/good.key` },
  },
  {
    name: "key file missing",
    configuration: { tlsCertFile: `${files}/good.crt`, tlsPrivateKeyFile: `${files}/none.key` },
  },
  { name: "certificate file alone", configuration: { tlsCertFile: `${files}/good.crt` } },
  { name: "key file alone", configuration: { tlsPrivateKeyFile: `${files}/good.key` } },
  {
    name: "files that are not reloaded",
    configuration: {
      tlsCertFile: `${files}/good.crt`,
      tlsPrivateKeyFile: `${files}/good.key`,
      featureGates: { ReloadKubeletServerCertificateFile: false },
    },
  },
  {
    name: "certificate file missing, files that are not reloaded",
    configuration: {
      tlsCertFile: `${files}/none.crt`,
      tlsPrivateKeyFile: `${files}/good.key`,
      featureGates: { ReloadKubeletServerCertificateFile: false },
    },
  },
  {
    name: "key of another certificate",
    configuration: { tlsCertFile: `${files}/good.crt`, tlsPrivateKeyFile: `${files}/other.key` },
  },
  {
    name: "clientCAFile missing",
    configuration: { authentication: { x509: { clientCAFile: `${files}/none.crt` } } },
  },
  {
    name: "clientCAFile empty",
    configuration: { authentication: { x509: { clientCAFile: `${files}/empty.crt` } } },
  },
  {
    name: "clientCAFile not PEM",
    configuration: { authentication: { x509: { clientCAFile: `${files}/garbage.crt` } } },
  },
  { name: "cloud provider external", flags: ["--cloud-provider=external"] },
  { name: "cloud provider aws", flags: ["--cloud-provider=aws"] },
  { name: "cloud provider of no name", flags: ["--cloud-provider="] },
  { name: "address of another machine", configuration: { address: "203.0.113.1" } },
  { name: "address that is none", configuration: { address: "here" } },
  { name: "read-only port", configuration: { readOnlyPort: 10_255 } },
  { name: "read-only port out of range", configuration: { readOnlyPort: 65_536 } },
  { name: "port 0", configuration: { port: 0 } },
  { name: "behind a shell", isBehindShell: true, flags: ["--rotate-certificates=true"] },
  {
    name: "behind a shell, unknown flag",
    isBehindShell: true,
    flags: ["--this-flag-never-existed=1"],
  },
  {
    name: "drop-in over the file",
    configuration: { tlsMinVersion: "1.2" },
    dropIns: { "10.conf": dropIn("tlsMinVersion: VersionTLS12") },
  },
  { name: "drop-in with a bad value", dropIns: { "10.conf": dropIn("tlsMinVersion: '1.2'") } },
  {
    name: "drop-ins in the order of their names",
    dropIns: {
      "20.conf": dropIn("tlsMinVersion: VersionTLS12"),
      "10.conf": dropIn("tlsMinVersion: '1.2'"),
    },
  },
  {
    name: "drop-in that does not end in .conf",
    dropIns: { "10.yaml": dropIn("tlsMinVersion: '1.2'") },
  },
  { name: "drop-in without a kind", dropIns: { "10.conf": "tlsMinVersion: VersionTLS12\n" } },
  { name: "drop-in of another kind", dropIns: { "10.conf": "apiVersion: v1\nkind: Pod\n" } },
  { name: "drop-in that is no object", dropIns: { "10.conf": "words\n" } },
  { name: "drop-in that is empty", dropIns: { "10.conf": "" } },
  { name: "drop-in with an unknown field", dropIns: { "10.conf": dropIn("noSuchField: 1") } },
  {
    name: "drop-in with a field of the wrong type",
    dropIns: { "10.conf": dropIn("serverTLSBootstrap: maybe") },
  },
  { name: "unknown TLS version", configuration: { tlsMinVersion: "1.2" } },
  { name: "unknown cipher suite", configuration: { tlsCipherSuites: ["FOO"] } },
];

const apiServerCases: readonly StartCase[] = [
  { name: "baseline" },
  { name: "empty CA file", flags: [`--kubelet-certificate-authority=${files}/empty.crt`] },
  { name: "CA file with junk", flags: [`--kubelet-certificate-authority=${files}/junk.crt`] },
  { name: "CA file missing", flags: [`--kubelet-certificate-authority=${files}/none.crt`] },
  { name: "CA file not PEM", flags: [`--kubelet-certificate-authority=${files}/garbage.crt`] },
  { name: "CA file is a key", flags: [`--kubelet-certificate-authority=${files}/good.key`] },
  { name: "CA file is a folder", flags: [`--kubelet-certificate-authority=${files}`] },
  {
    name: "client certificate missing",
    flags: [
      `--kubelet-client-certificate=${files}/none.crt`,
      `--kubelet-client-key=${files}/good.key`,
    ],
  },
  {
    name: "client key missing",
    flags: [
      `--kubelet-client-certificate=${files}/good.crt`,
      `--kubelet-client-key=${files}/none.key`,
    ],
  },
  {
    name: "client key of another certificate",
    flags: [
      `--kubelet-client-certificate=${files}/good.crt`,
      `--kubelet-client-key=${files}/other.key`,
    ],
  },
  { name: "unknown flag", flags: ["--no-such-flag"] },
  { name: "positional argument", flags: ["extra"] },
  { name: "behind a shell", isBehindShell: true },
  { name: "behind a shell, unknown flag", isBehindShell: true, flags: ["--no-such-flag"] },
  { name: "admission plugin", flags: ["--enable-admission-plugins=NodeRestriction"] },
  { name: "unknown admission plugin", flags: ["--enable-admission-plugins=NoSuchPlugin"] },
  {
    name: "unknown admission plugins on and off",
    flags: ["--enable-admission-plugins=NoSuchPlugin", "--disable-admission-plugins=Other"],
  },
  {
    name: "admission plugin on and off",
    flags: ["--enable-admission-plugins=NodeRestriction,ServiceAccount"],
  },
  ...["JobValidation", "NodeDeclaredFeatureValidator", "PodGroupProtection"].map((name) => ({
    name: `admission plugin ${name}`,
    flags: [`--enable-admission-plugins=${name}`],
  })),
  { name: "unknown authorization mode", flags: ["--authorization-mode=Node,Everything"] },
];

const ca = "/etc/kubernetes/pki/ca";
const shared = [`--cluster-signing-cert-file=${ca}.crt`, `--cluster-signing-key-file=${ca}.key`];
const serving = "--cluster-signing-kubelet-serving";

const controllerManagerCases: readonly StartCase[] = [
  { name: "baseline", flags: shared },
  { name: "no signing files" },
  { name: "half of the shared pair", flags: shared.slice(0, 1) },
  {
    name: "a pair of one signer",
    flags: [`${serving}-cert-file=${ca}.crt`, `${serving}-key-file=${ca}.key`],
  },
  { name: "a signer's certificate alone", flags: [`${serving}-cert-file=${ca}.crt`] },
  {
    name: "a signer's key alone",
    flags: [`--cluster-signing-kube-apiserver-client-key-file=${ca}.key`],
  },
  {
    name: "the shared pair beside a signer's own",
    flags: [...shared, `${serving}-cert-file=${ca}.crt`, `${serving}-key-file=${ca}.key`],
  },
  { name: "two mistakes", flags: [...shared, `${serving}-cert-file=${ca}.crt`] },
  { name: "unknown flag", flags: ["--no-such-flag"] },
  { name: "positional argument", flags: ["extra"] },
  { name: "cloud provider external", flags: [...shared, "--cloud-provider=external"] },
  { name: "cloud provider aws", flags: [...shared, "--cloud-provider=aws"] },
  { name: "behind a shell", isBehindShell: true, flags: shared },
];
