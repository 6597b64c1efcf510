/**
 * What a kubelet refuses about fields that are more than one number or word.
 * Source: kubernetes `pkg/kubelet/apis/config/validation/validation.go`.
 */
import { durationText, quote } from "../../go/texts.ts";
import { asList, asObject } from "../../readers/yaml.ts";
import {
  type Complaint,
  duration,
  enabled,
  type Rule,
  type ValidateInputs,
} from "./validation-rule.ts";

const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** Taints of new nodes. */
export function invalidTaints({ get }: ValidateInputs): Complaint[] {
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

/** CPUs that no pod gets. */
export function reservedCpus({ get }: ValidateInputs): Complaint | undefined {
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

/** Memory that no pod gets. */
export function reservedMemory({ get }: ValidateInputs): Complaint[] {
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

/** An age that is none below zero. */
export function ageRule(field: string): Rule {
  return (inputs) => {
    const age = duration(inputs, field);
    return age !== undefined && age < 0
      ? { message: `${field} ${durationText(age)} must not be negative`, field }
      : undefined;
  };
}

/** The period of CPU quotas, which a gate opens. */
export function cfsQuotaPeriod(inputs: ValidateInputs): Complaint | undefined {
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

/** How long a shutdown waits, and for which pods. */
export function shutdownGracePeriods(inputs: ValidateInputs): Complaint[] {
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

/** What is enforced of a node's reservations, and the groups that this needs. */
export function enforceNodeAllocatable({ get }: ValidateInputs): Complaint[] {
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
