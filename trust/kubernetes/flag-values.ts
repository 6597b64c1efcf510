/** Flag values by the type that pflag gives them, with pflag's and Kubernetes' complaints. */
import { canonicalIp, sloppyIp } from "../go/ip.ts";
import {
  parseBool,
  parseDuration,
  parseFloat64,
  parseInteger,
  quote,
  type Read,
} from "../go/texts.ts";

/** A flag's value after all its occurrences. Maps and lists keep what earlier occurrences gave. */
export type FlagValue = boolean | number | string | readonly string[] | ReadonlyMap<string, string>;

/**
 * Sets a flag once more and returns its new value, or the complaint of its Set method.
 * Types that decide nothing here are taken as they are written.
 */
export function setFlag(
  type: string,
  text: string,
  before: FlagValue | undefined,
): Read<FlagValue> {
  switch (type) {
    case "bool":
    case "tristate":
      return parseBool(text);
    case "int":
    case "int64":
      return parseInteger(text, 64, true);
    case "int32":
      return parseInteger(text, 32, true);
    case "uint":
    case "uint64":
      return parseInteger(text, 64, false);
    case "uint32":
      return parseInteger(text, 32, false);
    case "float32":
    case "float64":
      return parseFloat64(text);
    case "duration":
      return parseDuration(text);
    case "ip":
      return parseIp(text, canonicalIp, `failed to parse IP: ${quote(text)}`);
    case "kubeletIp":
      return parseIp(text, sloppyIp, `${quote(text)} is not a valid IP address`);
    case "Level":
      return parseInteger(text, 32, false);
    case "goDuration": {
      const read = parseDuration(text);
      return read.error === undefined ? read : { error: "parse error" };
    }
    case "namedCertKey":
      return text.includes(",")
        ? { value: text }
        : { error: "expected comma separated certificate and key file paths" };
    case "[]v1.Taint":
      return parseTaints(text);
    case "reserved-memory":
      return parseReservedMemory(text);
    case "pattern=N,...":
      return parseModules(text);
    case "stringSlice":
    case "strings":
      return { value: [...asList(before), ...splitCsv(text)] };
    case "stringArray":
      return { value: [...asList(before), text] };
    case "mapStringBool":
      return setMap(text, before, "=", parseBool);
    case "mapStringString":
      return setMap(text, before, "=");
    case "langleMap":
      return setMap(text, before, "<");
    case "configurationMap":
      return setConfigurationMap(text, before);
    case "colonMap":
      return text.includes(":")
        ? { value: [...asList(before), text] }
        : { error: "malformed pair, expect string:string" };
    case "colonSeparatedMultimapStringString":
      return { value: [...asList(before), text].join(",") };
    default:
      return { value: text };
  }
}

function parseIp(
  text: string,
  read: (text: string) => string | undefined,
  complaint: string,
): Read<string> {
  const trimmed = text.trim();
  return trimmed === "" || read(trimmed) !== undefined ? { value: trimmed } : { error: complaint };
}

function asList(value: FlagValue | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}

/** pflag reads a slice as one line of CSV: quoted fields keep their commas. */
function splitCsv(text: string): string[] {
  if (text === "") {
    return [];
  }
  const fields = text.match(/("([^"]|"")*"|[^,]*)(,|$)/g) ?? [];
  const list = fields
    .map((field) => field.replace(/,$/, ""))
    .map((field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field));
  return text.endsWith(",") ? list : list.slice(0, -1);
}

/** component-base's maps: pairs between commas, later occurrences add to earlier ones. */
function setMap(
  text: string,
  before: FlagValue | undefined,
  separator: string,
  check?: (value: string) => Read<boolean>,
): Read<FlagValue> {
  const map = new Map(before instanceof Map ? before : []);
  for (const pair of text.split(",")) {
    if (pair === "") {
      continue;
    }
    const at = pair.indexOf(separator);
    if (at < 0) {
      return { error: `malformed pair, expect string${separator}${check ? "bool" : "string"}` };
    }
    const [key, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    const checked = check?.(value);
    if (checked?.error !== undefined) {
      return { error: `invalid value of ${key}: ${value}, err: ${checked.error}` };
    }
    map.set(key, checked === undefined ? value : String(checked.value));
  }
  return { value: map };
}

/** Kubernetes' ConfigurationMap: a key without a value is one with an empty value. */
function setConfigurationMap(text: string, before: FlagValue | undefined): Read<FlagValue> {
  const map = new Map(before instanceof Map ? before : []);
  for (const pair of text.split(",").filter((one) => one !== "")) {
    const [key = "", value = ""] = pair.split(/=(.*)/s);
    map.set(key.trim(), value.trim());
  }
  return { value: map };
}

const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** Kubernetes' pkg/util/taints ParseTaints, as far as the form goes. */
function parseTaints(text: string): Read<FlagValue> {
  for (const taint of text.split(",").filter((one) => one !== "")) {
    const [head = "", effect, ...rest] = taint.split(":");
    if (
      rest.length > 0 ||
      head.split("=").length > 2 ||
      (effect === undefined && !taint.endsWith("-"))
    ) {
      return { error: `invalid taint spec: ${taint}` };
    }
    if (effect !== undefined && !taintEffects.includes(effect.replace(/-$/, ""))) {
      return { error: `invalid taint effect: ${effect}, unsupported taint effect` };
    }
  }
  return { value: text };
}

function parseReservedMemory(text: string): Read<FlagValue> {
  const bad = text.split(";").find((one) => one !== "" && one.split(":").length !== 2);
  return bad === undefined
    ? { value: text }
    : {
        error: `the reserved memory has incorrect format, expected numaNodeID:type=quantity[,type=quantity...], got ${bad}`,
      };
}

function parseModules(text: string): Read<FlagValue> {
  const bad = text.split(",").find((one) => one !== "" && one.split("=").length !== 2);
  return bad === undefined
    ? { value: text }
    : { error: `${quote(bad)} does not have the pattern=N format` };
}
