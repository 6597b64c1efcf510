/**
 * Agents that ask the kubelet of their own node: Fluent Bit's kubernetes filter, Telegraf, Metricbeat.
 * Sources: fluent-bit `plugins/filter_kubernetes/kubernetes.c` (config_map); telegraf `plugins/inputs/kubernetes`,
 * `plugins/inputs/prometheus`, `plugins/common/tls/config.go`; beats `metricbeat/module/kubernetes`,
 * elastic-agent-libs `transport/tlscommon` (verification_mode).
 */
import { known, unknown } from "../words/fact.ts";
import { type Format, nothing, type ObjectFormat } from "./format.ts";
import { unread } from "./origins.ts";
import type { CallerPiece, CallerProgram, Origin } from "./piece.ts";
import { placeholderIn } from "./placeholders.ts";
import { readToml } from "./toml.ts";
import { asList, asObject, asText, type Json, type JsonObject } from "./yaml.ts";

/** What an agent is told, in the words of its own settings. */
type Told = {
  readonly key: string;
  /** Whether it is told not to verify; undefined where that cannot be read. */
  readonly skip: boolean | undefined;
  readonly caFile: Json | undefined;
  readonly addressTypes?: readonly string[];
};

function caller(
  program: CallerProgram,
  what: string,
  { key, skip, caFile, addressTypes }: Told,
  origin: Origin,
): CallerPiece {
  const label = `${what} of ${origin.source.where}`;
  const file = asText(caFile) ?? "";
  const isFileKnown =
    (caFile === undefined || typeof caFile === "string") && placeholderIn(file) === undefined;
  return {
    kind: "caller",
    program,
    label,
    origin,
    verification:
      skip === undefined || (!skip && !isFileKnown)
        ? unknown(`whether ${label} verifies kubelets, and with what`)
        : known(skip ? { skip, key } : { skip, caFile: file, key }),
    ...(addressTypes && { addressTypes: known(addressTypes) }),
  };
}

const on = /^(?:on|true|yes|1)$/i;
const off = /^(?:off|false|no|0)$/i;

/** A switch as it is written; undefined where it is neither. */
function switchOf(value: Json | undefined, otherwise: boolean): boolean | undefined {
  if (value === undefined || value === null) return otherwise;
  if (on.test(String(value))) return true;
  return off.test(String(value)) ? false : undefined;
}

function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

/**
 * The filter asks its kubelet at 127.0.0.1, and verifies the chain without a name: as if by the host name, which every
 * serving certificate of a kubelet has. It takes the cluster's CA unless it is told otherwise.
 */
function fluentBitFilter(filter: JsonObject, origin: Origin): CallerPiece[] {
  if (switchOf(filter.use_kubelet, false) === false) return [];
  return [
    caller(
      "fluent-bit",
      "Fluent Bit's kubernetes filter",
      {
        key: "tls.verify",
        skip: not(switchOf(filter["tls.verify"], true)),
        caFile: filter.kube_ca_file,
      },
      origin,
    ),
  ];
}

/** Names of settings count in any case. */
function lowerCased(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key.toLowerCase(), value]),
  );
}

function isFluentBitFilter(object: JsonObject): boolean {
  const { name, use_kubelet, match } = lowerCased(object);
  return /^kubernetes$/i.test(asText(name) ?? "") && (use_kubelet ?? match) !== undefined;
}

const filterName = /^[ \t]*Name[ \t]+kubernetes[ \t]*$/im;

export const fluentBit: Format = {
  name: "Fluent Bit's configuration",
  about:
    "filters of name `kubernetes` with `Use_Kubelet`: `tls.verify`, `Kube_CA_File`; nothing else in it is looked for",
  recognises: (text) => /^[ \t]*\[FILTER\]/im.test(text) && filterName.test(text),
  read: (text, origin) => {
    const pieces = text
      .split(/^[ \t]*\[/m)
      .filter((section) => /^filter\]/i.test(section) && filterName.test(section))
      .flatMap((section) => {
        const entries = [...section.matchAll(/^[ \t]*([\w.]+)[ \t]+(\S.*?)[ \t]*$/gm)];
        const filter = Object.fromEntries(entries.map(([, key = "", value = ""]) => [key, value]));
        return fluentBitFilter(lowerCased(filter), origin);
      });
    return { ...nothing, pieces, isHarmless: true };
  },
};

/** Where kubelets speak TLS. */
export const kubeletUrl = /^https:\/\/.*:10250(?:\/|$)/;

/** Whether a container is told to call kubelets of other machines: by its words, or by a variable. */
export function callsKubelets({ command, args, env }: JsonObject): boolean {
  const values = asList(env).map((entry) => asObject(entry)?.value);
  return textsIn(command, args, ...values).some((text) => anyKubeletUrl.test(text));
}

/** Within a text. A call of one's own machine nobody can come between. */
const anyKubeletUrl = /https:\/\/(?!localhost:|127\.|\[::1\])[^\s/'"]+:10250\b/;

function addressTypesOf(urls: readonly string[]): readonly string[] {
  const isNamed = urls.some((url) => /NODE_?NAME|HOST_?NAME/i.test(url));
  return isNamed ? ["Hostname"] : ["InternalIP"];
}

function textsIn(...values: readonly (Json | undefined)[]): string[] {
  return values
    .flatMap((value) => (typeof value === "string" ? [value] : asList(value)))
    .filter((value) => typeof value === "string");
}

export const telegraf: Format = {
  name: "Telegraf's configuration",
  about:
    "`inputs.kubernetes`, and `inputs.prometheus` of kubelets' port: `insecure_skip_verify`, `tls_ca`; nothing else in it is looked for",
  recognises: (text) => /^[ \t]*\[\[inputs\.(?:kubernetes|prometheus)\]\]/m.test(text),
  read: (text, origin) => {
    const tables = readToml(text);
    if (tables === undefined) {
      return { ...nothing, pieces: [unread(origin, `the TOML of ${origin.source.where}`, false)] };
    }
    const inputs = asObject(tables.inputs) ?? {};
    const pieces = ["kubernetes", "prometheus"].flatMap((plugin) =>
      asList(inputs[plugin]).flatMap((entry) => {
        const input = asObject(entry) ?? {};
        const urls = textsIn(input.url, input.urls);
        const findsNodes = plugin === "kubernetes" && urls.join("") === "";
        if (!findsNodes && !urls.some((url) => kubeletUrl.test(url))) return [];
        const told = {
          key: "insecure_skip_verify",
          skip: switchOf(input.insecure_skip_verify, false),
          caFile: input.tls_ca,
          addressTypes: addressTypesOf(urls),
        };
        return [caller("telegraf", `Telegraf's inputs.${plugin}`, told, origin)];
      }),
    );
    return { ...nothing, pieces, isHarmless: true };
  },
};

function metricbeatHosts({ module, hosts }: JsonObject): readonly string[] {
  return module === "kubernetes" ? textsIn(hosts).filter((host) => kubeletUrl.test(host)) : [];
}

/** A module of Metricbeat's that asks kubelets, or Fluent Bit's filter in YAML: wherever it stands. */
export function isAgentModule(object: JsonObject): boolean {
  return metricbeatHosts(object).length > 0 || isFluentBitFilter(object);
}

export const agentModule: ObjectFormat = {
  name: "module of an agent",
  about:
    "Metricbeat's `module: kubernetes` with `hosts` of kubelets' port: `ssl.verification_mode`, `ssl.certificate_authorities`; Fluent Bit's kubernetes filter in YAML",
  recognises: isAgentModule,
  read: (object, origin) => {
    const hosts = metricbeatHosts(object);
    if (hosts.length === 0)
      return { ...nothing, pieces: fluentBitFilter(lowerCased(object), origin) };
    const ssl = asObject(object.ssl) ?? {};
    const mode = object["ssl.verification_mode"] ?? ssl.verification_mode ?? "full";
    const authorities = object["ssl.certificate_authorities"] ?? ssl.certificate_authorities;
    const [first, ...others] = Array.isArray(authorities) ? asList(authorities) : [authorities];
    const told = {
      key: "ssl.verification_mode",
      skip: placeholderIn(String(mode)) === undefined ? mode === "none" : undefined,
      // Of several files any may be the one.
      caFile: others.length > 0 ? [] : first,
      addressTypes: addressTypesOf(hosts),
    };
    return {
      ...nothing,
      pieces: [caller("metricbeat", "Metricbeat's kubernetes module", told, origin)],
    };
  },
};
