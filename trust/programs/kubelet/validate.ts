/**
 * What a kubelet refuses about its configuration as a whole, in the order and the words of
 * kubernetes `pkg/kubelet/apis/config/validation/validation.go` (ValidateKubeletConfiguration).
 * Checks that need the machine (NUMA nodes, kernel) are left to the machine.
 */
import { posix } from "node:path";
import { durationText, listText, parseDuration, quote } from "../../go/texts.ts";
import { type GateSettings, isEnabled } from "../../kubernetes/gates.ts";
import type { KubeletTable } from "../../kubernetes/tables.ts";
import { asList, asObject, type Json, type JsonObject } from "../../readers/yaml.ts";
import type { RefusalKind } from "../../words/refusal.ts";

/** A complaint and the field it is about; of kind `invalid-value` unless it says another. */
export type Complaint = {
  readonly message: string;
  readonly field: string;
  readonly kind?: RefusalKind;
};

export type ValidateInputs = {
  /** The value of a field; undefined when it has none or is unknown. */
  readonly get: (field: string) => Json | undefined;
  readonly gates: GateSettings;
  readonly table: KubeletTable;
  /** The machine has cgroup v1. */
  readonly cgroupV1: boolean;
};

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

type Rule = (inputs: ValidateInputs) => Complaint | Complaint[] | undefined;

const cgroupMessage =
  "kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is unsupported and will be removed in a future release";
/** Messages that carry no "invalid configuration: " before them. */
const bare = /^(kubelet is configured|invalid |tracing\.)/;

/** A rule about one number. */
function number(
  field: string,
  isWrong: (value: number) => boolean,
  says: (value: number) => string,
): Rule {
  return ({ get }) => {
    const value = get(field);
    return typeof value === "number" && isWrong(value)
      ? { message: says(value), field }
      : undefined;
  };
}

function notNegative(field: string, flag: string): Rule {
  return number(
    field,
    (value) => value < 0,
    (value) => `${field} (--${flag}) ${value} must not be a negative number`,
  );
}

function between(
  field: string,
  flag: string,
  low: number,
  high: number,
  suffix = ", inclusive",
): Rule {
  return number(
    field,
    (value) => value < low || value > high,
    (value) => `${field} (--${flag}) ${value} must be between ${low} and ${high}${suffix}`,
  );
}

/** A rule about one text that must be one of some. */
function oneOf(field: string, allowed: readonly string[], says: (value: string) => string): Rule {
  return ({ get }) => {
    const value = get(field);
    return typeof value === "string" && !allowed.includes(value)
      ? { message: says(quote(value)), field }
      : undefined;
  };
}

function duration({ get }: ValidateInputs, field: string): number | undefined {
  const value = get(field);
  return typeof value === "string" ? parseDuration(value).value : undefined;
}

function enabled({ gates, table }: ValidateInputs, gate: string): boolean {
  return isEnabled(gate, gates, table.gates);
}

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

function object({ get }: ValidateInputs, field: string): JsonObject {
  return asObject(get(field)) ?? {};
}

const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function invalidTaints({ get }: ValidateInputs): Complaint[] {
  return asList(get("registerWithTaints")).flatMap((taint) => {
    const { key, value, effect } = asObject(taint) ?? {};
    const isValid = typeof effect === "string" && taintEffects.includes(effect);
    return isValid
      ? []
      : [
          {
            message: `invalid taint: {${key ?? ""} ${value ?? ""} ${effect ?? ""} <nil>}`,
            field: "registerWithTaints",
          },
        ];
  });
}

function reservedCpus({ get }: ValidateInputs): Complaint | undefined {
  const cpus = get("reservedSystemCPUs");
  const bad =
    typeof cpus === "string" && cpus !== ""
      ? cpus.split(/[,-]/).find((one) => !/^\d+$/.test(one))
      : undefined;
  return bad === undefined
    ? undefined
    : {
        message: `unable to parse reservedSystemCPUs (--reserved-cpus) ${cpus}, error: strconv.Atoi: parsing ${quote(bad)}: invalid syntax`,
        field: "reservedSystemCPUs",
      };
}

function reservedMemory({ get }: ValidateInputs): Complaint[] {
  return asList(get("reservedMemory")).flatMap((one) => {
    const { numaNode, limits } = asObject(one) ?? {};
    return Object.entries(asObject(limits) ?? {}).flatMap(([resource, quantity]) =>
      /^0[A-Za-z]*$/.test(String(quantity))
        ? [
            {
              message: `reserved memory may not be zero for NUMA node ${numaNode ?? 0} and resource ${quote(resource)}`,
              field: "reservedMemory",
            },
          ]
        : [],
    );
  });
}

function ageRule(field: string): Rule {
  return (inputs) => {
    const age = duration(inputs, field);
    return age !== undefined && age < 0
      ? { message: `${field} ${durationText(age)} must not be negative`, field }
      : undefined;
  };
}

function cfsQuotaPeriod(inputs: ValidateInputs): Complaint | undefined {
  const field = "cpuCFSQuotaPeriod";
  const period = duration(inputs, field);
  if (period === undefined) {
    return undefined;
  }
  // The period is printed as a metav1.Duration: its one field in braces.
  const named = `${field} (--cpu-cfs-quota-period) {${durationText(period)}}`;
  if (!enabled(inputs, "CustomCPUCFSQuotaPeriod")) {
    return period === 100e6
      ? undefined
      : { message: `${named} requires feature gate CustomCPUCFSQuotaPeriod`, field };
  }
  return period < 1e6 || period > 1e9
    ? { message: `${named} must be between 1ms and 1sec, inclusive`, field }
    : undefined;
}

function shutdownGracePeriods(inputs: ValidateInputs): Complaint[] {
  const [all, critical] = ["shutdownGracePeriod", "shutdownGracePeriodCriticalPods"] as const;
  const [whole, part] = [duration(inputs, all) ?? 0, duration(inputs, critical) ?? 0];
  const complaints: Complaint[] = [];
  if (part > whole) {
    complaints.push({
      message: `${critical} {${durationText(part)}} must be <= ${all} {${durationText(whole)}}`,
      field: critical,
    });
  }
  for (const [field, value] of [
    [all, whole],
    [critical, part],
  ] as const) {
    if (value < 0 || (value > 0 && value < 1e9)) {
      complaints.push({
        message: `${field} {${durationText(value)}} must be either zero or otherwise >= 1 sec`,
        field,
      });
    }
  }
  return complaints;
}

const enforcements = [
  "pods",
  "system-reserved",
  "system-reserved-compressible",
  "kube-reserved",
  "kube-reserved-compressible",
  "none",
] as const;

function enforceNodeAllocatable({ get }: ValidateInputs): Complaint[] {
  const field = "enforceNodeAllocatable";
  const value = get(field);
  const list = Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  const messages: string[] = [];
  for (const kind of ["system-reserved", "kube-reserved"]) {
    if (list.includes(kind) && list.includes(`${kind}-compressible`)) {
      messages.push(
        `both "${kind}" and "${kind}-compressible" cannot be specified together in enforceNodeAllocatable (--enforce-node-allocatable)`,
      );
    }
  }
  for (const [index, one] of list.entries()) {
    if (list.indexOf(one) < index) {
      messages.push(
        `duplicated enforcements ${quote(one)} in enforceNodeAllocatable (--enforce-node-allocatable)`,
      );
    } else if (one === "none") {
      messages.push(
        ...(list.length > 1
          ? [
              'enforceNodeAllocatable (--enforce-node-allocatable) may not contain additional enforcements when "none" is specified',
            ]
          : []),
      );
    } else if (!(enforcements as readonly string[]).includes(one)) {
      messages.push(
        `option ${quote(one)} specified for enforceNodeAllocatable (--enforce-node-allocatable). Valid options are "pods", "system-reserved", "system-reserved-compressible", "kube-reserved", "kube-reserved-compressible" or "none"`,
      );
    } else {
      messages.push(...needsCgroup(one, get), ...needsQos(one, get));
    }
  }
  return messages.map((message) => ({ message, field }));
}

function needsCgroup(enforcement: string, get: ValidateInputs["get"]): string[] {
  for (const [kind, name, flag] of [
    ["system-reserved", "systemReservedCgroup", "system-reserved-cgroup"],
    ["kube-reserved", "kubeReservedCgroup", "kube-reserved-cgroup"],
  ] as const) {
    if (enforcement.startsWith(kind) && !get(name)) {
      return [
        `${name} (--${flag}) must be specified when "${kind}" or "${kind}-compressible" included in enforceNodeAllocatable (--enforce-node-allocatable)`,
      ];
    }
  }
  return [];
}

function needsQos(enforcement: string, get: ValidateInputs["get"]): string[] {
  return get("cgroupsPerQOS") === false
    ? [
        `cgroupsPerQOS (--cgroups-per-qos) must be set to true when ${quote(enforcement)} contained in enforceNodeAllocatable (--enforce-node-allocatable)`,
      ]
    : [];
}
