/** Charts and what deploys them: values that speak of kubelets are read where they are plain, else said. */
import { unknown } from "../words/fact.ts";
import { approverOf } from "./approver-chart.ts";
import { datadogChart } from "./datadog.ts";
import type { Given, ObjectFormat, Reading } from "./format.ts";
import { metricsServer } from "./metrics-server.ts";
import { titleOf, underKey, unread } from "./origins.ts";
import { search } from "./other-object.ts";
import type { Origin } from "./piece.ts";
import { isUnknown } from "./placeholders.ts";
import { soundsDeciding } from "./speaks.ts";
import { toWords } from "./word.ts";
import {
  asList,
  asObject,
  asText,
  type Json,
  type JsonObject,
  readYaml,
  valueAt,
  type YamlDocument,
} from "./yaml.ts";

/** What a chart is called, and the values that are given to it. */
type Chart = {
  readonly name: string;
  readonly values: JsonObject;
  readonly texts: readonly string[];
  /** Where further values come from, which are not here; `undefined` where there are none. */
  readonly elsewhere: string | undefined;
  /** What is written beside the values: patches of what the chart makes. */
  readonly beside: JsonObject;
};

const kinds = new Set([
  "HelmRelease",
  "HelmChart",
  "HelmChartConfig",
  "Application",
  "ApplicationSet",
  "HelmOp",
]);

export const chart: ObjectFormat = {
  name: "chart",
  about:
    "HelmRelease, HelmChart, HelmChartConfig, Argo CD's Application, a stack's `Chart` and `Release`: manifests and programs in the values; metrics-server by the flags that its chart and `args` give, the monitors of kubelets that kube-prometheus-stack and victoria-metrics-k8s-stack make, Datadog's agent, an approver by the variables and the RBAC that its chart gives; what else speaks of kubelets is said",
  recognises: (object) => kinds.has(asText(object.kind) ?? "") || isRelease(object),
  read: (object, origin, lineOf) => {
    const { name, values, texts, elsewhere, beside } = chartOf(object);
    const here: Origin = { ...origin, source: { where: origin.source.where } };
    const all = [values, ...texts.flatMap(parsedValues)];
    const found = [...all, beside].map((one) => search(one, here, lineOf));
    const missing = elsewhere === undefined ? [] : [notHere(elsewhere, here)];
    const metrics = /(^|\/)metrics-server$/.test(name)
      ? [
          metricsServer([...toWords(metricsServerFlags(all), here.source), ...missing], {
            origin: here,
            label: asObject(object.metadata) ? titleOf(object) : here.source.where,
            serviceAccount: unknown("the ServiceAccount of metrics-server"),
          }),
        ]
      : [];
    const isOpaque = soundsDeciding(name) && metrics.length === 0 && !/approver/.test(name);
    return {
      pieces: [
        ...found.flatMap(({ pieces }) => pieces),
        ...metrics,
        ...(/(^|\/)datadog$/.test(name)
          ? [datadogChart(all, { origin: here, label: here.source.where })]
          : []),
        ...(isOpaque
          ? [unread(here, `what the chart ${name} makes of ${here.source.where}`, false)]
          : []),
        ...(elsewhere !== undefined && metrics.length === 0 && mayMatter(name)
          ? [unread(here, `${elsewhere} of ${here.source.where}`, false)]
          : []),
      ],
      inner: [
        ...found.flatMap(({ inner }): Reading["inner"][number][] => [...inner]),
        ...monitorOf(name, all, object, here),
        ...approverOf(name, all, asObject(object.metadata) ?? object, elsewhere, here),
      ],
    };
  },
};

/** A release among a stack's resources: it has no kind of Kubernetes, or one of Pulumi's. */
function isRelease({ kind, chart: name, values, repositoryOpts, fetchOpts }: JsonObject): boolean {
  return (
    typeof name === "string" &&
    (kind === "Release" ||
      kind === "Chart" ||
      (kind === undefined &&
        (asObject(values) ?? asObject(repositoryOpts) ?? asObject(fetchOpts)) !== undefined))
  );
}

/** Charts that make anything out of their values, or what calls kubelets. */
function mayMatter(name: string): boolean {
  return soundsDeciding(name) || /(^|[/-])raw$|prometheus|metrics|approver/.test(name);
}

function notHere(elsewhere: string, { source }: Origin) {
  return {
    kind: "unknownWords" as const,
    missing: `${elsewhere} of ${source.where}`,
    source,
  };
}

/**
 * The monitor of kubelets that a chart makes unless it is told not to.
 * Sources: helm-charts `kube-prometheus-stack/values.yaml` (kubelet), `templates/exporters/kubelet/servicemonitor.yaml`;
 * VictoriaMetrics' helm-charts `victoria-metrics-k8s-stack/values.yaml` (kubelet.vmScrape).
 */
function monitorOf(
  name: string,
  values: readonly JsonObject[],
  object: JsonObject,
  origin: Origin,
): Reading["inner"] {
  const [, kind] = /(?:^|\/)(kube-prometheus|victoria-metrics-k8s)-stack$/.exec(name) ?? [];
  if (kind === undefined) return [];
  const given = (...path: string[]) =>
    values
      .map((one) => valueAt(one, ["kubelet", ...path]))
      .filter((one) => one !== undefined)
      .at(-1);
  if (given("enabled") === false || given("serviceMonitor", "enabled") === false) return [];
  if (given("serviceMonitor", "https") === false) return [];
  const isVictoria = kind === "victoria-metrics-k8s";
  const tls = asObject(given("vmScrape", "spec", "tlsConfig"));
  const skip = isVictoria ? tls?.insecureSkipVerify : given("serviceMonitor", "insecureSkipVerify");
  const endpoint = {
    scheme: "https",
    bearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
    tlsConfig: {
      caFile: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
      ...(isVictoria && tls),
      insecureSkipVerify: skip ?? true,
    },
  };
  return [
    {
      origin,
      object: {
        apiVersion: isVictoria
          ? "operator.victoriametrics.com/v1beta1"
          : "monitoring.coreos.com/v1",
        kind: isVictoria ? "VMNodeScrape" : "ServiceMonitor",
        metadata: { name: `${asText(asObject(object.metadata)?.name) ?? name}-kubelet` },
        spec: isVictoria ? endpoint : { endpoints: [endpoint] },
      },
    },
  ];
}

/** An ApplicationSet makes Applications out of a template. */
function specOf(object: JsonObject): JsonObject {
  return asObject(valueAt(object, ["spec", "template", "spec"])) ?? asObject(object.spec) ?? object;
}

/** Fields that say where further values come from. */
const elsewhereFields = new Set([
  "valuesFrom",
  "valuesSecrets",
  "valueYamlFiles",
  "valueFiles",
  "valuesFiles",
]);

/** Fields of values, and of where they come from. */
const valuesFields = new Set([
  ...["values", "valuesContent", "valuesObject", "parameters", "set"],
  ...elsewhereFields,
]);

/** The names of fields that say that values come from elsewhere, or that they are not known. */
function elsewhereIn(holders: readonly (JsonObject | undefined)[]): string | undefined {
  const names = holders.flatMap((holder) =>
    Object.entries(holder ?? {}).flatMap(([key, value]) => {
      const isThere =
        elsewhereFields.has(key) && (typeof value === "string" || asList(value).length > 0);
      const isOpen = key === "values" && typeof value === "string" && isUnknown(value);
      return isThere || isOpen ? [key] : [];
    }),
  );
  return names.length === 0 ? undefined : [...new Set(names)].join(" and ");
}

function chartOf(object: JsonObject): Chart {
  const spec = specOf(object);
  const sources = [spec.source, ...asList(spec.sources)].map((source) => asObject(source ?? null));
  const name =
    asText(spec.chart) ??
    asText(valueAt(spec, ["chart", "spec", "chart"])) ??
    asText(sources.find((source) => source?.chart !== undefined)?.chart) ??
    asText(asObject(object.metadata)?.name) ??
    "";
  const helms = sources.map((source) => asObject(source?.helm ?? null));
  const texts = [
    asText(spec.valuesContent),
    typeof spec.values === "string" ? spec.values : undefined,
    ...helms.map((helm) => asText(helm?.values)),
  ].filter((text): text is string => text !== undefined);
  const objects = [spec.values, ...helms.map((helm) => helm?.valuesObject)].map((value) =>
    asObject(value ?? null),
  );
  const values = Object.assign({}, ...objects.filter((value) => value !== undefined)) as JsonObject;
  const beside = Object.entries(spec).filter(([key]) => !valuesFields.has(key) && key !== "source");
  return {
    name,
    values: { ...values, ...parametersOf(helms) },
    texts,
    elsewhere: elsewhereIn([spec, ...helms]),
    beside: {
      ...Object.fromEntries(beside.filter(([key]) => key !== "sources" && key !== "template")),
      kustomize: sources.flatMap((source) => asObject(source?.kustomize ?? null) ?? []),
    },
  };
}

/** Argo CD's `helm.parameters`: values by their paths. */
function parametersOf(helms: readonly (JsonObject | undefined)[]): JsonObject {
  return Object.fromEntries(
    helms.flatMap((helm) =>
      asList(helm?.parameters).flatMap((entry): [string, Json][] => {
        const { name, value } = asObject(entry) ?? {};
        return typeof name === "string" && value !== undefined ? [[name, value]] : [];
      }),
    ),
  );
}

function parsedValues(text: string): JsonObject[] {
  const value = asObject(readYaml(text, { where: "values" }).first?.value);
  return value ? [value] : [];
}

/** Source: metrics-server `charts/metrics-server/values.yaml` (defaultArgs, args). */
function metricsServerFlags(values: readonly JsonObject[]): string[] {
  const given = values.filter((one) => one.defaultArgs !== undefined).at(-1)?.defaultArgs;
  const own =
    given === undefined
      ? ["--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname"]
      : asList(given).map(String);
  return [...own, ...values.flatMap((one) => asList(one.args).map(String))];
}

export const kustomization: ObjectFormat = {
  name: "Kustomization",
  about:
    "texts of `patches` and generators' literals are read; files that it names are read where they stand",
  recognises: ({ kind }) => kind === "Kustomization",
  read: (object, origin, lineOf: YamlDocument["lineOf"]) => {
    const spec = asObject(object.spec) ?? {};
    const found = search({ ...object, ...spec }, origin, lineOf);
    const literals = [
      ...asList(object.configMapGenerator),
      ...asList(object.secretGenerator),
    ].flatMap((generator): Given[] =>
      asList(asObject(generator)?.literals).flatMap((literal): Given[] => {
        const [, key = "", content = ""] = /^([^=]+)=(.*)$/s.exec(asText(literal) ?? "") ?? [];
        return content === "" ? [] : [{ content, origin: underKey(origin, key) }];
      }),
    );
    return { pieces: found.pieces, inner: [...found.inner, ...literals] };
  },
};
