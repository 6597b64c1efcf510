/**
 * Resources as the readers see them: plain values in which whatever is not known says so, and a tree that cannot
 * trap anyone in a cycle.
 */

import type { PolicyResource } from "@pulumi/policy";
import type { Json } from "../../trust/readers/yaml.ts";
import type { Fact } from "../../trust/words/fact.ts";
import { known, unknown } from "../../trust/words/fact.ts";
import { groupBy } from "../../trust/words/group-by.ts";
import { isSecret, unwrapProxy } from "../sdk.ts";

/** A resource of the stack. */
export type Resource = {
  readonly urn: string;
  /** Type token, e.g. `kubernetes:core/v1:ConfigMap`. */
  readonly type: string;
  /** The resource's name in the program. */
  readonly name: string;
  /** Raw values; read them with {@link field}. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly parentUrn: string | undefined;
  /** URN of the provider; empty for components. */
  readonly provider: string;
  /** The resources that a property was made from. */
  readonly madeFrom: (property: string) => readonly Resource[];
  /** Whether the value at the path is secret. */
  readonly isSecret: (path: readonly (string | number)[]) => boolean;
};

/** The resources of one analysis. */
export type Stack = {
  /** In the order of their URNs, so that a verdict does not depend on which was registered first. */
  readonly resources: readonly Resource[];
  /** The one with that URN. */
  readonly resourceOf: (urn: string) => Resource | undefined;
  /** Direct children. */
  readonly childrenOf: (urn: string) => readonly Resource[];
  /** The parent, its parent, and so on; ends where a parent is missing or comes again. */
  readonly ancestorsOf: (resource: Resource) => readonly Resource[];
};

/** Turns what the SDK hands over into a stack. Never throws. */
export function readStack(given: readonly PolicyResource[]): Stack {
  const byUrn = new Map<string, Resource>();
  const resources = given
    .map((resource) => {
      const read = toResource(resource, byUrn);
      byUrn.set(read.urn, read);
      return read;
    })
    .sort((a, b) => (a.urn < b.urn ? -1 : a.urn > b.urn ? 1 : 0));
  const children = groupBy(resources, ({ parentUrn }) => parentUrn ?? "");
  return {
    resources,
    resourceOf: (urn) => byUrn.get(urn),
    childrenOf: (urn) => children.get(urn) ?? [],
    ancestorsOf: (resource) => {
      const chain: Resource[] = [];
      const seen = new Set([resource.urn]);
      for (
        let at = byUrn.get(resource.parentUrn ?? "");
        at && !seen.has(at.urn);
        at = byUrn.get(at.parentUrn ?? "")
      ) {
        seen.add(at.urn);
        chain.push(at);
      }
      return chain;
    },
  };
}

/** The resource that holds something: a holder inside of it begins with its URN. */
export function resourceHolding(stack: Stack, holder: string): Resource | undefined {
  for (let at = holder.length; at > 0; at = holder.lastIndexOf("#", at - 1)) {
    const resource = stack.resourceOf(holder.slice(0, at));
    if (resource) return resource;
  }
  return stack.resources[0];
}

function toResource(given: PolicyResource, byUrn: ReadonlyMap<string, Resource>): Resource {
  const properties = unwrapProxy(given.props ?? {});
  return {
    urn: given.urn,
    type: given.type,
    name: given.name,
    properties,
    parentUrn: given.parent?.urn ?? given.opts?.parent,
    provider: given.provider?.urn ?? "",
    madeFrom: (property) =>
      (given.propertyDependencies?.[property] ?? []).flatMap(({ urn }) => byUrn.get(urn) ?? []),
    isSecret: (path) => isSecret(properties, path),
  };
}

/**
 * What stands for a value that is not known before deployment.
 * Source: pulumi `sdk/go/common/resource/plugin/rpc.go` (UnknownBoolValue and the like).
 */
const unknownValues = new Set<unknown>([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** What `pulumi policy analyze --file` puts in the place of a secret that it cannot decrypt. */
const redacted = "[secret]";

/** What stands for an unknown value inside a larger one; readers take it for a placeholder. */
export const placeholder = "{{ unknown until it is deployed }}";

/** Deeper than anything that Kubernetes has; what lies below is cut off as unknown. */
const maxDepth = 100;

/**
 * The value of a property; `undefined` when there is none. Unknown parts of a known value are placeholders.
 * Never throws.
 */
export function field(resource: Resource, ...path: string[]): Fact<Json | undefined> {
  let value: unknown = resource.properties;
  for (const [index, key] of path.entries()) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) {
      return known(undefined);
    }
    value = (value as Record<string, unknown>)[key];
    const reason = whyUnknown(value);
    if (reason !== undefined) {
      const at = path.slice(0, index + 1).join(".");
      return unknown(`${at} of ${describe(resource)}, which ${reason}`, {
        where: describe(resource),
        key: at,
      });
    }
  }
  return known(toJson(value, 0));
}

/** A text property; undefined when it is absent, unknown or no text. */
export function text(resource: Resource, ...path: string[]): string | undefined {
  const fact = field(resource, ...path);
  return fact.known && typeof fact.value === "string" ? fact.value : undefined;
}

/** How a person finds the resource: its kind and name, e.g. `ConfigMap kube-system/kubelet-config`. */
export function describe(resource: Resource): string {
  const kind = resource.type.slice(resource.type.lastIndexOf(":") + 1);
  const { metadata } = resource.properties as { metadata?: Record<string, unknown> };
  const plain = (key: string): string | undefined => {
    const value = typeof metadata === "object" && metadata !== null ? metadata[key] : undefined;
    return typeof value === "string" && whyUnknown(value) === undefined ? value : undefined;
  };
  const [name, namespace] = [plain("name"), plain("namespace")];
  if (name === undefined) return `${kind} ${resource.name}`;
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

function whyUnknown(value: unknown): string | undefined {
  if (unknownValues.has(value)) return "is not known before it is deployed";
  return value === redacted ? "is a secret that cannot be decrypted here" : undefined;
}

function toJson(value: unknown, depth: number): Json {
  if (whyUnknown(value) !== undefined || depth > maxDepth) return placeholder;
  if (Array.isArray(value)) return value.map((item) => toJson(item, depth + 1));
  if (typeof value === "object" && value !== null) {
    // Assets and archives are no data: what they hold is read elsewhere, at another time.
    if (Object.hasOwn(value, "__pulumiAsset") || Object.hasOwn(value, "__pulumiArchive")) {
      return placeholder;
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, toJson(item, depth + 1)]),
    );
  }
  if (typeof value === "string" || typeof value === "boolean" || typeof value === "number") {
    return value;
  }
  return null;
}
