/** Lists, Nodes, RBAC, and the kinds in which nothing can decide. */

import type { NodeAddress } from "../words/facts.ts";
import { type NodeAddressType, nodeAddressTypes } from "../words/vocabulary.ts";
import type { GivenObject, ObjectFormat } from "./format.ts";
import { titleOf, unread } from "./origins.ts";
import { readRbac } from "./rbac.ts";
import { asList, asObject, asText, textMap, valueAt } from "./yaml.ts";

/** `kubectl get -o yaml`, and what an API server answers: the items of a `PodList` carry no kind of their own. */
export const list: ObjectFormat = {
  name: "List",
  about: "`List`, `ConfigMapList` and the like: each item as an object of its own",
  recognises: ({ kind, items }) =>
    (asText(kind)?.endsWith("List") ?? false) && Array.isArray(items),
  read: (object, origin, lineOf) => {
    const kind = asText(object.kind)?.replace(/List$/, "") ?? "";
    return {
      pieces: [],
      inner: asList(object.items).map((item, index): GivenObject => {
        const own = asObject(item);
        const whole =
          own && own.kind === undefined && kind !== ""
            ? { apiVersion: object.apiVersion ?? "v1", kind, ...own }
            : item;
        const title = asObject(whole);
        return {
          object: whole,
          origin: { ...origin, holder: `${origin.holder}#${title ? titleOf(title) : index}` },
          lineOf: (path) => lineOf(["items", index, ...path]),
        };
      }),
    };
  },
};

export const node: ObjectFormat = {
  name: "Node",
  about: "name, `status.addresses`, version and port of its kubelet",
  recognises: ({ kind, apiVersion }) =>
    kind === "Node" && (apiVersion === undefined || apiVersion === "v1"),
  read: (object, origin) => {
    const name = asText(asObject(object.metadata)?.name);
    const addresses = asList(asObject(object.status)?.addresses).flatMap((entry): NodeAddress[] => {
      const { type, address } = asObject(entry) ?? {};
      return isAddressType(type) && typeof address === "string" ? [{ type, address }] : [];
    });
    const port = valueAt(object, ["status", "daemonEndpoints", "kubeletEndpoint", "Port"]);
    const version = asText(valueAt(object, ["status", "nodeInfo", "kubeletVersion"]));
    const piece = {
      kind: "node" as const,
      origin,
      addresses,
      labels: textMap(asObject(object.metadata)?.labels),
      ...(typeof port === "number" && { port }),
      ...(version !== undefined && { version: version.replace(/^v/, "") }),
    };
    return { pieces: name === undefined ? [] : [{ ...piece, name }], inner: [] };
  },
};

function isAddressType(type: unknown): type is NodeAddressType {
  return (nodeAddressTypes as readonly unknown[]).includes(type);
}

export const rbac: ObjectFormat = {
  name: "ClusterRole, ClusterRoleBinding",
  about: "who may call kubelets, and who may approve their requests for certificates",
  recognises: ({ kind, apiVersion }) =>
    (kind === "ClusterRole" || kind === "ClusterRoleBinding") &&
    (asText(apiVersion)?.startsWith("rbac.authorization.k8s.io/") ?? true),
  read: (object, origin) => {
    const { rbac: facts, problems } = readRbac(object, origin.source);
    const found = facts.roles.length + facts.bindings.length > 0;
    return {
      pieces: [
        ...(found ? [{ kind: "rbac" as const, origin, rbac: facts }] : []),
        ...problems.map(({ message }) =>
          unread(origin, `${origin.source.where}: ${message}`, false),
        ),
      ],
      inner: [],
    };
  },
};

/** Roles grant what is in their namespace; of approving, where they speak of it, nothing. */
export const role: ObjectFormat = {
  name: "Role",
  about: "whether it speaks of approving requests for certificates, which no Role can grant",
  recognises: ({ kind, rules }) =>
    kind === "Role" &&
    asList(rules).some((rule) => {
      const { apiGroups, resources } = asObject(rule) ?? {};
      return (
        asList(apiGroups).includes("certificates.k8s.io") &&
        asList(resources).some((one) =>
          /^(signers|certificatesigningrequests\/approval)$/.test(String(one)),
        )
      );
    }),
  read: (_, origin) => ({ pieces: [{ kind: "role", origin }], inner: [] }),
};

/** ServiceAccounts matter where they keep their token from pods. */
export const serviceAccount: ObjectFormat = {
  name: "ServiceAccount",
  about: "`automountServiceAccountToken: false`, with which approvers have no token",
  recognises: ({ kind, automountServiceAccountToken: mounts }) =>
    kind === "ServiceAccount" && mounts === false,
  read: ({ metadata }, origin) => {
    const { name, namespace } = asObject(metadata) ?? {};
    const account = `${asText(namespace) ?? "default"}/${asText(name) ?? ""}`;
    return { pieces: [{ kind: "account", origin, account }], inner: [] };
  },
};

/** Kinds of Kubernetes itself, and of those around it, that carry no setting of a kubelet or kube-apiserver. */
const plainKinds = new Set(
  `Namespace Service ServiceAccount Endpoints EndpointSlice Role RoleBinding CustomResourceDefinition PrometheusRule
  NetworkPolicy PriorityClass StorageClass VolumeSnapshotClass CSIDriver CSINode CSIStorageCapacity PersistentVolume PersistentVolumeClaim Ingress IngressClass Lease
  Event PodDisruptionBudget HorizontalPodAutoscaler APIService ResourceQuota LimitRange
  RuntimeClass FlowSchema PriorityLevelConfiguration ComponentStatus Certificate CertificateRequest Issuer
  ClusterIssuer MutatingWebhookConfiguration ValidatingWebhookConfiguration GitRepository HelmRepository
  OCIRepository AppProject Machine MachineSet MachineHealthCheck VolumeAttachment ControllerRevision
  MachineConfigPool MachineConfigNode MachineOSConfig MachineOSBuild ContainerRuntimeConfig PinnedImageSet`.split(
    /\s+/,
  ),
);

export const plain: ObjectFormat = {
  name: "kinds that decide nothing",
  about: `nothing in them is looked for: ${[...plainKinds].sort().join(", ")}`,
  recognises: ({ kind }) => plainKinds.has(asText(kind) ?? ""),
  read: () => ({ pieces: [], inner: [] }),
};
