/**
 * The configuration that a kubelet runs with: flags over drop-ins over the file over defaults.
 * Source: kubernetes `cmd/kubelet/app/server.go` (RunE, mergeKubeletConfigurations, kubeletConfigFlagPrecedence).
 */
import { posix } from "node:path";
import { commandFailed, durationText } from "../../go/texts.ts";
import type { FlagValue } from "../../kubernetes/flag-values.ts";
import type { Flags } from "../../kubernetes/flags.ts";
import { gatesError } from "../../kubernetes/gates.ts";
import type { KubeletTable } from "../../kubernetes/tables.ts";
import type { KubeletConfigurationDocument } from "../../readers/kubelet-configuration.ts";
import { kubeletConfigurationVersion } from "../../readers/kubelet-configuration.ts";
import { placeholderIn } from "../../readers/placeholders.ts";
import {
  asObject,
  type FieldPath,
  type Json,
  type JsonObject,
  valueAt,
} from "../../readers/yaml.ts";
import type { Fact, Source } from "../../words/fact.ts";
import { known, unknown, valueOr } from "../../words/fact.ts";
import type { Refusal, RefusalKind } from "../../words/refusal.ts";
import { gateRefusal, refusal } from "../refusal.ts";
import { configurationType, decodeConfiguration } from "./decode.ts";

export type Settings = {
  /** The value of a field, e.g. `authentication.x509.clientCAFile`; undefined when it has none. */
  readonly get: (field: string) => Fact<Json | undefined>;
  /** Where a field was set; undefined for defaults. */
  readonly sourceOf: (field: string) => Source | undefined;
  /** Feature gates that were set, by flag or file. */
  readonly gates: Readonly<Record<string, boolean>>;
  readonly refusal?: Refusal;
};

/** The value of a field; undefined where it has none, or none that is known. */
export function knownValue(settings: Settings, field: string): Json | undefined {
  return valueOr(settings.get(field), undefined);
}

export type SettingsInputs = {
  readonly flags: Flags;
  readonly table: KubeletTable;
  /** `undefined` when there is no `--config`; unknown when its content is. */
  readonly file: Fact<KubeletConfigurationDocument | undefined>;
  readonly fileError?: ConfigFileError;
  /** Path of `--config`, for messages and relative paths. */
  readonly path: string;
  /** Each with the path that messages name; undefined when there is no `--config-dir`. */
  readonly dropIns:
    | readonly { readonly path: string; readonly document: KubeletConfigurationDocument }[]
    | undefined;
  readonly dropInDirectory: string;
  /** `--config-dir` names a folder that is not there. */
  readonly hasNoDirectory: boolean;
};

/** Why the content of `--config` cannot be read or decoded at all, as the kubelet says it. */
export type ConfigFileError = {
  readonly message: string;
  readonly kind: RefusalKind;
  readonly source?: Source;
};

/** Resolves the configuration. Never throws. */
export function resolveSettings(inputs: SettingsInputs): Settings {
  const layers: Layers = { value: {}, sources: new Map() };
  const refused = loadFile(inputs, layers) ?? mergeDropIns(inputs, layers);
  applyFlags(inputs, layers);
  const gates = booleans(asObject(layers.value.featureGates) ?? {});
  const missing = inputs.file.known ? undefined : inputs.file;
  return {
    get: (field) => get(field, inputs, layers, missing),
    sourceOf: (field) => sourceOf(field, layers),
    gates,
    ...(refused && { refusal: refused }),
  };
}

type Layers = {
  value: JsonObject;
  /** By the path of a field that was given; defaults have none. */
  readonly sources: Map<string, Source>;
};

function get(
  field: string,
  { flags }: SettingsInputs,
  layers: Layers,
  missing: { readonly missing: string; readonly source?: Source } | undefined,
): Fact<Json | undefined> {
  const source = sourceOf(field, layers);
  const value = valueAt(layers.value, field.split("."));
  if (typeof value === "string" && value.startsWith(unknownMark)) {
    return unknown(value.slice(unknownMark.length), source);
  }
  const fromFlag = source?.key?.startsWith("--") ?? false;
  if (!fromFlag && flags.open) {
    return unknown(flags.open.missing, flags.open.source);
  }
  if (!fromFlag && missing) {
    return unknown(missing.missing, missing.source);
  }
  const placeholder = typeof value === "string" ? placeholderIn(value) : undefined;
  return placeholder === undefined
    ? known(value, source)
    : unknown(`the value of ${placeholder} in ${field}`, source);
}

/** Stands in the merged value for what a flag gives and what is unknown. */
const unknownMark = "\u0000unknown:";

function sourceOf(field: string, layers: Layers): Source | undefined {
  return layers.sources.get(field);
}

function loadFile(inputs: SettingsInputs, layers: Layers): Refusal | undefined {
  const { table, file, path, fileError } = inputs;
  if (fileError) {
    layers.value = table.defaults;
    return refusal(
      loadFailed(path, fileError.message),
      fileError.kind,
      { flag: "config" },
      fileError.source,
    );
  }
  const document = file.known ? file.value : undefined;
  if (!document) {
    layers.value = file.known ? table.legacyDefaults : table.defaults;
    return undefined;
  }
  const kindError = wrongKind(document);
  const isJson = document.text?.trimStart().startsWith("{") ?? false;
  const decoded = decodeConfiguration(document.value, table, { inOrder: isJson });
  layers.value = withDefaults(resolvePaths(decoded.value, table, posix.dirname(path)), table);
  addSources(decoded.value, document, layers);
  const error = kindError ?? decoded.error?.message;
  if (error !== undefined) {
    const at = decoded.error?.path ?? ["kind"];
    return refusal(
      loadFailed(path, `failed to decode: ${error}`),
      kindError === undefined ? "wrong-type" : "wrong-kind",
      { field: at.join(".") },
      fieldSource(document, at),
    );
  }
  return gatesPanic(layers.value, document, table);
}

function loadFailed(path: string, error: string): string {
  return commandFailed(
    `failed to load kubelet config file, path: ${path}, error: failed to load Kubelet config file ${path}, error ${error}`,
  );
}

function wrongKind({ value, text }: KubeletConfigurationDocument): string | undefined {
  const { apiVersion, kind } = value;
  if (apiVersion === kubeletConfigurationVersion && kind === "KubeletConfiguration") {
    return undefined;
  }
  const shown = text ?? JSON.stringify(sorted(value));
  if (typeof kind !== "string" || kind === "") {
    return `Object 'Kind' is missing in '${shown}'`;
  }
  if (typeof apiVersion !== "string" || apiVersion === "") {
    return `Object 'apiVersion' is missing in '${shown}'`;
  }
  return `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`;
}

function sorted(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Defaulting sets the file's gates on a copy first and panics when it cannot. */
function gatesPanic(
  value: JsonObject,
  document: KubeletConfigurationDocument,
  table: KubeletTable,
): Refusal | undefined {
  const error = gatesError(booleans(asObject(value.featureGates) ?? {}), table.gates);
  return (
    error &&
    gateRefusal(
      `panic: failed to merge global and in-flight KubeletConfiguration while setting defaults, error: ${error.message}`,
      error,
      fieldSource(document, ["featureGates"]),
    )
  );
}

function mergeDropIns(inputs: SettingsInputs, layers: Layers): Refusal | undefined {
  const { table, dropIns, dropInDirectory, hasNoDirectory } = inputs;
  if (!dropIns) {
    return undefined;
  }
  const walk = (message: string, source: Source, kind: RefusalKind = "wrong-kind"): Refusal =>
    refusal(
      commandFailed(
        `failed to merge kubelet configs: failed to walk through kubelet dropin directory ${JSON.stringify(dropInDirectory)}: ${message}`,
      ),
      kind,
      { flag: "config-dir" },
      source,
    );
  if (hasNoDirectory) {
    const message = `lstat ${dropInDirectory}: no such file or directory`;
    return walk(message, { where: dropInDirectory }, "missing-file");
  }
  // The base goes through JSON, which leaves empty lists and maps out: their defaults come back.
  let merged: JsonObject = withoutEmpty(layers.value);
  for (const { path, document } of dropIns) {
    const { apiVersion = "", kind } = document.value;
    const prefix = `failed to load kubelet dropin file, path: ${path}`;
    if (document.error !== undefined) {
      const error = document.error.replace(/^failed to decode: /, "");
      return walk(`${prefix}, error: ${error}`, document.source, "malformed-file");
    }
    if (kind === undefined) {
      const shown = document.text ?? JSON.stringify(sorted(document.value));
      return walk(`${prefix}, error: Object 'Kind' is missing in '${shown}'`, document.source);
    }
    if (apiVersion !== kubeletConfigurationVersion || kind !== "KubeletConfiguration") {
      const version = String(apiVersion).includes("/") ? apiVersion : `/${apiVersion}`;
      return walk(`${prefix}, unknown apiVersion/kind: ${version}, Kind=${kind}`, document.source);
    }
    merged = mergePatch(merged, document.value, table);
    addSources(
      decodeConfiguration(document.value, table, { anyCase: true }).value,
      document,
      layers,
    );
  }
  const decoded = decodeConfiguration(merged, table, { anyCase: true });
  layers.value = withDefaults(decoded.value, table);
  const last = dropIns.at(-1)?.document;
  if (decoded.error) {
    return refusal(
      commandFailed(
        `failed to merge kubelet configs: failed to unmarshal merged JSON into kubelet configuration: ${decoded.error.message}`,
      ),
      "wrong-type",
      { field: decoded.error.path.join(".") },
      last?.source,
    );
  }
  return last && gatesPanic(layers.value, last, table);
}

/** JSON merge patch (RFC 7386); field names of the target win over other capitalisations. */
function mergePatch(target: JsonObject, patch: JsonObject, table: KubeletTable): JsonObject {
  const merged: Record<string, Json> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const inner = asObject(value);
    if (value === null) {
      delete merged[key];
    } else if (inner) {
      merged[key] = mergePatch(asObject(merged[key]) ?? {}, inner, table);
    } else {
      merged[key] = value;
    }
  }
  return merged;
}

function withoutEmpty(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]): [string, Json][] => {
      const object = asObject(inner);
      if (object) {
        const kept = withoutEmpty(object);
        return Object.keys(kept).length === 0 ? [] : [[key, kept]];
      }
      return Array.isArray(inner) && inner.length === 0 ? [] : [[key, inner]];
    }),
  );
}

/** Zero values of fields without a pointer count as unset, as in SetDefaults_KubeletConfiguration. */
function withDefaults(value: JsonObject, table: KubeletTable): JsonObject {
  const parallel = value.maxParallelImagePulls;
  const inParallel = typeof parallel === "number" && parallel !== 1;
  const given =
    inParallel && value.serializeImagePulls === undefined
      ? { ...value, serializeImagePulls: false }
      : value;
  return mergeDefaults(given, table.defaults, configurationType, table);
}

function mergeDefaults(
  value: JsonObject,
  defaults: JsonObject,
  type: string,
  table: KubeletTable,
): JsonObject {
  const merged: Record<string, Json> = { ...value };
  for (const [key, otherwise] of Object.entries(defaults)) {
    const fieldType = table.types[type]?.[key] ?? "";
    const given = Object.hasOwn(merged, key) ? merged[key] : undefined;
    const innerDefaults = asObject(otherwise);
    const structType = fieldType.replace(/^\*/, "");
    if (innerDefaults && table.types[structType]) {
      merged[key] = mergeDefaults(asObject(given) ?? {}, innerDefaults, structType, table);
    } else if (given === undefined || (!fieldType.startsWith("*") && isZero(given))) {
      merged[key] = otherwise;
    }
  }
  return merged;
}

function isZero(value: Json): boolean {
  return value === "" || value === 0 || value === "0s" || value === "0" || value === false;
}

function resolvePaths(value: JsonObject, table: KubeletTable, root: string): JsonObject {
  let resolved = value;
  for (const field of table.pathFields) {
    const path = field.split(".");
    const text = valueAt(value, path);
    if (
      typeof text === "string" &&
      text !== "" &&
      !text.startsWith("/") &&
      placeholderIn(text) === undefined
    ) {
      resolved = setAt(resolved, path, posix.join(root, text));
    }
  }
  return resolved;
}

function setAt(value: JsonObject, [key, ...rest]: readonly string[], inner: Json): JsonObject {
  if (key === undefined) {
    return value;
  }
  return {
    ...value,
    [key]: rest.length === 0 ? inner : setAt(asObject(value[key]) ?? {}, rest, inner),
  };
}

function applyFlags({ flags, table }: SettingsInputs, layers: Layers): void {
  for (const name of flags.names) {
    const field = table.flagFields[name];
    const value = flags.get(name);
    const source = flags.sourceOf(name);
    if (field === undefined || (value.known && value.value === undefined)) {
      continue;
    }
    const json = value.known
      ? toJson(value.value as FlagValue, table.flags.byName(name)?.type ?? "string")
      : `${unknownMark}${value.missing}`;
    const gates = field === "featureGates" && asObject(json);
    const merged = gates ? { ...asObject(layers.value.featureGates), ...gates } : json;
    layers.value = setAt(layers.value, field.split("."), merged);
    layers.sources.set(field, source ?? { where: "command line", key: `--${name}` });
  }
}

function toJson(value: FlagValue, type: string): Json {
  if (type === "duration" && typeof value === "number") {
    return durationText(value);
  }
  if (value instanceof Map) {
    const isBool = type === "mapStringBool";
    return Object.fromEntries(
      [...value].map(([key, text]) => [key, isBool ? text === "true" : text]),
    );
  }
  return value as Json;
}

function addSources(
  value: JsonObject,
  document: KubeletConfigurationDocument,
  layers: Layers,
  path: readonly string[] = [],
): void {
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, key];
    layers.sources.set(here.join("."), fieldSource(document, here));
    const object = asObject(inner);
    if (object) {
      addSources(object, document, layers, here);
    }
  }
}

function fieldSource(document: KubeletConfigurationDocument, path: FieldPath): Source {
  const line = document.lineOf(path);
  return {
    ...document.source,
    key: path.join("."),
    ...(line !== undefined && { line }),
  };
}

function booleans(value: JsonObject): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, boolean] => typeof entry[1] === "boolean",
    ),
  );
}
