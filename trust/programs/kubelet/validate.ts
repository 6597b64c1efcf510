/**
 * What a kubelet refuses about its configuration as a whole, in the order and the words of
 * kubernetes `pkg/kubelet/apis/config/validation/validation.go` (ValidateKubeletConfiguration).
 * Checks that need the machine (NUMA nodes, kernel) are left to the machine.
 */
import { posix } from "node:path";
import { durationText, listText, quote } from "../../go/texts.ts";
import {
  ageRule,
  cfsQuotaPeriod,
  enforceNodeAllocatable,
  invalidTaints,
  reservedCpus,
  reservedMemory,
  shutdownGracePeriods,
} from "./validation-of-parts.ts";
import {
  between,
  type Complaint,
  duration,
  enabled,
  notNegative,
  number,
  object,
  oneOf,
  type Rule,
  type ValidateInputs,
} from "./validation-rule.ts";

/** All complaints but those about feature gates. Values that are unknown are not complained about. */
export function validateConfiguration(inputs: ValidateInputs): Complaint[] {
  return rules.flatMap((rule) => {
    const complaint = rule(inputs);
    const complaints = complaint === undefined ? [] : [complaint].flat();
    return complaints.map(({ message, ...about }) => ({
      message: bare.test(message) ? message : `invalid configuration: ${message}`,
      ...about,
    }));
  });
}

const cgroupMessage =
  "kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is unsupported and will be removed in a future release";
/** Messages that carry no "invalid configuration: " before them. */
const bare = /^(kubelet is configured|invalid |tracing\.)/;

const topologyPolicies = ["none", "best-effort", "restricted", "single-numa-node"];
const hairpinModes = ["none", "hairpin-veth", "promiscuous-bridge"];

const rules: readonly Rule[] = [
  number(
    "nodeLeaseDurationSeconds",
    (value) => value <= 0,
    () => "nodeLeaseDurationSeconds must be greater than 0",
  ),
  ({ get }) =>
    get("systemCgroups") && !get("cgroupRoot")
      ? {
          message:
            "systemCgroups (--system-cgroups) was specified and cgroupRoot (--cgroup-root) was not specified",
          field: "systemCgroups",
        }
      : undefined,
  notNegative("eventBurst", "event-burst"),
  notNegative("eventRecordQPS", "event-qps"),
  number(
    "healthzPort",
    (value) => value !== 0 && (value < 1 || value > 65535),
    (value) => `healthzPort (--healthz-port) ${value} must be between 1 and 65535, inclusive`,
  ),
  cfsQuotaPeriod,
  between("imageGCHighThresholdPercent", "image-gc-high-threshold", 0, 100),
  between("imageGCLowThresholdPercent", "image-gc-low-threshold", 0, 100),
  ({ get }) => {
    const [low, high] = [get("imageGCLowThresholdPercent"), get("imageGCHighThresholdPercent")];
    return typeof low === "number" && typeof high === "number" && low >= high
      ? {
          message: `imageGCLowThresholdPercent (--image-gc-low-threshold) ${low} must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) ${high}`,
          field: "imageGCLowThresholdPercent",
        }
      : undefined;
  },
  (inputs) =>
    Object.keys(object(inputs, "defaultPodSysctls")).length > 0 &&
    !enabled(inputs, "DefaultPodSysctls")
      ? {
          message:
            "DefaultPodSysctls feature gate is required for Kubelet configuration option defaultPodSysctls",
          field: "defaultPodSysctls",
        }
      : undefined,
  ageRule("imageMinimumGCAge"),
  ageRule("imageMaximumGCAge"),
  (inputs) => {
    const [minimum, maximum] = [
      duration(inputs, "imageMinimumGCAge"),
      duration(inputs, "imageMaximumGCAge"),
    ];
    return minimum !== undefined && maximum !== undefined && maximum > 0 && maximum <= minimum
      ? {
          message: `imageMaximumGCAge ${durationText(maximum)} must be greater than imageMinimumGCAge ${durationText(minimum)}`,
          field: "imageMaximumGCAge",
        }
      : undefined;
  },
  between("iptablesDropBit", "iptables-drop-bit", 0, 31),
  between("iptablesMasqueradeBit", "iptables-masquerade-bit", 0, 31),
  notNegative("kubeAPIBurst", "kube-api-burst"),
  notNegative("kubeAPIQPS", "kube-api-qps"),
  number(
    "nodeStatusMaxImages",
    (value) => value < -1,
    (value) => `nodeStatusMaxImages (--node-status-max-images) ${value} must be -1 or greater`,
  ),
  notNegative("maxOpenFiles", "max-open-files"),
  notNegative("maxPods", "max-pods"),
  between("oomScoreAdj", "oom-score-adj", -1000, 1000),
  notNegative("podsPerCore", "pods-per-core"),
  between("port", "port", 1, 65535),
  number(
    "readOnlyPort",
    (value) => value < 0 || value > 65535,
    (value) => `readOnlyPort (--read-only-port) ${value} must be between 0 and 65535, inclusive`,
  ),
  notNegative("registryBurst", "registry-burst"),
  notNegative("registryPullQPS", "registry-qps"),
  number(
    "maxParallelImagePulls",
    (value) => value < 1,
    (value) => `maxParallelImagePulls ${value} must be a positive number`,
  ),
  ({ get }) => {
    const parallel = get("maxParallelImagePulls");
    return get("serializeImagePulls") === true && typeof parallel === "number" && parallel > 1
      ? {
          message:
            "maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false",
          field: "maxParallelImagePulls",
        }
      : undefined;
  },
  (inputs) =>
    inputs.get("serverTLSBootstrap") === true && !enabled(inputs, "RotateKubeletServerCertificate")
      ? {
          message: "serverTLSBootstrap true requires feature gate RotateKubeletServerCertificate",
          field: "serverTLSBootstrap",
          kind: "needs-gate",
        }
      : undefined,
  ({ get }) =>
    get("runOnce") === true
      ? {
          message:
            "runOnce (--runOnce) true, Runonce mode has been deprecated and should not be set",
          field: "runOnce",
        }
      : undefined,
  invalidTaints,
  oneOf(
    "topologyManagerPolicy",
    topologyPolicies,
    (value) =>
      `topologyManagerPolicy (--topology-manager-policy) ${value} must be one of: ${listText(topologyPolicies.map(quote))}`,
  ),
  oneOf(
    "topologyManagerScope",
    ["container", "pod"],
    (value) =>
      `topologyManagerScope (--topology-manager-scope) ${value} must be one of: "container", or "pod"`,
  ),
  shutdownGracePeriods,
  (inputs) => {
    const byPriority = inputs.get("shutdownGracePeriodByPodPriority");
    const whole = duration(inputs, "shutdownGracePeriod") ?? 0;
    const critical = duration(inputs, "shutdownGracePeriodCriticalPods") ?? 0;
    return Array.isArray(byPriority) && byPriority.length > 0 && (whole > 0 || critical > 0)
      ? {
          message:
            "Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time",
          field: "shutdownGracePeriodByPodPriority",
        }
      : undefined;
  },
  oneOf(
    "memorySwap.swapBehavior",
    ["", "NoSwap", "LimitedSwap"],
    (value) => `memorySwap.swapBehavior ${value} must be one of: "", "LimitedSwap" or "NoSwap"`,
  ),
  (inputs) => {
    const period = duration(inputs, "crashLoopBackOff.maxContainerRestartPeriod");
    const milliseconds = (period ?? 1e9) / 1e6;
    return enabled(inputs, "KubeletCrashLoopBackOffMax") &&
      (milliseconds < 1000 || milliseconds > 300_000)
      ? {
          message: `CrashLoopBackOff.MaxContainerRestartPeriod (got: ${milliseconds / 1000} seconds) must be set between 1s and 300s`,
          field: "crashLoopBackOff.maxContainerRestartPeriod",
        }
      : undefined;
  },
  enforceNodeAllocatable,
  oneOf(
    "hairpinMode",
    hairpinModes,
    (value) =>
      `option ${value} specified for hairpinMode (--hairpin-mode). Valid options are "none", "hairpin-veth" or "promiscuous-bridge"`,
  ),
  (inputs) =>
    enabled(inputs, "KubeletEnsureSecretPulledImages")
      ? oneOf(
          "imagePullCredentialsVerificationPolicy",
          pullPolicies,
          (value) =>
            `option ${value} specified for imagePullCredentialsVerificationPolicy. Valid options are "NeverVerify", "NeverVerifyPreloadedImages", "NeverVerifyAllowlistedImages" or "AlwaysVerify"`,
        )(inputs)
      : undefined,
  ({ get }) =>
    get("reservedSystemCPUs") && (get("systemReservedCgroup") || get("kubeReservedCgroup"))
      ? {
          message:
            "can't use reservedSystemCPUs (--reserved-cpus) with systemReservedCgroup (--system-reserved-cgroup) or kubeReservedCgroup (--kube-reserved-cgroup)",
          field: "reservedSystemCPUs",
        }
      : undefined,
  reservedCpus,
  reservedMemory,
  ({ get, cgroupV1 }) =>
    cgroupV1 && get("failCgroupV1") === true
      ? { message: cgroupMessage, field: "failCgroupV1", kind: "cgroup-v1" }
      : undefined,
  ({ get, cgroupV1 }) =>
    cgroupV1 && get("failCgroupV1") === false && get("singleProcessOOMKill") === false
      ? {
          message: "singleProcessOOMKill must not be explicitly set to false when using cgroup v1",
          field: "singleProcessOOMKill",
        }
      : undefined,
  number(
    "userNamespaces.idsPerPod",
    (value) => value < 65536,
    () => "userNamespaces.idsPerPod must not be less than 65536",
  ),
  number(
    "userNamespaces.idsPerPod",
    (value) => value >= 65536 && value % 65536 !== 0,
    () => "userNamespaces.idsPerPod must be a multiple of 65536",
  ),
  ({ get, table }) => {
    const version = get("showHiddenMetricsForVersion");
    const previous = `1.${table.minor - 1}`;
    return typeof version === "string" && version !== "" && version !== previous
      ? {
          message: `invalid showHiddenMetricsForVersion: showHiddenMetricsForVersion: Invalid value: ${quote(version)}: must be omitted or have the value '${previous}'; only the previous minor version is allowed`,
          field: "showHiddenMetricsForVersion",
        }
      : undefined;
  },
  number(
    "tracing.samplingRatePerMillion",
    (value) => value < 0,
    (value) =>
      `tracing.samplingRatePerMillion: Invalid value: ${value}: sampling rate must be positive`,
  ),
  (inputs) => {
    const factor = inputs.get("memoryThrottlingFactor");
    return typeof factor === "number" && factor !== 0.9 && !enabled(inputs, "MemoryQoS")
      ? {
          message: "memoryThrottlingFactor must not be set when MemoryQoS feature gate is disabled",
          field: "memoryThrottlingFactor",
        }
      : undefined;
  },
  oneOf(
    "memoryReservationPolicy",
    ["None", "TieredReservation"],
    (value) =>
      `option ${value} specified for memoryReservationPolicy. Valid options are "None" or "TieredReservation"`,
  ),
  ({ get }) =>
    get("containerRuntimeEndpoint") === ""
      ? {
          message: "the containerRuntimeEndpoint was not specified or empty",
          field: "containerRuntimeEndpoint",
        }
      : undefined,
  (inputs) =>
    inputs.get("enableSystemLogQuery") === true && !enabled(inputs, "NodeLogQuery")
      ? {
          message: "NodeLogQuery feature gate is required for enableSystemLogQuery",
          field: "enableSystemLogQuery",
        }
      : undefined,
  ({ get }) =>
    get("enableSystemLogQuery") === true && get("enableSystemLogHandler") === false
      ? {
          message: "enableSystemLogHandler is required for enableSystemLogQuery",
          field: "enableSystemLogQuery",
        }
      : undefined,
  number(
    "containerLogMaxWorkers",
    (value) => value < 1,
    () => "containerLogMaxWorkers must be greater than or equal to 1",
  ),
  (inputs) => {
    const interval = duration(inputs, "containerLogMonitorInterval");
    return interval !== undefined && interval < 3e9
      ? {
          message:
            "containerLogMonitorInterval must be a positive time duration greater than or equal to 3s",
          field: "containerLogMonitorInterval",
        }
      : undefined;
  },
  number(
    "containerLogMaxFiles",
    (value) => value <= 1,
    () => "containerLogMaxFiles must be greater than 1",
  ),
  ({ get }) => {
    const folder = get("podLogsDir");
    return typeof folder === "string" && !folder.startsWith("/")
      ? { message: `pod logs path ${quote(folder)} must be absolute path`, field: "podLogsDir" }
      : undefined;
  },
  ({ get }) => {
    const folder = get("podLogsDir");
    return typeof folder === "string" && posix.normalize(folder).replace(/(.)\/$/, "$1") !== folder
      ? { message: `pod logs path ${quote(folder)} must be normalized`, field: "podLogsDir" }
      : undefined;
  },
];

const pullPolicies = [
  "NeverVerify",
  "NeverVerifyPreloadedImages",
  "NeverVerifyAllowlistedImages",
  "AlwaysVerify",
];
