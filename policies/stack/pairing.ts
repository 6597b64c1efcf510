/**
 * Which kubelet belongs to which kube-apiserver: by the Cluster component above them, else by the label
 * `kubelet-trust/cluster`, else by Kubernetes provider and namespace, else to the only one in the stack. Two clusters
 * never mix: what could belong to several belongs to none.
 */
import { groupBy } from "../../trust/words/group-by.ts";
import type { Evidence, Found, FoundApiServer, Membership } from "../evidence/index.ts";
import { type Resource, text } from "./resource.ts";

/** The kube-apiservers of one cluster in the stack. */
export type Group = {
  /** Tells clusters apart. */
  readonly key: string;
  /** For people, and for waivers and configuration. */
  readonly name: string | undefined;
  readonly apiServers: readonly FoundApiServer[];
};

/** Where something belongs: to a group, to an apiserver elsewhere, or to nobody knows which. */
export type Place =
  | { readonly in: "group"; readonly group: Group }
  | { readonly in: "elsewhere"; readonly cluster: string | undefined }
  | { readonly in: "doubt"; readonly groups: readonly Group[] };

/** Finds the place of anything that was found. */
export type Pairing = {
  readonly groups: readonly Group[];
  readonly placeOf: (found: Pick<Found, "membership">) => Place;
};

/** Groups the kube-apiservers of a stack. */
export function pair(
  evidence: Evidence,
  stackByUrn: (urn: string) => Resource | undefined,
): Pairing {
  const groups = [...groupBy(evidence.apiServers, ({ membership }) => keyOf(membership))].map(
    ([key, apiServers]): Group => {
      const name = nameOf(apiServers[0]?.membership, stackByUrn);
      return { key, name, apiServers };
    },
  );
  return { groups, placeOf: ({ membership }) => placeOf(membership, groups) };
}

function keyOf({ component, label, provider, namespace }: Membership): string {
  if (component !== undefined) return `component:${component}`;
  return label === undefined ? `provider:${provider} ${namespace}` : `label:${label}`;
}

function nameOf(
  membership: Membership | undefined,
  stackByUrn: (urn: string) => Resource | undefined,
): string | undefined {
  const component = stackByUrn(membership?.component ?? "");
  return membership?.label ?? (component && (text(component, "clusterName") ?? component.name));
}

function placeOf(membership: Membership, groups: readonly Group[]): Place {
  const { component, label, provider, namespace } = membership;
  if (component !== undefined) {
    const own = groups.find(({ key }) => key === `component:${component}`);
    if (own) return { in: "group", group: own };
  }
  if (label !== undefined || component !== undefined) {
    const named = groups.filter(
      ({ apiServers }) =>
        label !== undefined && apiServers.some((one) => one.membership.label === label),
    );
    if (named.length === 0) return { in: "elsewhere", cluster: label };
    return only(named);
  }
  const beside = groups.filter(({ apiServers }) =>
    apiServers.some((one) => one.membership.provider === provider),
  );
  const closest = beside.filter(({ apiServers }) =>
    apiServers.some((one) => one.membership.namespace === namespace),
  );
  const candidates = [closest, beside, groups].find((some) => some.length > 0);
  return candidates === undefined ? { in: "elsewhere", cluster: undefined } : only(candidates);
}

function only(groups: readonly Group[]): Place {
  const [group] = groups;
  return group !== undefined && groups.length === 1
    ? { in: "group", group }
    : { in: "doubt", groups };
}
