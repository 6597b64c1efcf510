/**
 * Datadog's agent as a caller of kubelets: by its pod, its operator's DatadogAgent, or its chart. It asks the node's
 * address with the cluster's CA and its own token, unless it is told otherwise.
 * Sources: datadog-agent `pkg/util/kubernetes/kubelet/kubelet_client.go`; datadog-operator
 * `api/datadoghq/v2alpha1/datadogagent_types.go` (KubeletConfig); helm-charts `charts/datadog/values.yaml`.
 */
import { parseBool } from "../go/texts.ts";
import { type Fact, known, unknown } from "../words/fact.ts";
import type { CallerPiece, Origin, WorkloadPiece } from "./piece.ts";
import { isUnknown } from "./placeholders.ts";
import { imageName } from "./program-names.ts";
import { asList, asObject, asText, type Json, type JsonObject, valueAt } from "./yaml.ts";

/** What is told of kubelets, as settings of whatever form say it. */
type Told = {
  readonly tlsVerify: Json | undefined;
  readonly caFile: Json | undefined;
  readonly host: Json | undefined;
};

type From = {
  readonly origin: Origin;
  readonly label: string;
  readonly pod?: WorkloadPiece;
};

/** The agent among a pod's containers, of which several ask kubelets by the same settings. */
export function datadogAgentIn(pod: WorkloadPiece): CallerPiece[] {
  const agents = pod.containers.filter(isAgent);
  const settings = agents.map((container) => {
    const variable = (name: string) => variableOf(container, name);
    return {
      tlsVerify: variable("DD_KUBELET_TLS_VERIFY"),
      caFile: variable("DD_KUBELET_CLIENT_CA"),
      host: variable("DD_KUBERNETES_KUBELET_HOST"),
      isFargate: variable("DD_EKS_FARGATE"),
    };
  });
  const own = settings.filter(({ isFargate }) => boolOf(isFargate) !== true);
  const [first] = own.filter(({ tlsVerify }) => boolOf(tlsVerify) === false).concat(own);
  return first ? [caller(first, { ...pod, pod })] : [];
}

/** Of the node's agent; its cluster agent asks kube-apiserver. */
function isAgent({ image, name }: JsonObject): boolean {
  const text = asText(image) ?? "";
  return (
    /(?:^|\/)(?:datadog(?:hq)?)\//.test(text) &&
    imageName(text) === "agent" &&
    !/^(?:init-|cluster-)/.test(asText(name) ?? "")
  );
}

function variableOf({ env }: JsonObject, name: string): Json | undefined {
  const entry = asList(env)
    .map((one) => asObject(one))
    .filter((one) => one?.name === name)
    .at(-1);
  return entry?.value ?? entry?.valueFrom;
}

/** The agent that its chart makes, by `datadog.kubelet` among the values. */
export function datadogChart(values: readonly JsonObject[], from: From): CallerPiece {
  const all = values.map((one) => asObject(valueAt(one, ["datadog", "kubelet"])) ?? {});
  return caller(toldBy(Object.assign({}, ...all) as JsonObject), from);
}

/** The agent that its operator makes, by `global.kubelet`. */
export function datadogBy(kubelet: JsonObject, from: From): CallerPiece {
  return caller(toldBy(kubelet), from);
}

function toldBy({ tlsVerify, agentCAPath, host }: JsonObject): Told {
  return { tlsVerify, caFile: agentCAPath, host: asObject(host)?.valueFrom ?? host };
}

function caller({ tlsVerify, caFile, host }: Told, { origin, label, pod }: From): CallerPiece {
  return {
    kind: "caller",
    program: "datadog-agent",
    origin,
    label: `the Datadog agent of ${label}`,
    verification: verificationOf(tlsVerify, caFile, label),
    addressTypes: addressTypesOf(host, label),
    ...(pod && { pod, serviceAccount: pod.serviceAccount }),
  };
}

function verificationOf(
  tlsVerify: Json | undefined,
  caFile: Json | undefined,
  label: string,
): CallerPiece["verification"] {
  if (boolOf(tlsVerify) === false) return known({ skip: true, key: "DD_KUBELET_TLS_VERIFY" });
  if (tlsVerify !== undefined && tlsVerify !== null && boolOf(tlsVerify) !== true) {
    return unknown(`whether the Datadog agent of ${label} verifies kubelets`);
  }
  const file = caFile ?? "";
  return typeof file === "string" && !isUnknown(file)
    ? known({ skip: false, caFile: file, key: "DD_KUBELET_CLIENT_CA" })
    : unknown(`the CA with which the Datadog agent of ${label} verifies kubelets`);
}

/** What a chart and the operator write is the node's IP. */
function addressTypesOf(host: Json | undefined, label: string): Fact<readonly string[]> {
  const field = asText(asObject(asObject(host)?.fieldRef)?.fieldPath);
  if (field === "spec.nodeName") return known(["Hostname"]);
  return host === undefined || field === "status.hostIP"
    ? known(["InternalIP"])
    : unknown(`the address of kubelets that the Datadog agent of ${label} asks`);
}

/** As the agent reads its variables; undefined for what is neither. */
function boolOf(value: Json | undefined): boolean | undefined {
  return typeof value === "boolean" ? value : parseBool(asText(value) ?? "").value;
}
