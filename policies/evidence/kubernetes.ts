/** Kubernetes objects among the resources of a stack. */
import { clusterOutputs, digestOf, tokens } from "../../trust/contract.ts";
import { contextIn } from "../../trust/readers/kubeconfig.ts";
import { clusterAmong } from "../../trust/readers/origins.ts";
import type { Origin } from "../../trust/readers/piece.ts";
import { asObject, asText, type Json, type JsonObject } from "../../trust/readers/yaml.ts";
import { type Fact, known, type Source } from "../../trust/words/fact.ts";
import { reasonAnnotation, verificationAnnotation } from "../../trust/words/vocabulary.ts";
import {
  describe,
  field,
  placeholder,
  type Resource,
  type Stack,
  text,
} from "../stack/resource.ts";

/**
 * The kind of a Kubernetes resource, `undefined` for all others. A patch counts as what it patches.
 * A CustomResource has the group and version that it is written with.
 * Source: pulumi-kubernetes type tokens, `kubernetes:<group>/<version>:<Kind>`.
 */
export function kindOf(resource: Resource): string | undefined {
  const kind = /^kubernetes:(?:[\w.-]+\/)?v\w+:(\w+)$/.exec(resource.type)?.[1];
  return kind?.replace(/Patch$/, "");
}

/** The resources of some kinds. */
export function ofKind(stack: Stack, ...kinds: readonly string[]): Resource[] {
  return stack.resources.filter((resource) => kinds.includes(kindOf(resource) ?? ""));
}

/** What says which cluster a resource belongs to, and where a person finds it. */
export function originOf(stack: Stack, resource: Resource): Origin {
  const cluster = stack.ancestorsOf(resource).find(({ type }) => type === tokens.cluster);
  const namespace = text(resource, "metadata", "namespace");
  const labels = field(resource, "metadata", "labels");
  return {
    source: { where: describe(resource) },
    holder: resource.urn,
    cluster: labels.known ? clusterAmong(labels.value, describe(resource)) : labels,
    ...(cluster && {
      owner: { id: cluster.urn, name: text(cluster, clusterOutputs.clusterName) ?? cluster.name },
    }),
    scope: scopeOf(stack, resource.provider),
    ...(namespace !== undefined && { namespace }),
    annotations: annotationsOf(resource),
  };
}

/** Annotations that are text; where the map is not known, those that decide are placeholders. */
function annotationsOf(resource: Resource): Record<string, string> {
  const annotations = field(resource, "metadata", "annotations");
  if (!annotations.known) {
    return { [verificationAnnotation]: placeholder, [reasonAnnotation]: placeholder };
  }
  return Object.fromEntries(
    Object.entries(asObject(annotations.value) ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

const scopes = new WeakMap<Stack, Map<string, string>>();

/** What tells one Kubernetes cluster from another: where a provider goes, not which provider object goes there. */
function scopeOf(stack: Stack, provider: string): string {
  const known = scopes.get(stack) ?? new Map<string, string>();
  scopes.set(stack, known);
  const scope = known.get(provider) ?? readScope(stack, provider);
  known.set(provider, scope);
  return scope;
}

function readScope(stack: Stack, provider: string): string {
  const resource = stack.resourceOf(provider);
  if (resource === undefined) return provider;
  const server = serverOf(resource);
  if (server !== undefined) return digestOf(server);
  const parts = ["kubeconfig", "context", "cluster", "renderYamlToDirectory"].map((property) => {
    const value = field(resource, property);
    if (value.known) return JSON.stringify(value.value ?? null);
    const makers = resource.madeFrom(property).map(({ urn }) => urn);
    return makers.length > 0 ? makers.sort().join(" ") : provider;
  });
  // A kubeconfig holds credentials: what it is compared by does not.
  return digestOf(parts.join("\n"));
}

/**
 * Which cluster a provider calls, whoever it is there: the server of its kubeconfig, else the name that stands for it.
 * Source: pulumi-kubernetes `provider/pkg/provider/provider.go` (kubeconfig, context, cluster, clusterIdentifier).
 */
function serverOf(provider: Resource): string | undefined {
  const rendered = field(provider, "renderYamlToDirectory");
  if (!rendered.known || rendered.value !== undefined) return undefined;
  const { cluster } = contextIn(text(provider, "kubeconfig") ?? "", "", {
    context: text(provider, "context"),
    cluster: text(provider, "cluster"),
  });
  const server = asText(cluster?.server);
  return server === undefined
    ? text(provider, "clusterIdentifier")
    : [server.replace(/\/+$/, ""), asText(cluster?.["proxy-url"]) ?? ""].join(" ");
}

/**
 * The object as a manifest has it, with its kind; unknown parts are placeholders. A patch counts as what it patches.
 */
export function objectOf(resource: Resource): JsonObject {
  const object: Record<string, Json> = {};
  for (const property of Object.keys(resource.properties)) {
    const value = field(resource, property);
    object[property] = value.known ? (value.value ?? null) : placeholder;
  }
  const kind = kindOf(resource);
  const version = /^kubernetes:([\w.-]+\/)?(v\w+):/.exec(resource.type);
  const group = version?.[1]?.startsWith("core/") ? "" : (version?.[1] ?? "");
  return {
    ...(version && { apiVersion: `${group}${version[2]}` }),
    ...object,
    ...(kind !== undefined && { kind }),
  };
}

/** One text in a ConfigMap or Secret. */
export type Entry = {
  readonly resource: Resource;
  readonly key: string;
  readonly text: Fact<string>;
  readonly source: Source;
};

/** The key of the one entry that stands for all, where not even the keys are known. */
export const everything = "*";

const entries = new WeakMap<Resource, readonly Entry[]>();

/**
 * Every text of a ConfigMap or Secret by its key, out of base64 where it is in that. When the map of texts as a
 * whole is unknown, one entry with the key {@link everything} says so. Bytes that are no text are passed over: no
 * program that is looked for could read them.
 */
export function entriesOf(resource: Resource): readonly Entry[] {
  const made = entries.get(resource) ?? readEntries(resource);
  entries.set(resource, made);
  return made;
}

function readEntries(resource: Resource): readonly Entry[] {
  const isSecret = kindOf(resource) === "Secret";
  return [
    ...entriesIn(resource, "data", isSecret),
    ...(isSecret ? entriesIn(resource, "stringData", false) : []),
    ...(isSecret ? [] : entriesIn(resource, "binaryData", true)),
  ];
}

function entriesIn(resource: Resource, property: string, base64: boolean): Entry[] {
  const where = describe(resource);
  const all = field(resource, property);
  if (!all.known) {
    return [{ resource, key: everything, text: all, source: { where, key: property } }];
  }
  return Object.keys(asObject(all.value) ?? {}).flatMap((key): Entry[] => {
    const value = field(resource, property, key);
    const source = { where, key: `${property}["${key}"]` };
    if (!value.known) return [{ resource, key, text: value, source }];
    if (typeof value.value !== "string") return [];
    const content = base64 ? decode(value.value) : value.value;
    return content === undefined ? [] : [{ resource, key, text: known(content), source }];
  });
}

/** The keys of a ConfigMap, whatever is under them; {@link everything} for those of a map that is not known. */
export function keysOf(configMap: Resource): string[] {
  return ["data", "binaryData"].flatMap((property) => {
    const all = field(configMap, property);
    return all.known ? Object.keys(asObject(all.value) ?? {}) : [everything];
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(base64: string): string | undefined {
  try {
    const content = utf8.decode(Buffer.from(base64, "base64"));
    return content.includes("\0") ? undefined : content;
  } catch {
    return undefined;
  }
}
