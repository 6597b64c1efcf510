/**
 * OpenTelemetry's kubeletstats receiver, wherever a collector's configuration stands: a ConfigMap, an
 * OpenTelemetryCollector, values of a chart. It is told from other settings by its key.
 * Source: opentelemetry-collector-contrib `internal/kubelet/client.go`, `receiver/kubeletstatsreceiver/factory.go`.
 */
import { type Fact, known, unknown } from "../words/fact.ts";
import { at } from "./origins.ts";
import type { CallerPiece, Origin } from "./piece.ts";
import { isUnknown } from "./placeholders.ts";
import { asText, type FieldPath, type Json, type JsonObject, type YamlDocument } from "./yaml.ts";

/** `kubeletstats`, or `kubeletstats/name` where there are several. */
export function isKubeletStats(key: string): boolean {
  return /^kubeletstats(?:\/.*)?$/.test(key);
}

/** Who calls kubelets by such settings; nobody where the read-only port or kube-apiserver's proxy is asked. */
export function kubeletStats(
  key: string,
  settings: JsonObject,
  path: FieldPath,
  { origin, lineOf }: { readonly origin: Origin; readonly lineOf: YamlDocument["lineOf"] },
): CallerPiece[] {
  const authType = asText(settings.auth_type) ?? "tls";
  const endpoint = asText(settings.endpoint) ?? "";
  if (authType === "none" || authType === "kubeConfig" || endpoint.startsWith("http://")) return [];
  const label = `receiver ${origin.secret ? "kubeletstats" : key} of ${origin.source.where}`;
  return [
    {
      kind: "caller",
      program: "otel-collector",
      origin: origin.secret ? origin : at(origin, path, lineOf),
      label,
      verification: verificationOf(settings, authType, label),
      addressTypes: addressTypesOf(endpoint, label),
    },
  ];
}

function verificationOf(
  { insecure_skip_verify: skip, ca_file }: JsonObject,
  authType: string,
  label: string,
): CallerPiece["verification"] {
  if (isOpen(skip)) return unknown(`insecure_skip_verify of ${label}`);
  if (isTrue(skip)) return known({ skip: true, key: "insecure_skip_verify" });
  // With its ServiceAccount it takes the cluster's CA, whatever is written beside it.
  const file = authType === "serviceAccount" ? "" : (asText(ca_file) ?? "");
  if (isUnknown(file) || isUnknown(authType)) return unknown(`ca_file of ${label}`);
  return known({ skip: false, caFile: file, key: "ca_file" });
}

/** Without an endpoint it asks the host name of its own pod; a variable is known by what it is called. */
function addressTypesOf(endpoint: string, label: string): Fact<readonly string[]> {
  const host = endpoint.replace(/^https:\/\//, "").replace(/:\d+\/?$/, "");
  if (/^\$\{?(?:env:)?\w*(?:IP|ADDR)\w*\}?$/i.test(host) || /^\[?[\da-f.:]+\]?$/i.test(host)) {
    return known(["InternalIP"]);
  }
  if (host === "" || /^\$\{?(?:env:)?\w*(?:NAME|HOST|NODE)\w*\}?$/i.test(host)) {
    return known(["Hostname"]);
  }
  return unknown(`the address of kubelets that ${label} asks (endpoint)`);
}

function isTrue(value: Json | undefined): boolean {
  return value === true || value === "true";
}

function isOpen(value: Json | undefined): boolean {
  return typeof value === "string" && value !== "true" && value !== "false";
}
