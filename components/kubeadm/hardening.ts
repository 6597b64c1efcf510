import { stringify } from "yaml";
import { paths } from "../../trust/contract.ts";
import type { Hardening } from "../model/hardening.ts";

/** The programs whose command lines hardening adds to. */
export type HardenedProgram = "kube-apiserver" | "kube-controller-manager" | "kube-scheduler";

/**
 * What both lists of the benchmark have (1.2.29 and 4.2.12). TLS 1.3 has suites of its own, which no list limits.
 * Source: Go `crypto/tls` (Config.CipherSuites).
 */
const cipherSuites = [
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
];

const tlsVersion = "VersionTLS12";

/**
 * The flags of a program, by name.
 * Source: kubernetes `cmd/kube-apiserver/app/options/options.go`, apiserver `pkg/server/options`; every version from
 * 1.34 on has them.
 */
export function hardeningFlags(
  program: HardenedProgram,
  hardening: Hardening,
): Readonly<Record<string, string>> {
  const everywhere = {
    ...(hardening.noProfiling ? { profiling: "false" } : {}),
    ...(hardening.strongTls
      ? { "tls-cipher-suites": cipherSuites.join(","), "tls-min-version": tlsVersion }
      : {}),
  };
  return program === "kube-apiserver"
    ? { ...everywhere, ...apiServerFlags(hardening) }
    : everywhere;
}

function apiServerFlags(hardening: Hardening): Record<string, string> {
  return {
    "encryption-provider-config": paths.encryption,
    "enable-admission-plugins": admissionPlugins(hardening).join(","),
    ...(hardening.auditLog
      ? {
          "audit-log-maxage": "30",
          "audit-log-maxbackup": "10",
          "audit-log-maxsize": "100",
          "audit-log-path": `${paths.auditLogs}/audit.log`,
          "audit-policy-file": paths.auditPolicy,
        }
      : {}),
    ...(hardening.anonymousHealthOnly ? { "authentication-config": paths.authentication } : {}),
    ...(hardening.eventRateLimit ? { "admission-control-config-file": paths.admission } : {}),
    ...(hardening.shortTokens ? { "service-account-extend-token-expiration": "false" } : {}),
  };
}

/** Beside those that are on by default; kubeadm has the first alone. */
function admissionPlugins({ eventRateLimit, denyExternalIps }: Hardening): string[] {
  return [
    "NodeRestriction",
    ...(eventRateLimit ? ["EventRateLimit"] : []),
    ...(denyExternalIps ? ["DenyServiceExternalIPs"] : []),
  ];
}

/** A folder of the machine that a static pod sees. */
export type HostMount = {
  name: string;
  path: string;
  type: "DirectoryOrCreate" | "FileOrCreate";
  readOnly: boolean;
};

/** What kube-apiserver's pod needs for these flags. */
export function hardeningMounts({ auditLog }: Hardening): HostMount[] {
  return [
    {
      name: "apiserver-config",
      path: paths.apiServerConfig,
      type: "DirectoryOrCreate",
      readOnly: true,
    },
    ...(auditLog
      ? [
          {
            name: "audit-logs",
            path: paths.auditLogs,
            type: "DirectoryOrCreate",
            readOnly: false,
          } as const,
        ]
      : []),
  ];
}

/** The files that the flags name, but for {@link encryptionConfiguration}, by path. None of them is a secret. */
export function hardeningFiles(hardening: Hardening): Readonly<Record<string, string>> {
  return {
    ...(hardening.auditLog ? { [paths.auditPolicy]: yaml(auditPolicy) } : {}),
    ...(hardening.anonymousHealthOnly ? { [paths.authentication]: yaml(authentication) } : {}),
    ...(hardening.eventRateLimit ? { [paths.admission]: yaml(admission) } : {}),
  };
}

/**
 * How kube-apiserver keeps Secrets in etcd: the first provider writes, each reads. What is written in plain can be read
 * with encryption on, and what was encrypted can be read with it off.
 * Source: apiserver `pkg/apis/apiserver/v1/types_encryption.go`.
 *
 * @param key 32 bytes, base64
 */
export function encryptionConfiguration(key: string, { encryptSecrets }: Hardening): string {
  const secretbox = { secretbox: { keys: [{ name: "key1", secret: key }] } };
  const plain = { identity: {} };
  return yaml({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      {
        resources: ["secrets"],
        providers: encryptSecrets ? [secretbox, plain] : [plain, secretbox],
      },
    ],
  });
}

/**
 * Who did what to which object; what was said of it only where it holds no secrets and changes what runs.
 * Source: apiserver `pkg/apis/audit/v1/types.go`.
 */
const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  // A request is told once, when it is answered.
  omitStages: ["RequestReceived"],
  rules: [
    // Probes, and the heartbeats of every program: they would be most of the log.
    { level: "None", nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version"] },
    {
      level: "None",
      verbs: ["get", "update"],
      resources: [{ group: "coordination.k8s.io", resources: ["leases"] }],
    },
    { level: "None", resources: [{ group: "", resources: ["events"] }] },
    { level: "None", resources: [{ group: "events.k8s.io", resources: ["events"] }] },
    // Never what is in them.
    {
      level: "Metadata",
      resources: [
        { group: "", resources: ["secrets", "configmaps", "serviceaccounts/token"] },
        { group: "authentication.k8s.io", resources: ["tokenreviews"] },
      ],
    },
    {
      level: "Request",
      verbs: ["create", "update", "patch", "delete", "deletecollection"],
      resources: [
        { group: "", resources: ["pods"] },
        { group: "apps", resources: ["deployments", "daemonsets", "statefulsets", "replicasets"] },
        { group: "batch", resources: ["jobs", "cronjobs"] },
        { group: "rbac.authorization.k8s.io" },
        { group: "certificates.k8s.io" },
      ],
    },
    // Among them exec, port-forward and proxy.
    { level: "Metadata" },
  ],
};

/**
 * Without `jwt` it changes nothing but who needs no credentials; the other authenticators have flags.
 * Source: apiserver `pkg/apis/apiserver/v1/types.go`: v1 since 1.34.
 */
const authentication = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AuthenticationConfiguration",
  anonymous: {
    enabled: true,
    conditions: ["/livez", "/readyz", "/healthz"].map((path) => ({ path })),
  },
};

/**
 * A kubelet sends at most 50 events a second by itself (its eventRecordQPS).
 * Source: kubernetes `plugin/pkg/admission/eventratelimit/apis/eventratelimit/v1alpha1/types.go`.
 */
const admission = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AdmissionConfiguration",
  plugins: [
    {
      name: "EventRateLimit",
      configuration: {
        apiVersion: "eventratelimit.admission.k8s.io/v1alpha1",
        kind: "Configuration",
        limits: [
          { type: "Server", qps: 500, burst: 5000 },
          { type: "User", qps: 50, burst: 500 },
        ],
      },
    },
  ],
};

/** The fields of a KubeletConfiguration. Source: kubernetes `staging/src/k8s.io/kubelet/config/v1beta1/types.go`. */
export function kubeletHardening(hardening: Hardening): Readonly<Record<string, unknown>> {
  return {
    ...(hardening.protectKernelDefaults ? { protectKernelDefaults: true } : {}),
    ...(hardening.podPidsLimit ? { podPidsLimit: 4096 } : {}),
    ...(hardening.seccompDefault ? { seccompDefault: true } : {}),
    ...(hardening.strongTls ? { tlsCipherSuites: cipherSuites, tlsMinVersion: tlsVersion } : {}),
  };
}

/**
 * What a kubelet with `protectKernelDefaults` demands of the kernel, as a file of sysctl.d.
 * Source: kubernetes `pkg/kubelet/cm/container_manager_linux.go` (setupKernelTunables), component-helpers
 * `node/util/sysctl/sysctl.go`.
 */
export const kernelSettings = `kernel.keys.root_maxbytes = 25000000
kernel.keys.root_maxkeys = 1000000
kernel.panic = 10
kernel.panic_on_oops = 1
vm.overcommit_memory = 1
vm.panic_on_oom = 0
`;

function yaml(document: object): string {
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}
