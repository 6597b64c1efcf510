/**
 * Which cluster a piece belongs to: by the component above it, else by the name that is written on it, else by what
 * keeps clusters apart where it was found (a kubeconfig, a folder), else to the only one there is. Two clusters never
 * mix: what could belong to several belongs to none. All kube-apiservers of one place could call its kubelets,
 * whatever namespace they stand in.
 */
import type { Origin } from "../readers/piece.ts";
import { groupBy } from "../words/group-by.ts";

/** The kube-apiservers that stand together, by what a person calls each. */
export type Group = {
  /** Tells clusters apart. */
  readonly key: string;
  readonly name: string | undefined;
  readonly origins: readonly Origin[];
};

/** Where something belongs: to a group, to a kube-apiserver that was not found, or to one of several. */
export type Place =
  | { readonly in: "group"; readonly group: Group }
  | { readonly in: "elsewhere"; readonly cluster: string | undefined }
  | { readonly in: "doubt"; readonly groups: readonly Group[]; readonly missing?: string };

/** Groups kube-apiservers by their origins, and says where any other origin belongs. */
export function placing(apiServers: readonly Origin[]): {
  readonly groups: readonly Group[];
  readonly placeOf: (origin: Origin) => Place;
} {
  const groups = [...groupBy(apiServers, keyOf)].map(
    ([key, origins]): Group => ({ key, name: nameOf(origins), origins }),
  );
  const index: Index = {
    groups,
    byKey: new Map(groups.map((group) => [group.key, group])),
    byName: groupsBy(groups, ({ cluster }) => (cluster.known ? cluster.value : undefined)),
    byScope: groupsBy(groups, ({ scope }) => scope),
    nameless: groups.filter(({ origins }) => origins.some(({ cluster }) => !cluster.known)),
  };
  return { groups, placeOf: (origin) => placeOf(origin, index) };
}

type Index = {
  readonly groups: readonly Group[];
  readonly byKey: ReadonlyMap<string, Group>;
  readonly byName: ReadonlyMap<string, readonly Group[]>;
  readonly byScope: ReadonlyMap<string, readonly Group[]>;
  /** Those whose written name is not known: it could be any. */
  readonly nameless: readonly Group[];
};

function groupsBy(
  groups: readonly Group[],
  keyIn: (origin: Origin) => string | undefined,
): ReadonlyMap<string, readonly Group[]> {
  const found = new Map<string, Group[]>();
  for (const group of groups) {
    for (const key of new Set(group.origins.map(keyIn))) {
      if (key !== undefined) found.set(key, [...(found.get(key) ?? []), group]);
    }
  }
  return found;
}

function keyOf({ owner, cluster, scope, holder }: Origin): string {
  if (owner !== undefined) return `owner:${owner.id}`;
  if (!cluster.known) return `unknown:${holder}`;
  return cluster.value === undefined ? `scope:${scope}` : `name:${cluster.value}`;
}

function nameOf(origins: readonly Origin[]): string | undefined {
  for (const { cluster } of origins) {
    if (cluster.known && cluster.value !== undefined) return cluster.value;
  }
  return origins[0]?.owner?.name;
}

function placeOf(origin: Origin, index: Index): Place {
  const { owner, cluster, scope } = origin;
  // Whatever name it has: what is above, or in, one object with a kube-apiserver.
  const isBound = owner !== undefined || !cluster.known;
  const own = isBound ? index.byKey.get(keyOf(origin)) : undefined;
  if (own) return { in: "group", group: own };
  if (!cluster.known) return { in: "doubt", groups: index.groups, missing: cluster.missing };
  const name = cluster.value;
  if (name !== undefined || owner !== undefined) {
    const named = name === undefined ? [] : (index.byName.get(name) ?? []);
    const candidates = [...new Set([...named, ...index.nameless])];
    if (candidates.length === 0) return { in: "elsewhere", cluster: name };
    return named.length > 0 ? only(candidates) : doubtful(candidates);
  }
  const candidates = index.byScope.get(scope) ?? index.groups;
  return candidates.length === 0 ? { in: "elsewhere", cluster: undefined } : only(candidates);
}

/** Groups whose names are not known: that there is one alone does not say that it has the right one. */
function doubtful(groups: readonly Group[]): Place {
  const [missing] = groups.flatMap(({ origins }) =>
    origins.flatMap(({ cluster }) => (cluster.known ? [] : [cluster.missing])),
  );
  return { in: "doubt", groups, ...(missing !== undefined && { missing }) };
}

function only(groups: readonly Group[]): Place {
  const [group] = groups;
  return group !== undefined && groups.length === 1
    ? { in: "group", group }
    : { in: "doubt", groups };
}
