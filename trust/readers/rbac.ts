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
import { asList, asObject, asText, type Json, type JsonObject } from "./yaml.ts";

export type RbacObjects = { readonly rbac: RbacFacts; readonly problems: readonly Problem[] };

/**
 * A ClusterRole or ClusterRoleBinding. A rule that cannot be read grants nothing and is a problem; what is not known
 * yet stays in its place as a placeholder. Never throws.
 */
export function readRbac(object: JsonObject, { where }: Source): RbacObjects {
  const name = asText(asObject(object.metadata)?.name);
  const source: Source = { where, key: `${object.kind}/${name ?? ""}` };
  if (name === undefined) {
    const problem = { message: `${object.kind} without metadata.name`, source, fatal: true };
    return { rbac: { roles: [], bindings: [] }, problems: [problem] };
  }
  const isRole = object.kind === "ClusterRole";
  return {
    rbac: {
      roles: isRole ? [readRole(object, name, source)] : [],
      bindings: isRole ? [] : [readBinding(object, name, source)],
    },
    problems: [],
  };
}

function readRole(object: JsonObject, name: string, source: Source): ClusterRole {
  const { aggregationRule } = object;
  const selectors = openText(aggregationRule) ?? asObject(aggregationRule)?.clusterRoleSelectors;
  return {
    name,
    rules: openText(object.rules) ? [readRule(object.rules)] : asList(object.rules).map(readRule),
    labels: textMap(asObject(object.metadata)?.labels),
    ...(selectors !== undefined && {
      aggregates: (openText(selectors) === undefined ? asList(selectors) : [selectors]).map(
        readSelector,
      ),
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
  const open = openText(value);
  const { matchLabels = open, matchExpressions } = asObject(value) ?? {};
  const openExpressions = openText(matchExpressions);
  return {
    matchLabels: textMap(matchLabels),
    matchExpressions: (openExpressions === undefined
      ? asList(matchExpressions)
      : [openExpressions]
    ).map((expression) => {
      const either = openText(expression);
      const { key = either, operator = either, values } = asObject(expression) ?? {};
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

/** Its texts; one that is not known yet has a label that is not known either. */
function textMap(value: Json | undefined): Record<string, string> {
  const open = openText(value);
  if (open !== undefined) return { [open]: open };
  return Object.fromEntries(
    Object.entries(asObject(value) ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
