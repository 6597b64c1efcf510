/** Kubernetes objects among the resources of a stack. */

import { tokens } from "../../trust/contract.ts";
import { asList, asObject, asText, type Json, type JsonObject } from "../../trust/readers/yaml.ts";
import { type Fact, known, type Source } from "../../trust/words/fact.ts";
import { clusterLabel } from "../../trust/words/vocabulary.ts";
import { describe, field, type Resource, type Stack, text } from "../stack/resource.ts";
import type { Membership } from "./evidence.ts";

/**
 * The kind of a Kubernetes resource, `undefined` for all others. A patch counts as what it patches.
 * Source: pulumi-kubernetes type tokens, `kubernetes:<group>/<version>:<Kind>`.
 */
export function kindOf(resource: Resource): string | undefined {
  const kind = /^kubernetes:[\w.-]+\/v\w+:(\w+)$/.exec(resource.type)?.[1];
  return kind?.replace(/Patch$/, "");
}

/** The resources of some kinds. */
export function ofKind(stack: Stack, ...kinds: readonly string[]): Resource[] {
  return stack.resources.filter((resource) => kinds.includes(kindOf(resource) ?? ""));
}

/** What says which cluster a resource belongs to. */
export function membershipOf(stack: Stack, resource: Resource): Membership {
  const cluster = stack.ancestorsOf(resource).find(({ type }) => type === tokens.cluster);
  return {
    component: cluster?.urn,
    label: text(resource, "metadata", "labels", clusterLabel),
    provider: resource.provider,
    namespace: text(resource, "metadata", "namespace") ?? "",
  };
}

/** The object as a manifest has it, with its kind; unknown parts are placeholders. */
export function objectOf(resource: Resource): JsonObject {
  const object: Record<string, Json> = { kind: kindOf(resource) ?? "" };
  for (const part of ["apiVersion", "metadata", "spec", "rules", "roleRef", "subjects"] as const) {
    const value = field(resource, part);
    if (value.known && value.value !== undefined) object[part] = value.value;
  }
  const aggregation = field(resource, "aggregationRule");
  if (aggregation.known && aggregation.value !== undefined) {
    object.aggregationRule = aggregation.value;
  }
  return object;
}

/** The objects of a manifest: a `List` is what it lists. */
export function listed(object: Json): readonly Json[] {
  const kind = asText(asObject(object)?.kind) ?? "";
  return kind.endsWith("List") ? asList(asObject(object)?.items) : [object];
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

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(base64: string): string | undefined {
  try {
    const content = utf8.decode(Buffer.from(base64, "base64"));
    return content.includes("\0") ? undefined : content;
  } catch {
    return undefined;
  }
}

/** Whether a name or a key is one that deciding texts go by: what is unknown there is not passed over. */
export function soundsDeciding(entry: Entry): boolean {
  const names = [entry.key, text(entry.resource, "metadata", "name") ?? "", entry.resource.name];
  return names.some((name) =>
    /kubelet|kubeadm|api-?server|(Cluster|Init|Join)Configuration/i.test(name),
  );
}
