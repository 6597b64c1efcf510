/**
 * Prometheus as a caller of kubelets: ServiceMonitors, PodMonitors, ScrapeConfigs, and its own configuration.
 * Source: prometheus-operator `pkg/apis/monitoring/v1` (TLSConfig, SafeTLSConfig), prometheus `docs/configuration`.
 */
import { known, unknown } from "../words/fact.ts";
import type { ObjectFormat, Reading } from "./format.ts";
import { at, fileInObject, isUnknown, titleOf } from "./origins.ts";
import { search } from "./other-object.ts";
import type { CallerPiece, Origin } from "./piece.ts";
import { readWorkload } from "./workload.ts";
import {
  asList,
  asObject,
  asText,
  type FieldPath,
  type Json,
  type JsonObject,
  valueAt,
} from "./yaml.ts";

const monitors: Readonly<Record<string, FieldPath>> = {
  ServiceMonitor: ["spec", "endpoints"],
  PodMonitor: ["spec", "podMetricsEndpoints"],
  ScrapeConfig: [],
};

export const monitor: ObjectFormat = {
  name: "ServiceMonitor, PodMonitor, ScrapeConfig",
  about:
    "of kubelets, by name, selector or role: `tlsConfig.insecureSkipVerify`, `caFile`, `ca`; with none of them it verifies with the system's certificates; `bearerTokenFile`, and whether there is any credential",
  recognises: ({ kind, apiVersion }) =>
    Object.hasOwn(monitors, asText(kind) ?? "") &&
    (asText(apiVersion)?.startsWith("monitoring.coreos.com/") ?? true),
  read: (object, origin, lineOf) => {
    const spec = asObject(object.spec) ?? {};
    if (object.kind === "ScrapeConfig") {
      const isOfNodes = asList(spec.kubernetesSDConfigs).some(
        (entry) => asText(asObject(entry)?.role)?.toLowerCase() === "node",
      );
      const isTls = /^https$/i.test(asText(spec.scheme) ?? "");
      return isOfNodes && isTls && !throughApiServer(spec)
        ? caller(spec, titleOf(object), at(origin, ["spec", "tlsConfig"], lineOf))
        : { pieces: [], inner: [] };
    }
    const path = monitors[asText(object.kind) ?? ""] ?? [];
    if (!/kubelet/i.test(`${titleOf(object)} ${JSON.stringify(spec.selector ?? {})}`)) {
      return { pieces: [], inner: [] };
    }
    const readings = asList(valueAt(object, path)).map((entry, index) => {
      const endpoint = asObject(entry) ?? {};
      const isTls = /^https$/i.test(asText(endpoint.scheme) ?? "");
      return isTls
        ? caller(endpoint, titleOf(object), at(origin, [...path, index], lineOf))
        : { pieces: [], inner: [] };
    });
    return { pieces: different(readings), inner: [] };
  },
};

/** Endpoints of one monitor that are told the same are one caller. */
function different(readings: readonly Reading[]): Reading["pieces"] {
  const seen = new Set<string>();
  return readings
    .flatMap(({ pieces }) => pieces)
    .filter((piece) => {
      const key = piece.kind === "caller" ? JSON.stringify(told(piece)) : "";
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}

function told({ verification, credential }: CallerPiece): unknown {
  return [verification.known ? verification.value : verification.missing, credential];
}

/**
 * What the operator runs for it, as far as its token goes.
 * Source: prometheus-operator `pkg/prometheus/server/statefulset.go`; replicas of 0 are none, and `paused` ones stay.
 */
export const prometheusServer: ObjectFormat = {
  name: "Prometheus and PrometheusAgent",
  about:
    "the operator's: ServiceAccount, `replicas`, mounted Secrets and ConfigMaps; what is beside them as in any other object",
  recognises: ({ kind, apiVersion }) =>
    /^Prometheus(?:Agent)?$/.test(asText(kind) ?? "") &&
    (asText(apiVersion)?.startsWith("monitoring.coreos.com/") ?? false),
  read: (object, origin, lineOf) => {
    const spec = asObject(object.spec) ?? {};
    const folders = ["secrets", "configmaps"].map((name) => ({
      mountPath: `/etc/prometheus/${name}`,
    }));
    const container = {
      image: "prometheus",
      volumeMounts: [...asList(spec.volumeMounts), ...folders],
    };
    const { serviceAccountName, replicas, automountServiceAccountToken } = spec;
    const pod: JsonObject = {
      ...(serviceAccountName !== undefined && { serviceAccountName }),
      ...(automountServiceAccountToken !== undefined && { automountServiceAccountToken }),
      containers: [container],
    };
    const made = {
      kind: asText(object.kind) ?? "",
      metadata: object.metadata ?? {},
      spec: { ...(replicas !== undefined && { replicas }), template: { spec: pod } },
    };
    const { pieces } = readWorkload(made, origin, lineOf);
    const beside = search(object, origin, lineOf);
    return { pieces: [...pieces, ...beside.pieces], inner: beside.inner };
  },
};

/** prometheus.yml: jobs that find nodes and speak TLS with them. */
export const prometheusConfiguration: ObjectFormat = {
  name: "Prometheus configuration",
  about:
    "`scrape_configs` with `role: node` over https: `tls_config.insecure_skip_verify`, `ca_file`, `ca`, `bearer_token_file`, `authorization.credentials_file`, and whether there is any credential; jobs that go through kube-apiserver's proxy call no kubelet",
  recognises: ({ scrape_configs }) => Array.isArray(scrape_configs),
  read: (object, origin, lineOf) => {
    const pieces = asList(object.scrape_configs).flatMap(
      (entry, index) =>
        readJob(asObject(entry) ?? {}, at(origin, ["scrape_configs", index], lineOf)).pieces,
    );
    return { pieces, inner: [] };
  },
};

/** One job of a list that stands alone, as `additionalScrapeConfigs` hold it. */
export const scrapeJob: ObjectFormat = {
  name: "Prometheus job",
  about: "one item of `scrape_configs`, as additional configurations hold it",
  recognises: ({ job_name, kubernetes_sd_configs }) =>
    job_name !== undefined && Array.isArray(kubernetes_sd_configs),
  read: (object, origin) => readJob(object, origin),
};

function readJob(job: JsonObject, origin: Origin): Reading {
  const isOfNodes = asList(job.kubernetes_sd_configs).some(
    (entry) => asText(asObject(entry)?.role) === "node",
  );
  return isOfNodes && job.scheme === "https" && !throughApiServer(job)
    ? caller(job, `Prometheus job ${asText(job.job_name) ?? ""}`, origin)
    : { pieces: [], inner: [] };
}

/** Jobs that rewrite the address ask kube-apiserver to ask the kubelet. */
function throughApiServer(job: JsonObject): boolean {
  return [...asList(job.relabel_configs), ...asList(job.relabelings)].some((entry) => {
    const { target_label, targetLabel, replacement } = asObject(entry) ?? {};
    return (
      (target_label ?? targetLabel) === "__address__" &&
      /kubernetes\.default|^\S+:6?443$/.test(asText(replacement) ?? "")
    );
  });
}

/** A caller out of an endpoint of a monitor, or a job. */
function caller(settings: JsonObject, label: string, origin: Origin): Reading {
  const tls = asObject(settings.tlsConfig ?? settings.tls_config);
  const credential = credentialOf(settings, tls ?? {});
  return {
    pieces: [
      {
        kind: "caller",
        program: "prometheus",
        label,
        origin,
        verification: verificationOf(tls ?? {}, label, namespaceOf(origin)),
        ...(credential !== undefined && { credential }),
      },
    ],
    inner: [],
  };
}

/** Fields by which an endpoint or a job says who it is, files of tokens aside; a client certificate is under TLS. */
const credentials =
  "authorization basicAuth basic_auth oauth2 bearerTokenSecret bearer_token sigv4 azuread google_iam http_headers".split(
    " ",
  );
const clientCertificate = ["cert", "certFile", "cert_file"];

/**
 * What a kubelet is told about who asks.
 * Sources: prometheus-operator `pkg/apis/monitoring/v1` (HTTPConfig); prometheus/common `config/http_config.go`.
 */
function credentialOf(settings: JsonObject, tls: JsonObject): CallerPiece["credential"] {
  const file =
    settings.bearerTokenFile ??
    settings.bearer_token_file ??
    asObject(settings.authorization)?.credentials_file;
  if (typeof file === "string" && file !== "") {
    return isUnknown(file) ? undefined : { tokenFile: file };
  }
  const isGiven =
    credentials.some((field) => !isEmpty(settings[field])) ||
    clientCertificate.some((field) => !isEmpty(tls[field]));
  return isGiven ? undefined : "none";
}

/** Nothing, or what the operator writes in its place: `bearerTokenSecret: {key: ""}`. */
function isEmpty(value: Json | undefined): boolean {
  const object = asObject(value);
  return object === undefined
    ? value === undefined || value === null || value === ""
    : Object.values(object).every(isEmpty);
}

/** A monitor's ConfigMaps and Secrets are those of its own namespace. */
function namespaceOf({ object, namespace }: Origin): string {
  return namespace ?? /^\S+ ([^/]+)\//.exec(object ?? "")?.[1] ?? "default";
}

function verificationOf(
  tls: JsonObject,
  label: string,
  namespace: string,
): CallerPiece["verification"] {
  const skip = tls.insecureSkipVerify ?? tls.insecure_skip_verify;
  if (typeof skip === "string" && isUnknown(skip)) {
    return unknown(`insecureSkipVerify of ${label}`);
  }
  if (skip === true || skip === "true") return known({ skip: true, key: "insecureSkipVerify" });
  const file = asText(tls.caFile) ?? asText(tls.ca_file);
  if (file !== undefined) {
    return isUnknown(file)
      ? unknown(`caFile of ${label}`)
      : known({ skip: false, caFile: file, key: "caFile" });
  }
  return authorityIn(tls.ca, label, namespace);
}

/** A CA in a ConfigMap or a Secret beside the monitor: a file of the name that {@link fileInObject} gives it. */
function authorityIn(
  ca: Json | undefined,
  label: string,
  namespace: string,
): CallerPiece["verification"] {
  if (typeof ca === "string" && ca !== "")
    return unknown(`the certificates with which ${label} verifies`);
  for (const [kind, field] of [
    ["ConfigMap", "configMap"],
    ["Secret", "secret"],
  ] as const) {
    const { name, key } = asObject(asObject(ca)?.[field]) ?? {};
    if (typeof name !== "string" || name === "") continue;
    const file = fileInObject(`${kind} ${namespace}/${name}`, asText(key) ?? "");
    return isUnknown(file)
      ? unknown(`the ${kind} with which ${label} verifies`)
      : known({ skip: false, caFile: file, key: "ca" });
  }
  return known({ skip: false, caFile: "", key: "caFile" });
}
