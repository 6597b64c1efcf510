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
import { placeholderIn } from "./placeholders.ts";
import { asList, asObject, asText, type Json, type JsonObject, type YamlDocument } from "./yaml.ts";

export type RbacObjects = { readonly rbac: RbacFacts; readonly problems: readonly Problem[] };

/**
 * Collects ClusterRoles and ClusterRoleBindings (and Lists of them) of `rbac.authorization.k8s.io`; other
 * kinds are passed over. A rule that cannot be read grants nothing and is a problem; what is not known yet stays in its
 * place as a placeholder. Never throws.
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
    rules: openText(object.rules) ? [readRule(object.rules)] : asList(object.rules).map(readRule),
    labels: textMap(asObject(object.metadata)?.labels),
    ...(aggregation && {
      aggregates: asList(aggregation.clusterRoleSelectors).map(readSelector),
    }),
    source,
  };
}

/** A text in the place of a list or an object: a value that is not known yet. */
function openText(value: Json | undefined): string | undefined {
  return typeof value === "string" && placeholderIn(value) !== undefined ? value : undefined;
}

function openRule(placeholder: string): RbacRule {
  const any = [placeholder];
  return { apiGroups: any, resources: any, resourceNames: [], verbs: any, nonResourceURLs: any };
}

function readRule(value: Json | undefined): RbacRule {
  const open = openText(value);
  if (open !== undefined) return openRule(open);
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
  const kind = role?.kind;
  return {
    name,
    role:
      openText(object.roleRef) ??
      openText(kind) ??
      (asText(kind) === "ClusterRole" ? (asText(role?.name) ?? "") : ""),
    subjects: openSubject(object.subjects) ?? asList(object.subjects).flatMap(readSubject),
    source,
  };
}

/** Somebody who is not known yet. */
function openSubject(value: Json | undefined): Subject[] | undefined {
  const name = openText(value);
  return name === undefined ? undefined : [{ kind: "Group", name }];
}

function readSubject(value: Json): Subject[] {
  const { kind, name, namespace } = asObject(value) ?? {};
  const text = asText(name);
  const open = openSubject(value) ?? openSubject(kind);
  if (open !== undefined) return open;
  if (text === undefined || (kind !== "User" && kind !== "Group" && kind !== "ServiceAccount")) {
    return [];
  }
  const inNamespace = asText(namespace);
  return [{ kind, name: text, ...(inNamespace !== undefined && { namespace: inNamespace }) }];
}

function texts(value: Json | undefined): string[] {
  const open = openText(value);
  if (open !== undefined) return [open];
  return asList(value).filter((item): item is string => typeof item === "string");
}

function textMap(value: Json | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asObject(value) ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
