import { stringify } from "yaml";
import { certificateOf, keyOf, paths } from "../../trust/contract.ts";
import { type KubeletTable, kubeletTable } from "../../trust/kubernetes/tables.ts";
import { configurationType, decodeConfiguration } from "../../trust/programs/kubelet/decode.ts";
import type { Json } from "../../trust/readers/yaml.ts";
import { nearest } from "../../trust/words/nearest.ts";
import type { ServingMode } from "../../trust/words/vocabulary.ts";
import { type HardeningArgs, hardeningOf } from "../model/hardening.ts";
import { isMap } from "../model/inputs.ts";
import { kubeletHardening } from "./hardening.ts";

/** Who may call the kubelet: `authentication`. */
export type KubeletAuthentication = {
  anonymous?: { enabled?: boolean };
  webhook?: { enabled?: boolean; cacheTTL?: string };
  x509?: { clientCAFile?: string };
};

/** What a caller may do: `authorization`. */
export type KubeletAuthorization = {
  mode?: "Webhook" | "AlwaysAllow";
  webhook?: { cacheAuthorizedTTL?: string; cacheUnauthorizedTTL?: string };
};

/**
 * A KubeletConfiguration, kubelet.config.k8s.io/v1beta1; durations are texts such as `10s`. Which other fields there
 * are, and of which types, the Kubernetes version decides: see {@link kubeletConfigurationProblems}.
 */
export type KubeletConfiguration = {
  authentication?: KubeletAuthentication;
  authorization?: KubeletAuthorization;
  readOnlyPort?: number;
  rotateCertificates?: boolean;
  serverTLSBootstrap?: boolean;
  tlsCertFile?: string;
  tlsPrivateKeyFile?: string;
  readonly [field: string]: unknown;
};

/** A configuration that {@link checkConfiguration} has nothing against. */
export class CheckedConfiguration {
  readonly fields: KubeletConfiguration;

  constructor(fields: KubeletConfiguration) {
    this.fields = fields;
  }
}

/** Checks a configuration for a serving mode; see {@link kubeletConfigurationProblems}. */
export function checkConfiguration(
  mode: ServingMode,
  given: KubeletConfiguration,
  field: string,
  version: string,
): CheckedConfiguration | readonly string[] {
  const problems = kubeletConfigurationProblems(mode, { ...given }, field, version);
  return problems.length > 0 ? problems : new CheckedConfiguration(given);
}

/** What a kubelet's configuration follows from. */
export type KubeletSettings = {
  servingMode: ServingMode;
  /** IP address of the cluster's DNS service. */
  clusterDns: string;
  /** DNS domain of services, e.g. `cluster.local`. */
  dnsDomain: string;
  /** Which switches of hardening are off. Default: none. */
  hardening?: HardeningArgs;
  /** Whatever else is wanted; goes before hardening. Default: nothing. */
  configuration?: CheckedConfiguration;
};

/**
 * The configuration of kubelets in a serving mode: kubeadm's defaults, hardening, what the mode decides, and whatever
 * else was given.
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
    ...kubeletHardening(hardeningOf(settings.hardening)),
  };
  return merge(
    merge(defaults, settings.configuration?.fields ?? {}),
    decided(settings.servingMode),
  );
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

/** What the mode decides. */
const servingFields: Readonly<Record<ServingMode, KubeletConfiguration>> = {
  provisioned: {
    serverTLSBootstrap: false,
    tlsCertFile: certificateOf(paths.kubeletServing),
    tlsPrivateKeyFile: keyOf(paths.kubeletServing),
  },
  bootstrap: { serverTLSBootstrap: true },
  selfSigned: { serverTLSBootstrap: false },
};

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
    ...servingFields[mode],
  };
}

/**
 * What is wrong with a given configuration: a field that contradicts the mode, a value of a wrong type, or a
 * name that the kubelet would ignore. Each problem begins with the field's name.
 *
 * @param field what the configuration is called where it was given
 * @param version the Kubernetes version whose fields it may have, with or without the `v`
 */
export function kubeletConfigurationProblems(
  mode: ServingMode,
  given: Readonly<Record<string, unknown>>,
  field: string,
  version: string,
): string[] {
  const table = kubeletTable(version);
  const typeProblems = Object.entries(given).flatMap(([name, value]) =>
    valueProblems(field, name, value, table),
  );
  if (typeProblems.length > 0) return typeProblems;
  const contradictions = contradictionsOf(given, { ...decided(mode) }, []);
  for (const name of ["tlsCertFile", "tlsPrivateKeyFile"] as const) {
    if (servingFields[mode][name] === undefined && given[name] !== undefined) {
      contradictions.push([name, given[name], undefined]);
    }
  }
  if (given.enableServer === false) contradictions.push(["enableServer", false, true]);
  const gate = (given.featureGates as Record<string, unknown> | undefined)?.[servingGate];
  if (servingFields[mode].serverTLSBootstrap && gate === false) {
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
    if (isMap(is) && isMap(value)) return contradictionsOf(is, value, [...path, name]);
    return [[[...path, name].join("."), is, value]];
  });
}

function valueProblems(field: string, name: string, value: unknown, table: KubeletTable): string[] {
  if (["apiVersion", "kind"].includes(name)) return [];
  const unknown = unknownFields({ [name]: value }, configurationType, field, table);
  if (unknown.length > 0) return unknown;
  const { error } = decodeConfiguration({ [name]: value as Json }, table);
  if (error === undefined) return [];
  const path = error.path.filter((step) => typeof step === "string");
  const wanted = typeWords(path, table);
  const is = path.reduce<unknown>((at, step) => (isMap(at) ? at[step] : undefined), {
    [name]: value,
  });
  return [
    `${field}.${path.join(".")}: ${JSON.stringify(is)} is not ${wanted}, and the kubelet would not start. Give ${wanted}.`,
  ];
}

/** Names that a struct of this version does not have, at any depth: the kubelet passes over them with a warning. */
function unknownFields(value: unknown, type: string, field: string, table: KubeletTable): string[] {
  const [bare = ""] = type.replace(/^\*+/, "").split("=");
  if (Array.isArray(value)) {
    const element = bare.replace(/^\[\]/, "");
    return value.flatMap((one, i) => unknownFields(one, element, `${field}[${i}]`, table));
  }
  const fields = table.types[bare];
  if (fields === undefined || !isMap(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = `${field}.${name}`;
    if (Object.hasOwn(fields, name)) return unknownFields(inner, fields[name] ?? "", at, table);
    const meant = nearest(name, Object.keys(fields));
    const remedy = meant === undefined ? "Leave it out." : `Did you mean ${meant}?`;
    return [
      `${at}: the kubelet knows no such field in this version and would ignore it. ${remedy}`,
    ];
  });
}

/** The type of a field in words. */
function typeWords(path: readonly string[], { types }: KubeletTable): string {
  const type = path.reduce<string>(
    (struct, step) => (types[struct]?.[step] ?? "").replace(/^\*+/, ""),
    configurationType,
  );
  const [full = "", basic = full] = type.split("=");
  if (full === "v1.Duration") return 'a duration such as "10s"';
  if (/^u?int/.test(basic)) return "a whole number";
  if (basic === "map[string]string") return "a map of texts";
  if (basic === "map[string]bool") return "a map of true or false";
  if (basic === "[]string") return "a list of texts";
  if (basic.startsWith("map[") || types[basic] !== undefined) return "a map";
  if (basic.startsWith("[]")) return "a list";
  return { bool: "true or false", string: "a text", float64: "a number" }[basic] ?? "what it takes";
}

/** Both, the second on top; maps are merged, everything else is replaced. */
function merge<T extends object>(base: T, top: T): T {
  const merged = Object.entries(top).map(([name, value]): [string, unknown] => {
    const below: unknown = base[name as keyof T];
    return [name, isMap(below) && isMap(value) ? merge(below, value) : value];
  });
  return { ...base, ...Object.fromEntries(merged) };
}
