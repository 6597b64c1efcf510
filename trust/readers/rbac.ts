/** ClusterRoles and ClusterRoleBindings, as facts. */
import type { Problem, Source } from "../words/fact.ts";
import type {
  ClusterRole,
  ClusterRoleBinding,
  LabelSelector,
  RbacFacts,
  RbacRule,
  Subject,
} from "../words/facts.ts";
import { asList, asObject, asText, type Json, type JsonObject, type YamlDocument } from "./yaml.ts";

export type RbacObjects = { readonly rbac: RbacFacts; readonly problems: readonly Problem[] };

/**
 * Collects ClusterRoles and ClusterRoleBindings (and Lists of them) of `rbac.authorization.k8s.io`; other
 * kinds are passed over. A rule that cannot be read grants nothing and is a problem. Never throws.
 */
export function readRbac(documents: readonly YamlDocument[]): RbacObjects {
  const roles: ClusterRole[] = [];
  const bindings: ClusterRoleBinding[] = [];
  const problems: Problem[] = [];
  for (const document of documents) {
    for (const object of objects(document.value)) {
      const name = asText(asObject(object.metadata)?.name);
      const source: Source = { ...document.source, key: `${object.kind}/${name ?? ""}` };
      if (name === undefined) {
        problems.push({ message: `${object.kind} without metadata.name`, source, fatal: true });
      } else if (object.kind === "ClusterRole") {
        roles.push(readRole(object, name, source));
      } else {
        bindings.push(readBinding(object, name, source));
      }
    }
  }
  return { rbac: { roles, bindings }, problems };
}

function objects(value: Json): JsonObject[] {
  const object = asObject(value);
  if (!object) {
    return asList(value).flatMap(objects);
  }
  const kind = asText(object.kind) ?? "";
  if (kind.endsWith("List")) {
    return asList(object.items).flatMap(objects);
  }
  const isRbac = asText(object.apiVersion)?.startsWith("rbac.authorization.k8s.io/") ?? false;
  return isRbac && (kind === "ClusterRole" || kind === "ClusterRoleBinding") ? [object] : [];
}

function readRole(object: JsonObject, name: string, source: Source): ClusterRole {
  const aggregation = asObject(object.aggregationRule);
  return {
    name,
    rules: asList(object.rules).map(readRule),
    labels: textMap(asObject(object.metadata)?.labels),
    ...(aggregation && {
      aggregates: asList(aggregation.clusterRoleSelectors).map(readSelector),
    }),
    source,
  };
}

function readRule(value: Json): RbacRule {
  const rule = asObject(value) ?? {};
  return {
    apiGroups: texts(rule.apiGroups),
    resources: texts(rule.resources),
    resourceNames: texts(rule.resourceNames),
    verbs: texts(rule.verbs),
    nonResourceURLs: texts(rule.nonResourceURLs),
  };
}

function readSelector(value: Json): LabelSelector {
  const selector = asObject(value) ?? {};
  return {
    matchLabels: textMap(selector.matchLabels),
    matchExpressions: asList(selector.matchExpressions).map((expression) => {
      const { key, operator, values } = asObject(expression) ?? {};
      return { key: asText(key) ?? "", operator: asText(operator) ?? "", values: texts(values) };
    }),
  };
}

function readBinding(object: JsonObject, name: string, source: Source): ClusterRoleBinding {
  const role = asObject(object.roleRef);
  return {
    name,
    role: asText(role?.kind) === "ClusterRole" ? (asText(role?.name) ?? "") : "",
    subjects: asList(object.subjects).flatMap(readSubject),
    source,
  };
}

function readSubject(value: Json): Subject[] {
  const { kind, name, namespace } = asObject(value) ?? {};
  const text = asText(name);
  if (text === undefined || (kind !== "User" && kind !== "Group" && kind !== "ServiceAccount")) {
    return [];
  }
  const inNamespace = asText(namespace);
  return [{ kind, name: text, ...(inNamespace !== undefined && { namespace: inNamespace }) }];
}

function texts(value: Json | undefined): string[] {
  return asList(value).filter((item): item is string => typeof item === "string");
}

function textMap(value: Json | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asObject(value) ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
