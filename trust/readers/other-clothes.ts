/** Settings in other clothes: names beside their values, operations of JSON patches, flags without their dashes. */
import { asObject, asText, type Json, type JsonObject, readYaml } from "./yaml.ts";

const ofKubelets = /kubelet[\w-]*(?:args?|flags|options|opts|config)$/i;

const maxSegments = 20;

/**
 * The fields that an object stands for: `{name: kubeletExtraArgs, value: ...}` as the variables of Cluster API's
 * topologies, `{op: add, path: /machine/kubelet, value: ...}` as RFC 6902 has it.
 */
export function fieldsMeant(object: JsonObject): JsonObject | undefined {
  const { op, path, name, key, value } = object;
  if (value === undefined) return undefined;
  if (typeof op === "string" && typeof path === "string" && /^(?:add|replace)$/.test(op)) {
    const segments = path.split("/").slice(1).map(unescaped);
    return segments.length === 0 || segments.length > maxSegments
      ? undefined
      : asObject(segments.reduceRight<Json>((inner, one) => ({ [one]: inner }), value));
  }
  const called = asText(name) ?? asText(key) ?? "";
  return ofKubelets.test(called) ? { [called]: value } : undefined;
}

function unescaped(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}

const bare = /^[a-z][a-z-]*(?:=.*)?$/;

/**
 * What a field with settings of kubelets holds, as flags with their dashes or as a map. Sources: k3s
 * `pkg/cli/cmds/agent.go` (kubelet-arg), the options of Charmed Kubernetes (kubelet-extra-args, kubelet-extra-config).
 */
export function asSettings(key: string, value: Json): Json {
  if (!ofKubelets.test(key)) return value;
  if (typeof value === "string" && /^\s*(?:\{|\w+:\s)/.test(value)) {
    const [document, ...others] = readYaml(value, { where: key }).documents;
    const map = asObject(document?.value ?? null);
    return map !== undefined && others.length === 0 ? map : value;
  }
  const words = typeof value === "string" ? value.trim().split(/\s+/) : value;
  if (!Array.isArray(words) || words.length === 0) return value;
  const pairs = words.map((word) => asObject(word));
  if (pairs.every((one) => typeof one?.name === "string" && one.value !== undefined))
    return Object.fromEntries(pairs.map((one) => [String(one?.name), one?.value ?? ""]));
  const isBare = (word: Json) => typeof word === "string" && bare.test(word);
  const isMeant = words.every(isBare) && (Array.isArray(value) || words.some(hasValue));
  return isMeant ? words.map((word) => `--${word}`) : value;
}

function hasValue(word: Json): boolean {
  return typeof word === "string" && word.includes("=");
}
