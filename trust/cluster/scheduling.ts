/**
 * Whether a pod gets a node: by taints, by the node's name, by its labels.
 * Sources: kubernetes `core/v1` toleration.go (ToleratesTaint), `component-helpers/scheduling/corev1/nodeaffinity`.
 */

import type { WorkloadPiece } from "../readers/piece.ts";
import { isUnknown } from "../readers/placeholders.ts";
import { asList, asObject, asText, type Json, type JsonObject } from "../readers/yaml.ts";
import { type Fact, known, unknown } from "../words/fact.ts";

/** A taint that kubelets register with, as `key=value:effect` says it. */
export type Taint = { readonly key: string; readonly value: string; readonly effect: string };

/** A node as a scheduler sees it, as far as its kubelet and its Node tell. */
export type Machine = {
  readonly name: Fact<string>;
  readonly taints: readonly Taint[];
  readonly labels: Readonly<Record<string, string>>;
  /** The labels are those of a Node object: there are no others. */
  readonly hasAllLabels: boolean;
};

/** Why a workload gets no node of these; `undefined` where one takes it, or none is known. */
export function withoutNode(
  { label, tolerations, scheduling }: WorkloadPiece,
  machines: readonly Machine[],
): Fact<string | undefined> {
  if (machines.length === 0) return known(undefined);
  const nowhere = (why: string) => known(`${label} has no node to run on: ${why}`);
  const taint = taintOfAll(
    machines.map(({ taints }) => taints),
    tolerations,
  );
  if (taint !== undefined) {
    return nowhere(
      `kubelets start with the taint ${taint.key}:${taint.effect}, which it does not tolerate`,
    );
  }
  const nodeName = asText(scheduling.nodeName) ?? "";
  if (isUnknown(nodeName)) return unknown(`the node that ${label} is to run on`);
  if (nodeName !== "" && machines.every(({ name }) => name.known && name.value !== nodeName)) {
    return nowhere(`no kubelet here is that of node ${nodeName}`);
  }
  const terms = termsOf(scheduling);
  if (!terms.known) return unknown(`${terms.missing} of ${label}`);
  const answers = machines.map((machine) => worst(terms.value, machine));
  if (answers.some(({ fits }) => fits === "yes")) return known(undefined);
  const [doubt] = answers.filter(({ fits }) => fits === "maybe");
  if (doubt !== undefined) {
    return unknown(`which node has ${doubt.asked}, which ${label} asks for`);
  }
  return nowhere(`no node here has ${answers[0]?.asked}, which it asks for`);
}

/** What a node has to be labelled with. */
type Requirement = {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
};

/** All of one of these lists must hold. */
function termsOf({
  nodeSelector,
  affinity,
}: JsonObject): Fact<readonly (readonly Requirement[])[]> {
  const required = asObject(asObject(asObject(affinity)?.nodeAffinity)?.[requiredTerms]);
  for (const [field, value] of Object.entries({ nodeSelector, affinity })) {
    if (typeof value === "string" && value !== "") return unknown(`the ${field}`);
  }
  const always = Object.entries(asObject(nodeSelector) ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: "In", values: [String(value)] }),
  );
  const terms = asList(required?.nodeSelectorTerms).map((term) =>
    asList(asObject(term)?.matchExpressions).map((expression): Requirement => {
      const { key, operator, values } = asObject(expression) ?? {};
      return {
        key: asText(key) ?? "",
        operator: asText(operator) ?? "",
        values: asList(values).map(String),
      };
    }),
  );
  return known(terms.length === 0 ? [always] : terms.map((term) => [...always, ...term]));
}

const requiredTerms = "requiredDuringSchedulingIgnoredDuringExecution";

type Fits = { readonly fits: "yes" | "maybe" | "no"; readonly asked: string };

/** How well a node fits the best of the terms. */
function worst(terms: readonly (readonly Requirement[])[], machine: Machine): Fits {
  const answers = terms.map((term): Fits => {
    const each = term.map((one): Fits => ({ fits: holds(one, machine), asked: saidOf(one) }));
    return (
      each.find(({ fits }) => fits === "no") ??
      each.find(({ fits }) => fits === "maybe") ?? { fits: "yes", asked: "" }
    );
  });
  return (
    answers.find(({ fits }) => fits === "yes") ??
    answers.find(({ fits }) => fits === "maybe") ??
    answers[0] ?? { fits: "yes", asked: "" }
  );
}

function saidOf({ key, operator, values }: Requirement): string {
  if (operator === "In") return `the label ${key}=${values.join(" or ")}`;
  return `what ${key} ${operator} ${values.join(" or ")}`.trim();
}

function holds({ key, operator, values }: Requirement, machine: Machine): Fits["fits"] {
  if ([key, ...values].some(isUnknown)) return "maybe";
  const value = Object.hasOwn(machine.labels, key)
    ? machine.labels[key]
    : key === "kubernetes.io/hostname" && machine.name.known
      ? machine.name.value
      : undefined;
  if (value === undefined && !machine.hasAllLabels) {
    // Kubelets, kubeadm and clouds set these themselves.
    if (isSetByOthers(key)) return "yes";
    return operator === "NotIn" || operator === "DoesNotExist" ? "yes" : "maybe";
  }
  const isIn = value !== undefined && values.includes(value);
  switch (operator) {
    case "In":
      return isIn ? "yes" : "no";
    case "NotIn":
      return isIn ? "no" : "yes";
    case "Exists":
      return value === undefined ? "no" : "yes";
    case "DoesNotExist":
      return value === undefined ? "yes" : "no";
    default:
      return "maybe";
  }
}

/** Source: kubernetes `core/v1` well_known_labels.go; kubeadm `constants.go` (node-role). */
function isSetByOthers(key: string): boolean {
  return /(^|\.)(kubernetes|k8s)\.io\//.test(key) && key !== "kubernetes.io/hostname";
}

/** `--node-labels=a=b,c=d` */
export function labelsIn(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts
      .flatMap((text) => text.split(","))
      .map((pair): [string, string] => {
        const [key = "", value = ""] = pair.split("=");
        return [key, value];
      }),
  );
}

/**
 * Taints that nodes start with until something on them is ready, and which that takes away. What sets up a node's
 * network, its cloud's addresses or its volumes needs no certificate of the kubelet for it.
 * Sources: kubernetes `cloud-provider/api/well_known_taints.go`, `core/v1` well_known_taints.go; Cilium
 * `pkg/option` (agent-not-ready); the EBS, EFS and FSx drivers; Karpenter `pkg/apis/v1/taints.go`; cluster-autoscaler
 * `utils/taints`; Cluster API `api/core` (NodeUninitializedTaint); Istio's untaint controller.
 */
const startup =
  /^(?:node\.cloudprovider\.kubernetes\.io\/uninitialized|node\.kubernetes\.io\/(?:not-ready|network-unavailable)|node\.cilium\.io\/agent-not-ready|(?:ebs|efs|fsx)\.csi\.aws\.com\/agent-not-ready|karpenter\.sh\/unregistered|node\.cluster\.x-k8s\.io\/uninitialized|cni\.istio\.io\/not-ready|(?:startup|ignore)-taint\.cluster-autoscaler\.kubernetes\.io\/.+)$/;

/** Taints of all nodes that keep a pod off until they are taken away: `key:effect`. */
export function startupTaints(
  { tolerations }: Pick<WorkloadPiece, "tolerations">,
  machines: readonly Machine[],
): readonly string[] {
  const found = machines.map(({ taints }) =>
    taints.filter((taint) => startup.test(taint.key) && repels(taint, tolerations)),
  );
  if (found.some((taints) => taints.length === 0)) return [];
  return [...new Set(found.flat().map(({ key, effect }) => `${key}:${effect}`))];
}

/** A taint that keeps a pod off each kubelet that is known; none where one of them takes it, if only in a while. */
function taintOfAll(
  kubelets: readonly (readonly Taint[])[],
  tolerations: readonly Json[],
): Taint | undefined {
  const repelling = kubelets.map((taints) =>
    taints.find((taint) => !startup.test(taint.key) && repels(taint, tolerations)),
  );
  return repelling.every((taint) => taint !== undefined) ? repelling[0] : undefined;
}

function repels(taint: Taint, tolerations: readonly Json[]): boolean {
  return taint.effect !== "PreferNoSchedule" && !tolerations.some((one) => tolerates(one, taint));
}

/** Source: kubernetes `core/v1` toleration.go (ToleratesTaint). */
function tolerates(toleration: Json, taint: Taint): boolean {
  const { key, operator, value, effect } = asObject(toleration) ?? {};
  if (asText(effect) && effect !== taint.effect) return false;
  if (asText(key) && key !== taint.key) return false;
  return (
    asText(operator) === "Exists" || (!asText(key) ? false : (asText(value) ?? "") === taint.value)
  );
}

/** A taint out of the text of `--register-with-taints`. */
export function taintIn(text: string): Taint {
  const [, key = text, value = "", effect = ""] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
  return { key, value, effect };
}

/** A taint out of `registerWithTaints` of a KubeletConfiguration. */
export function taintOf(value: Json): Taint {
  const object = asObject(value) ?? {};
  return {
    key: asText(object.key) ?? "",
    value: asText(object.value) ?? "",
    effect: asText(object.effect) ?? "",
  };
}
