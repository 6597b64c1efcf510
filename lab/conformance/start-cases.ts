/**
 * Settings to start kubelet, kube-apiserver and kube-controller-manager with: those that are gone, those that are
 * wrong, and those that look wrong and start all the same.
 */
import { data } from "../../trust/kubernetes/data/index.ts";
import { flagHistory, gateHistory } from "../../trust/kubernetes/tables.ts";

export type StartCase = {
  readonly name: string;
  readonly flags?: readonly string[];
  /** Kubelet only: fields over the base configuration. */
  readonly configuration?: Readonly<Record<string, unknown>>;
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

/** Flags and gates that an older version has and the newest has not, with those that are gone longer. */
export function goneSettings(program: keyof typeof longGone): StartCase[] {
  const gone = {
    flags: Object.keys(data.flags[program]).filter(
      (name) => flagHistory(program, name)?.removedIn !== undefined,
    ),
    gates: Object.keys(data.gates).filter(
      (name) => gateHistory(program, name)?.removedIn !== undefined,
    ),
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

export const kubeletCases: readonly StartCase[] = [
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
  { name: "unknown TLS version", configuration: { tlsMinVersion: "1.2" } },
  { name: "unknown cipher suite", configuration: { tlsCipherSuites: ["FOO"] } },
  ...goneSettings("kubelet"),
];

export const apiServerCases: readonly StartCase[] = [
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
  ...goneSettings("kube-apiserver"),
];

const ca = "/etc/kubernetes/pki/ca";
const shared = [`--cluster-signing-cert-file=${ca}.crt`, `--cluster-signing-key-file=${ca}.key`];
const serving = "--cluster-signing-kubelet-serving";

export const controllerManagerCases: readonly StartCase[] = [
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
  ...goneSettings("kube-controller-manager"),
];
