/**
 * Prometheus as a caller of kubelets: ServiceMonitors, PodMonitors, ScrapeConfigs, and its own configuration.
 * Source: prometheus-operator `pkg/apis/monitoring/v1` (TLSConfig, SafeTLSConfig), prometheus `docs/configuration`.
 */
import { known, unknown } from "../words/fact.ts";
import type { ObjectFormat, Reading } from "./format.ts";
import { at, fileInObject, titleOf } from "./origins.ts";
import { search } from "./other-object.ts";
import type { CallerPiece, CallerProgram, Origin } from "./piece.ts";
import { isUnknown } from "./placeholders.ts";
import { isScrapeJob } from "./scrape-job.ts";
import { readWorkload } from "./workload.ts";
import type { YamlDocument } from "./yaml.ts";
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
  VMServiceScrape: ["spec", "endpoints"],
  VMPodScrape: ["spec", "podMetricsEndpoints"],
  VMScrapeConfig: [],
  VMNodeScrape: [],
};

/** Those of the two operators, whose kinds have fields of the same names. */
const operators = /^(?:monitoring\.coreos\.com|operator\.victoriametrics\.com)\//;

export const monitor: ObjectFormat = {
  name: "ServiceMonitor, PodMonitor, ScrapeConfig",
  about:
    "of Prometheus' operator, and VMServiceScrape, VMPodScrape, VMScrapeConfig and VMNodeScrape of VictoriaMetrics'; of kubelets, by name, selector or role: `tlsConfig.insecureSkipVerify`, `caFile`, `ca`; with none of them it verifies with the system's certificates; `bearerTokenFile`, and whether there is any credential",
  recognises: ({ kind, apiVersion }) =>
    Object.hasOwn(monitors, asText(kind) ?? "") &&
    operators.test(asText(apiVersion) ?? "monitoring.coreos.com/"),
  read: (object, origin, lineOf) => {
    const spec = asObject(object.spec) ?? {};
    if (object.kind === "VMNodeScrape") return nodeScrape(object, spec, origin, lineOf);
    if (object.kind === "ScrapeConfig" || object.kind === "VMScrapeConfig") {
      const isOfNodes = asList(spec.kubernetesSDConfigs).some(
        (entry) => asText(asObject(entry)?.role)?.toLowerCase() === "node",
      );
      const isTls = /^https$/i.test(asText(spec.scheme) ?? "");
      return isOfNodes && isTls && !asksOthers(spec)
        ? caller(
            spec,
            titleOf(object),
            at(origin, ["spec", "tlsConfig"], lineOf),
            programOf(object),
          )
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
        ? caller(endpoint, titleOf(object), at(origin, [...path, index], lineOf), programOf(object))
        : { pieces: [], inner: [] };
    });
    return { pieces: different(readings), inner: [] };
  },
};

function programOf({ kind }: JsonObject): CallerProgram {
  return asText(kind)?.startsWith("VM") ? "vmagent" : "prometheus";
}

/**
 * Every node is asked at its kubelet's port, unless another is named.
 * Source: VictoriaMetrics operator `api/operator/v1beta1/vmnodescrape_types.go`.
 */
function nodeScrape(
  object: JsonObject,
  spec: JsonObject,
  origin: Origin,
  lineOf: YamlDocument["lineOf"],
): Reading {
  const isTls = /^https$/i.test(asText(spec.scheme) ?? "");
  const isElsewhere = spec.port !== undefined && !/^(?:10250)?$/.test(String(spec.port));
  if (!isTls || isElsewhere || asksOthers({ relabelings: spec.relabelConfigs ?? [] }))
    return { pieces: [], inner: [] };
  const settings = { ...spec, tlsConfig: spec.tlsConfig ?? {} };
  return caller(settings, titleOf(object), at(origin, ["spec"], lineOf), "vmagent");
}

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
    "`scrape_configs` with `role: node`, or of the kubelets' Service or port 10250, over https, also deeper in an object (OpenTelemetry's receiver, values of charts): `tls_config.insecure_skip_verify`, `ca_file`, `ca`, `bearer_token_file`, `authorization.credentials_file`, and whether there is any credential; jobs that go through kube-apiserver's proxy call no kubelet",
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
  recognises: isScrapeJob,
  read: (object, origin) => readJob(object, origin),
};

function readJob(job: JsonObject, origin: Origin): Reading {
  const types = askedAt(job);
  if (types === undefined || job.scheme !== "https" || asksOthers(job)) {
    return { pieces: [], inner: [] };
  }
  const name = origin.secret ? `in ${origin.source.where}` : (asText(job.job_name) ?? "");
  const label = `Prometheus job ${name}`;
  const { pieces, inner } = caller(job, label, origin);
  const told = pieces.map((piece) =>
    piece.kind === "caller" && types.length > 0 ? { ...piece, addressTypes: known(types) } : piece,
  );
  return { pieces: told, inner };
}

/**
 * The types of address at which a job asks kubelets, where it does; none of its own where it finds them as nodes, or as
 * endpoints of the Service that prometheus-operator keeps for them, which have the addresses of nodes.
 * Source: prometheus-operator `pkg/kubelet/controller.go`.
 */
function askedAt(job: JsonObject): readonly string[] | undefined {
  const roles = asList(job.kubernetes_sd_configs).map((entry) => asText(asObject(entry)?.role));
  if (roles.includes("node")) return [];
  const isByService = roles.some((role) => /^endpoint(?:s|slice)$/.test(role ?? ""));
  const keeps = asList(job.relabel_configs).some(
    (entry) =>
      asObject(entry)?.action === "keep" && /kubelet/.test(asText(asObject(entry)?.regex) ?? ""),
  );
  if (isByService && keeps) return [];
  const targets = asList(job.static_configs)
    .flatMap((entry) => asList(asObject(entry)?.targets))
    .flatMap((target) => /^(.*):10250$/.exec(asText(target) ?? "")?.[1] ?? []);
  if (targets.length === 0) return undefined;
  return targets.every((host) => /^[\d.]+$|:/.test(host)) ? ["InternalIP"] : ["Hostname"];
}

/** Jobs that rewrite the address ask kube-apiserver to ask the kubelet, or another program at another port. */
function asksOthers(job: JsonObject): boolean {
  return [...asList(job.relabel_configs), ...asList(job.relabelings)].some((entry) => {
    const { target_label, targetLabel, replacement } = asObject(entry) ?? {};
    const address = asText(replacement) ?? "";
    const port = /:(\d+)$/.exec(address)?.[1];
    return (
      (target_label ?? targetLabel) === "__address__" &&
      (/kubernetes\.default/.test(address) || (port !== undefined && port !== "10250"))
    );
  });
}

/** A caller out of an endpoint of a monitor, or a job. */
function caller(
  settings: JsonObject,
  label: string,
  origin: Origin,
  program: CallerProgram = "prometheus",
): Reading {
  const tls = asObject(settings.tlsConfig ?? settings.tls_config);
  const credential = credentialOf(settings, tls ?? {});
  return {
    pieces: [
      {
        kind: "caller",
        program,
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
