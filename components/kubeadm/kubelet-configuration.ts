import { stringify } from "yaml";
import { certificateOf, keyOf, paths } from "../../trust/contract.ts";
import type { ServingMode } from "../../trust/words/vocabulary.ts";

/**
 * The fields of kubelet.config.k8s.io/v1beta1 KubeletConfiguration and the kind of value each takes. A wrong
 * type keeps a kubelet from starting, and a wrongly capitalised name is ignored by it (observed with v1.37.2).
 * Source: kubernetes `staging/src/k8s.io/kubelet/config/v1beta1/types.go`.
 */
const fields = {
  authentication: "object",
  authorization: "object",
  enableServer: "boolean",
  staticPodPath: "string",
  podLogsDir: "string",
  syncFrequency: "duration",
  fileCheckFrequency: "duration",
  httpCheckFrequency: "duration",
  staticPodURL: "string",
  staticPodURLHeader: "object",
  address: "string",
  port: "integer",
  readOnlyPort: "integer",
  tlsCertFile: "string",
  tlsPrivateKeyFile: "string",
  tlsCipherSuites: "strings",
  tlsCurvePreferences: "list",
  tlsMinVersion: "string",
  rotateCertificates: "boolean",
  serverTLSBootstrap: "boolean",
  registryPullQPS: "integer",
  registryBurst: "integer",
  imagePullCredentialsVerificationPolicy: "string",
  preloadedImagesVerificationAllowlist: "strings",
  eventRecordQPS: "integer",
  eventBurst: "integer",
  enableDebuggingHandlers: "boolean",
  enableContentionProfiling: "boolean",
  healthzPort: "integer",
  healthzBindAddress: "string",
  oomScoreAdj: "integer",
  clusterDomain: "string",
  clusterDNS: "strings",
  streamingConnectionIdleTimeout: "duration",
  nodeStatusUpdateFrequency: "duration",
  nodeStatusReportFrequency: "duration",
  nodeLeaseDurationSeconds: "integer",
  imageMinimumGCAge: "duration",
  imageMaximumGCAge: "duration",
  imageGCHighThresholdPercent: "integer",
  imageGCLowThresholdPercent: "integer",
  volumeStatsAggPeriod: "duration",
  kubeletCgroups: "string",
  systemCgroups: "string",
  cgroupRoot: "string",
  cgroupsPerQOS: "boolean",
  cgroupDriver: "string",
  cpuManagerPolicy: "string",
  singleProcessOOMKill: "boolean",
  cpuManagerPolicyOptions: "stringMap",
  cpuManagerReconcilePeriod: "duration",
  memoryManagerPolicy: "string",
  topologyManagerPolicy: "string",
  topologyManagerScope: "string",
  topologyManagerPolicyOptions: "stringMap",
  qosReserved: "stringMap",
  runtimeRequestTimeout: "duration",
  hairpinMode: "string",
  maxPods: "integer",
  podCIDR: "string",
  podPidsLimit: "integer",
  resolvConf: "string",
  runOnce: "boolean",
  cpuCFSQuota: "boolean",
  cpuCFSQuotaPeriod: "duration",
  nodeStatusMaxImages: "integer",
  maxOpenFiles: "integer",
  contentType: "string",
  kubeAPIQPS: "integer",
  kubeAPIBurst: "integer",
  serializeImagePulls: "boolean",
  maxParallelImagePulls: "integer",
  evictionHard: "stringMap",
  evictionSoft: "stringMap",
  evictionSoftGracePeriod: "stringMap",
  evictionPressureTransitionPeriod: "duration",
  evictionMaxPodGracePeriod: "integer",
  evictionMinimumReclaim: "stringMap",
  mergeDefaultEvictionSettings: "boolean",
  podsPerCore: "integer",
  enableControllerAttachDetach: "boolean",
  protectKernelDefaults: "boolean",
  makeIPTablesUtilChains: "boolean",
  iptablesMasqueradeBit: "integer",
  iptablesDropBit: "integer",
  featureGates: "booleanMap",
  failSwapOn: "boolean",
  memorySwap: "object",
  containerLogMaxSize: "string",
  containerLogMaxFiles: "integer",
  containerLogMaxWorkers: "integer",
  containerLogMonitorInterval: "duration",
  configMapAndSecretChangeDetectionStrategy: "string",
  systemReserved: "stringMap",
  kubeReserved: "stringMap",
  reservedSystemCPUs: "string",
  showHiddenMetricsForVersion: "string",
  systemReservedCgroup: "string",
  kubeReservedCgroup: "string",
  enforceNodeAllocatable: "strings",
  allowedUnsafeSysctls: "strings",
  defaultPodSysctls: "stringMap",
  volumePluginDir: "string",
  providerID: "string",
  kernelMemcgNotification: "boolean",
  logging: "object",
  enableSystemLogHandler: "boolean",
  enableSystemLogQuery: "boolean",
  shutdownGracePeriod: "duration",
  shutdownGracePeriodCriticalPods: "duration",
  shutdownGracePeriodByPodPriority: "list",
  crashLoopBackOff: "object",
  reservedMemory: "list",
  enableProfilingHandler: "boolean",
  enableDebugFlagsHandler: "boolean",
  seccompDefault: "boolean",
  memoryThrottlingFactor: "number",
  memoryReservationPolicy: "string",
  registerWithTaints: "list",
  registerNode: "boolean",
  tracing: "object",
  localStorageCapacityIsolation: "boolean",
  containerRuntimeEndpoint: "string",
  imageServiceEndpoint: "string",
  failCgroupV1: "boolean",
  userNamespaces: "object",
} as const;

type Kind = (typeof fields)[keyof typeof fields];

type ValueOf<K extends Kind> = K extends "boolean"
  ? boolean
  : K extends "integer" | "number"
    ? number
    : K extends "string" | "duration"
      ? string
      : K extends "strings"
        ? readonly string[]
        : K extends "stringMap"
          ? Readonly<Record<string, string>>
          : K extends "booleanMap"
            ? Readonly<Record<string, boolean>>
            : K extends "list"
              ? readonly unknown[]
              : Readonly<Record<string, unknown>>;

/** Who may call the kubelet: `authentication`. */
export interface KubeletAuthentication {
  anonymous?: { enabled?: boolean };
  webhook?: { enabled?: boolean; cacheTTL?: string };
  x509?: { clientCAFile?: string };
}

/** What a caller may do: `authorization`. */
export interface KubeletAuthorization {
  mode?: "Webhook" | "AlwaysAllow";
  webhook?: { cacheAuthorizedTTL?: string; cacheUnauthorizedTTL?: string };
}

/** A KubeletConfiguration; durations are texts such as `10s`. */
export type KubeletConfiguration = {
  -readonly [F in Exclude<keyof typeof fields, "authentication" | "authorization">]?: ValueOf<
    (typeof fields)[F]
  >;
} & { authentication?: KubeletAuthentication; authorization?: KubeletAuthorization };

/** What a kubelet's configuration follows from. */
export interface KubeletSettings {
  servingMode: ServingMode;
  /** IP address of the cluster's DNS service. */
  clusterDns: string;
  /** DNS domain of services, e.g. `cluster.local`. */
  dnsDomain: string;
  /** Whatever else is wanted; see {@link kubeletConfigurationProblems} for what may not be. */
  configuration?: KubeletConfiguration;
}

/**
 * The configuration of kubelets in a serving mode: kubeadm's defaults, what the mode decides, and whatever else
 * was given.
 * Source of the defaults: kubernetes `cmd/kubeadm/app/componentconfigs/kubelet.go`.
 */
export function kubeletConfiguration(settings: KubeletSettings): KubeletConfiguration {
  const defaults: KubeletConfiguration = {
    cgroupDriver: "systemd",
    clusterDNS: [settings.clusterDns],
    clusterDomain: settings.dnsDomain,
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    healthzBindAddress: "127.0.0.1",
    healthzPort: 10248,
    // Of the client certificate alone; KubeletConfigMap says which binding it needs.
    rotateCertificates: true,
    staticPodPath: paths.manifests,
  };
  return merge(merge(defaults, settings.configuration ?? {}), decided(settings.servingMode));
}

/** The configuration as YAML, keys in order, as it goes into a ConfigMap or a file. */
export function renderKubeletConfiguration(configuration: KubeletConfiguration): string {
  return stringify(
    {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      ...configuration,
    },
    { lineWidth: 0, sortMapEntries: true },
  );
}

/** What the mode decides, and what keeps strangers out in every mode. */
function decided(mode: ServingMode): KubeletConfiguration {
  return {
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: paths.ca },
    },
    authorization: { mode: "Webhook" },
    readOnlyPort: 0,
    serverTLSBootstrap: mode === "bootstrap",
    ...(mode === "provisioned"
      ? {
          tlsCertFile: certificateOf(paths.kubeletServing),
          tlsPrivateKeyFile: keyOf(paths.kubeletServing),
        }
      : {}),
  };
}

/**
 * What is wrong with a given configuration: a field that contradicts the mode, a value of a wrong type, or a
 * name that the kubelet would ignore. Each problem begins with the field's name.
 *
 * @param field what the configuration is called where it was given
 */
export function kubeletConfigurationProblems(
  mode: ServingMode,
  given: Readonly<Record<string, unknown>>,
  field: string,
): string[] {
  const typeProblems = Object.entries(given).flatMap(([name, value]) =>
    valueProblems(field, name, value),
  );
  if (typeProblems.length > 0) return typeProblems;
  const contradictions = contradictionsOf(given, { ...decided(mode) }, []);
  if (mode !== "provisioned") {
    for (const name of ["tlsCertFile", "tlsPrivateKeyFile"]) {
      if (given[name] !== undefined) contradictions.push([name, given[name], undefined]);
    }
  }
  if (given.enableServer === false) contradictions.push(["enableServer", false, true]);
  const gate = (given.featureGates as Record<string, unknown> | undefined)?.[servingGate];
  if (mode === "bootstrap" && gate === false) {
    contradictions.push([`featureGates.${servingGate}`, false, true]);
  }
  return contradictions.map(([path, is, wanted]) =>
    wanted === undefined
      ? `${field}.${path}: ${JSON.stringify(is)} contradicts serving mode ${mode}, which has no such file. Leave the field out, or use servingMode provisioned.`
      : `${field}.${path}: ${JSON.stringify(is)} contradicts serving mode ${mode}, which sets ${JSON.stringify(wanted)}. Leave the field out${advice(path)}.`,
  );
}

/** The feature gate without which `serverTLSBootstrap` keeps a kubelet from starting. */
const servingGate = "RotateKubeletServerCertificate";

function advice(path: string): string {
  return path === "serverTLSBootstrap" ? ", and choose by servingMode instead" : "";
}

type Contradiction = [path: string, is: unknown, wanted: unknown];

/** The places where both sides say something, and not the same. */
function contradictionsOf(
  given: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
  path: string[],
): Contradiction[] {
  return Object.entries(wanted).flatMap(([name, value]): Contradiction[] => {
    const is = given[name];
    if (is === undefined || is === value) return [];
    if (isObject(is) && isObject(value)) return contradictionsOf(is, value, [...path, name]);
    return [[[...path, name].join("."), is, value]];
  });
}

function valueProblems(field: string, name: string, value: unknown): string[] {
  const kind = (fields as Record<string, Kind>)[name];
  if (kind === undefined) {
    const known = Object.keys(fields).find((f) => f.toLowerCase() === name.toLowerCase());
    return known === undefined
      ? []
      : [`${field}.${name}: the kubelet ignores this spelling. Write ${known}.`];
  }
  return hasKind(value, kind)
    ? []
    : [
        `${field}.${name}: ${JSON.stringify(value)} is not ${kindNames[kind]}, and the kubelet would not start. Give ${kindNames[kind]}.`,
      ];
}

const kindNames: Record<Kind, string> = {
  boolean: "true or false",
  integer: "a whole number",
  number: "a number",
  string: "a text",
  duration: 'a duration such as "10s"',
  strings: "a list of texts",
  stringMap: "a map of texts",
  booleanMap: "a map of true or false",
  list: "a list",
  object: "a map",
};

function hasKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case "boolean":
      return typeof value === "boolean";
    case "integer":
      return Number.isSafeInteger(value);
    case "number":
      return typeof value === "number";
    case "string":
      return typeof value === "string";
    case "duration":
      return typeof value === "string" && /^(0|-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+)$/.test(value);
    case "strings":
      return Array.isArray(value) && value.every((entry) => typeof entry === "string");
    case "stringMap":
      return isObject(value) && Object.values(value).every((entry) => typeof entry === "string");
    case "booleanMap":
      return isObject(value) && Object.values(value).every((entry) => typeof entry === "boolean");
    case "list":
      return Array.isArray(value);
    case "object":
      return isObject(value);
  }
}

/** Both, the second on top; maps are merged, everything else is replaced. */
function merge<T extends object>(base: T, top: T): T {
  const merged = Object.entries(top).map(([name, value]): [string, unknown] => {
    const below: unknown = base[name as keyof T];
    return [name, isObject(below) && isObject(value) ? merge(below, value) : value];
  });
  return { ...base, ...Object.fromEntries(merged) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
