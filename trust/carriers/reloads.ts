/**
 * Who reads the files that the components write on a machine, and whether a running program takes a new one.
 *
 * Sources: kubernetes v1.37.2 `pkg/kubelet/certificate/kubelet.go`, `cmd/kubelet/app/auth.go`,
 * `pkg/controller/certificates/signer/ca_provider.go`, `pkg/kubeapiserver/options/authentication.go`, apiserver
 * `pkg/server/options/{serving,authentication}.go`, client-go `transport/cert_rotation.go`; etcd v3.7.3
 * `client/pkg/transport/listener.go`. Times as observed with these versions (`npm run lab -- refresh`).
 */
import { certificateOf, keyOf, paths } from "../contract.ts";

const machinePrograms = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
] as const;

/** What runs on a machine and reads files of ours; on a node the kubelet alone. In the order in which they start. */
export type MachineProgram = (typeof machinePrograms)[number];

/** A program that reads a file. */
export type FileReader = {
  readonly program: MachineProgram;
  /** When a running one takes a new file, e.g. `within a minute`; `undefined` when it reads it at its start alone. */
  readonly anew?: string;
};

type Row = {
  /** Paths; one with a `/` at its end is a folder. */
  readonly files: readonly string[];
  /** None: people and probes read it, when they need it. */
  readonly readers: readonly FileReader[];
};

const seconds = "within seconds";
const minute = "within a minute";
const fiveMinutes = "within five minutes";
const nextConnection = "at its next connection";

const rows: readonly Row[] = [
  {
    files: [paths.ca],
    readers: [
      // As --client-ca-file within a minute, as --kubelet-certificate-authority within five.
      { program: "kube-apiserver", anew: fiveMinutes },
      { program: "kube-controller-manager" },
      { program: "kubelet", anew: seconds },
    ],
  },
  {
    files: [paths.caKey, paths.issuingCa],
    readers: [{ program: "kube-controller-manager", anew: minute }],
  },
  {
    files: [...pair(paths.apiserver), ...pair(paths.frontProxyClient), paths.authentication],
    readers: [{ program: "kube-apiserver", anew: minute }],
  },
  {
    files: [...pair(paths.apiserverKubeletClient), paths.kubeletServingBundle],
    readers: [{ program: "kube-apiserver", anew: fiveMinutes }],
  },
  {
    files: pair(paths.apiserverEtcdClient),
    readers: [{ program: "kube-apiserver", anew: nextConnection }],
  },
  {
    files: [certificateOf(paths.frontProxyCa)],
    readers: [
      { program: "kube-apiserver", anew: minute },
      { program: "kube-controller-manager", anew: minute },
    ],
  },
  {
    files: [certificateOf(paths.etcdCa)],
    readers: [{ program: "etcd" }, { program: "kube-apiserver" }],
  },
  {
    files: [...pair(paths.etcdServer), ...pair(paths.etcdPeer)],
    readers: [{ program: "etcd", anew: nextConnection }],
  },
  {
    files: [`${paths.serviceAccount}.pub`, paths.admission, paths.auditPolicy, paths.encryption],
    readers: [{ program: "kube-apiserver" }],
  },
  {
    files: [keyOf(paths.serviceAccount)],
    readers: [{ program: "kube-apiserver" }, { program: "kube-controller-manager" }],
  },
  { files: [paths.controllerManagerConf], readers: [{ program: "kube-controller-manager" }] },
  { files: [paths.schedulerConf], readers: [{ program: "kube-scheduler" }] },
  { files: pair(paths.kubeletServing), readers: [{ program: "kubelet", anew: seconds }] },
  {
    files: [
      ...[paths.kubeletConf, paths.kubeletConfiguration, paths.kubeletUnit],
      // It insists on these settings of the kernel when it starts.
      paths.kernelSettings,
    ],
    readers: [{ program: "kubelet" }],
  },
  {
    files: [
      ...[paths.adminConf, paths.superAdminConf],
      ...pair(paths.etcdHealthcheckClient),
      ...[keyOf(paths.frontProxyCa), keyOf(paths.etcdCa)],
    ],
    readers: [],
  },
  ...machinePrograms
    .filter((program) => program !== "kubelet")
    .map((program) => ({
      files: [`${paths.manifests}/${program}.yaml`],
      readers: [{ program }],
    })),
];

/**
 * Who reads a file of a machine.
 *
 * @param file an absolute path
 * @returns `undefined` when it is not known who does
 */
export function readersOf(
  file: string,
  role: "control-plane" | "node",
): readonly FileReader[] | undefined {
  const readers = rows.find(({ files }) => files.includes(file))?.readers;
  return role === "node" ? readers?.filter(({ program }) => program === "kubelet") : readers;
}

/** The programs that go on with the old content of one of these files until they start again, in order of their start. */
export function toRestart(
  files: readonly string[],
  role: "control-plane" | "node",
): readonly MachineProgram[] {
  const stale = files
    .flatMap((file) => readersOf(file, role) ?? [])
    .filter(({ anew }) => anew === undefined);
  return machinePrograms.filter((program) => stale.some((one) => one.program === program));
}

/**
 * What a kubelet requested for itself: it goes on with it after its start, whatever CA issued it. Source: client-go
 * `util/certificate/certificate_store.go` (the pair's prefix and `-current.pem`).
 */
export const requestedCertificates: readonly string[] = [
  `${paths.kubeletPki}/kubelet-client-current.pem`,
  `${paths.kubeletPki}/kubelet-server-current.pem`,
];

function pair(base: string): readonly string[] {
  return [certificateOf(base), keyOf(base)];
}
