/**
 * A KubeletConfiguration as Kubernetes' JSON decoder takes it: unknown and wrongly capitalised fields are
 * passed over, wrong types are refused in the decoder's own words.
 * Source: sigs.k8s.io/json; kubernetes `pkg/kubelet/kubeletconfig/util/codec/codec.go`.
 */
import { parseDuration } from "../../go/texts.ts";
import type { KubeletTable } from "../../kubernetes/tables.ts";
import { placeholderIn } from "../../readers/placeholders.ts";
import type { Json, JsonObject } from "../../readers/yaml.ts";

export type Decoded = {
  /** Known fields alone, without nulls. */
  readonly value: JsonObject;
  /** The decoder's first complaint. */
  readonly error?: { readonly message: string; readonly path: readonly string[] };
};

export const configurationType = "v1beta1.KubeletConfiguration";

/**
 * Decodes the fields of a configuration.
 */
export function decodeConfiguration(
  value: JsonObject,
  table: KubeletTable,
  { anyCase = false, inOrder = false }: DecodeOptions = {},
): Decoded {
  const state: State = { table, anyCase, inOrder };
  const decoded = decodeStruct(value, configurationType, [], state);
  return { value: decoded, ...(state.error && { error: state.error }) };
}

export type DecodeOptions = {
  /** Take field names in any capitalisation, as Go's own decoder does where drop-ins are merged. */
  readonly anyCase?: boolean;
  /** The text is JSON: fields come in its order. Text that came as YAML has its keys sorted. */
  readonly inOrder?: boolean;
};

type State = {
  readonly table: KubeletTable;
  readonly anyCase: boolean;
  readonly inOrder: boolean;
  error?: { message: string; path: readonly string[] };
};

function decodeStruct(
  value: JsonObject,
  type: string,
  path: readonly string[],
  state: State,
): JsonObject {
  const fields = state.table.types[type] ?? {};
  const names = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  const decoded: Record<string, Json> = {};
  const keys = Object.keys(value);
  for (const key of state.inOrder ? keys : keys.sort()) {
    const name = state.anyCase ? names.get(key.toLowerCase()) : key;
    const fieldType = name !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (name === undefined || fieldType === undefined) {
      continue;
    }
    const inner = decode(value[key] ?? null, fieldType, type, [...path, name], state);
    if (inner !== undefined) {
      decoded[name] = inner;
    }
  }
  return decoded;
}

function decode(
  value: Json,
  fullType: string,
  struct: string,
  path: readonly string[],
  state: State,
): Json | undefined {
  if (value === null) {
    return undefined;
  }
  if (typeof value === "string" && placeholderIn(value) !== undefined) {
    return value;
  }
  const [type = "", basic = ""] = fullType.replace(/^\*+/, "").split("=");
  const kind = basic || type;
  const mismatch = (what: string, shown = type): undefined => {
    complain(
      state,
      path,
      `json: cannot unmarshal ${what} into Go struct field ${fieldName(struct, path)} of type ${shown}`,
    );
    return undefined;
  };
  if (kind.startsWith("[]")) {
    const element = kind.slice(2);
    return Array.isArray(value)
      ? value.flatMap((item: Json) => {
          const inner = decode(item, element, struct, path, state);
          return inner === undefined ? [] : [inner];
        })
      : mismatch(kindOf(value));
  }
  if (kind.startsWith("map[string]")) {
    return isObject(value)
      ? decodeMap(value, kind.slice("map[string]".length), struct, path, state)
      : mismatch(kindOf(value));
  }
  if (state.table.types[kind]) {
    return isObject(value) ? decodeStruct(value, kind, path, state) : mismatch(kindOf(value));
  }
  if (type === "v1.Duration") {
    return decodeDuration(value, path, state, mismatch);
  }
  return decodeBasic(value, kind, mismatch);
}

type Mismatch = (what: string, shown?: string) => undefined;

function decodeMap(
  value: JsonObject,
  element: string,
  struct: string,
  path: readonly string[],
  state: State,
): JsonObject {
  const decoded: Record<string, Json> = {};
  for (const key of Object.keys(value).sort()) {
    const inner = decode(value[key] ?? null, element, struct, path, state);
    if (inner !== undefined) {
      decoded[key] = inner;
    }
  }
  return decoded;
}

function decodeDuration(
  value: Json,
  path: readonly string[],
  state: State,
  mismatch: Mismatch,
): Json | undefined {
  if (typeof value !== "string") {
    return mismatch(kindOf(value), "string");
  }
  const { error } = parseDuration(value);
  if (error !== undefined) {
    complain(state, path, error);
    return undefined;
  }
  return value;
}

function decodeBasic(value: Json, kind: string, mismatch: Mismatch): Json | undefined {
  switch (kind) {
    case "bool":
      return typeof value === "boolean" ? value : mismatch(kindOf(value));
    case "string":
      return typeof value === "string" ? value : mismatch(kindOf(value));
    case "float64":
    case "float32":
      return typeof value === "number" ? value : mismatch(kindOf(value));
    default:
      return decodeInteger(value, kind, mismatch);
  }
}

function decodeInteger(value: Json, kind: string, mismatch: Mismatch): Json | undefined {
  const bits = /^(u?)int(8|16|32|64)?$/.exec(kind);
  if (!bits) {
    // A type that reads itself, such as a quantity or a time.
    return value;
  }
  if (typeof value !== "number") {
    return mismatch(kindOf(value));
  }
  const size = 2 ** (Number(bits[2] ?? 64) - (bits[1] === "u" ? 0 : 1));
  const low = bits[1] === "u" ? 0 : -size;
  return Number.isInteger(value) && value >= low && value < size
    ? value
    : mismatch(`number ${value}`);
}

function complain(state: State, path: readonly string[], message: string): void {
  state.error ??= { message, path };
}

/** The decoder names the innermost struct and the whole path of the field. */
function fieldName(struct: string, path: readonly string[]): string {
  return `${struct.split(".").at(-1)}.${path.join(".")}`;
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) {
    return "array";
  }
  return typeof value === "boolean" ? "bool" : typeof value;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
