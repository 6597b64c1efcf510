/**
 * The switches of what the CIS Kubernetes Benchmark 1.12 asks for beyond kubeadm's defaults. What each is measured by
 * stands in docs/hardening.md.
 */
export type Hardening = {
  /** kube-apiserver writes an audit log by a policy, rotated. */
  auditLog: boolean;
  /** No profiles of kube-apiserver, kube-controller-manager and kube-scheduler over HTTP. */
  noProfiling: boolean;
  /** kube-apiserver answers requests without credentials on its health endpoints alone, which probes ask. */
  anonymousHealthOnly: boolean;
  /**
   * Secrets are encrypted in etcd with a key that the stack makes. Without it they are written in plain; those that
   * were encrypted before can be read all the same.
   */
  encryptSecrets: boolean;
  /** TLS 1.2 or newer with the cipher suites that the benchmark takes, for kubelets too. */
  strongTls: boolean;
  /** kube-apiserver takes a limited number of events in a time. */
  eventRateLimit: boolean;
  /** No Service may claim addresses outside of the cluster. */
  denyExternalIps: boolean;
  /** Tokens of service accounts in pods end when they say, not after a year. */
  shortTokens: boolean;
  /** Kubelets demand the kernel settings that they would else change; the machine's files set them. */
  protectKernelDefaults: boolean;
  /** Each pod may have 4096 processes. */
  podPidsLimit: boolean;
  /** Pods without a seccomp profile have the container runtime's. */
  seccompDefault: boolean;
  /** The kubelet's unit and configuration have mode 0600, and not 0644. */
  privateFiles: boolean;
};

/** Which of the switches are off. Default: none, everything is on. */
export type HardeningArgs = { readonly [Switch in keyof Hardening]?: boolean };

const everything: Hardening = {
  auditLog: true,
  noProfiling: true,
  anonymousHealthOnly: true,
  encryptSecrets: true,
  strongTls: true,
  eventRateLimit: true,
  denyExternalIps: true,
  shortTokens: true,
  protectKernelDefaults: true,
  podPidsLimit: true,
  seccompDefault: true,
  privateFiles: true,
};

/** The names of the switches. */
export const hardeningSwitches = Object.keys(everything) as readonly (keyof Hardening)[];

/** All switches, those on that are not said to be off. */
export function hardeningOf(args: HardeningArgs = {}): Hardening {
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  return { ...everything, ...Object.fromEntries(given) };
}
